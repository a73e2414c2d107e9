// A model in memory with the context it is evaluated in. One thread at a time; Controls may be touched by another.
#pragma once

#include <ggml-cpu.h>
#include <llama.h>

#include <cstdint>
#include <ec/core/result.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "controls.hpp"
#include "embedded/protocol.hpp"
#include "gguf_facts.hpp"
#include "llama_handles.hpp"

namespace ec::model::embedded {

using Tokens = std::vector<llama_token>;

/// How many sequences the cache can tell apart.
inline constexpr llama_seq_id kSequences = 16;
/// Tokens whose logits one batch may ask for.
inline constexpr int kMostOutputs = 64;

/// One token to evaluate.
struct Step {
    llama_token token = 0;
    llama_pos position = 0;
    llama_seq_id sequence = 0;
    bool output = false;  ///< its logits are wanted
};

enum class Evaluated { all, no_room, aborted };

class LoadedModel {
public:
    /// `not_found`, `corrupt`, `too_large`, `unavailable`; never more memory than `load` allows.
    static Result<std::unique_ptr<LoadedModel>> load(const Load& load, Controls& controls);
    ~LoadedModel();
    LoadedModel(const LoadedModel&) = delete;
    LoadedModel& operator=(const LoadedModel&) = delete;

    [[nodiscard]] const GgufFacts& facts() const { return facts_; }
    [[nodiscard]] llama_model* model() const { return model_.get(); }
    [[nodiscard]] llama_context* context() const { return context_.get(); }
    [[nodiscard]] llama_memory_t memory() const { return llama_get_memory(context_.get()); }
    [[nodiscard]] const llama_vocab* vocab() const { return llama_model_get_vocab(model_.get()); }
    [[nodiscard]] std::int64_t context_tokens() const { return llama_n_ctx(context_.get()); }
    [[nodiscard]] Controls& controls() { return controls_; }

    /// Text to tokens; control tokens are recognised in it, none are added.
    [[nodiscard]] Tokens tokenize(std::string_view text) const;
    /// The bytes of a token; those of control tokens only on request.
    [[nodiscard]] std::string piece(llama_token token, bool special) const;

    /// Evaluates at most n_batch tokens. Stops early when the controls say so. `internal` when llama.cpp fails.
    Result<Evaluated> evaluate(std::span<const Step> steps);
    /// Logits of an output of the last evaluate(), counted among its steps.
    [[nodiscard]] std::span<const float> logits(int step) const;

private:
    LoadedModel(GgufFacts facts, Controls& controls) : facts_(std::move(facts)), controls_(controls) {}
    Status open(const Load& load, const Budget& budget);
    void attach_threads(int threads);

    GgufFacts facts_;
    Controls& controls_;
    ModelHandle model_;
    ggml_threadpool* threads_ = nullptr;
    ContextHandle context_;
    llama_batch batch_{};
};

/// The context that a load asks plan_memory() for.
std::int64_t requested_context(const Load& load, const GgufFacts& facts);

/// What may be used where nobody said how much.
std::int64_t default_memory();

/// Physical cores, as far as this process may use them.
int physical_cores();

}  // namespace ec::model::embedded
