// A text with a gap as the prompt that a model was trained to fill: by the tokens that its file names, else by the
// words of its family.
#pragma once

#include <ec/core/result.hpp>
#include <ec/model/chat.hpp>
#include <optional>
#include <string>

#include "chat_format.hpp"
#include "fim/fim.hpp"
#include "loaded_model.hpp"

namespace ec::model::embedded {

class GapFormat {
public:
    /// `file` is the path of the model, whose name may tell the family.
    GapFormat(const LoadedModel& model, const std::string& file);

    [[nodiscard]] bool fills() const { return form_.has_value(); }
    /// A prompt of at most about `bytes`. `unavailable` for a model that fills no gaps.
    Result<Rendered> render(const TextRequest& request, std::size_t bytes) const;

private:
    std::optional<fim::Template> form_;
};

}  // namespace ec::model::embedded
