// A loaded model with what answers requests out of it, for text or for vectors. One thread.
#pragma once

#include <ec/core/result.hpp>
#include <memory>
#include <vector>

#include "chat_format.hpp"
#include "drafter.hpp"
#include "embedded/protocol.hpp"
#include "gap_format.hpp"
#include "generator.hpp"
#include "loaded_model.hpp"
#include "prefix_store.hpp"
#include "sequences.hpp"

namespace ec::model::embedded {

class ModelService {
public:
    /// As LoadedModel::load(). The backends must be loaded.
    static Result<std::unique_ptr<ModelService>> load(const Load& load, Controls& controls);

    /// Writes the last branch to the cache folder. `all`: at the end, even where little has grown.
    void save(bool all);

    [[nodiscard]] Loaded facts() const;
    /// What it takes, as planned.
    [[nodiscard]] std::int64_t bytes() const;

    Status chat(const Chat& chat, const Output& output);
    Status text(const Text& text, const Output& output);
    Result<std::vector<std::vector<float>>> embed(const Embed& embed);

private:
    std::unique_ptr<LoadedModel> model_;
    std::unique_ptr<ChatFormat> format_;
    std::unique_ptr<GapFormat> gaps_;
    std::unique_ptr<Sequences> sequences_;
    Memory memory_;
    std::unique_ptr<PrefixStore> store_;
    std::unique_ptr<Generator> generator_;
    BatchCost cost_;
    bool quantised_cache_ = false;
};

}  // namespace ec::model::embedded
