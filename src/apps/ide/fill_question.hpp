// A gap to fill, as a question to a model: asked until the completion is at its end, and cut there.
#pragma once

#include <chrono>
#include <ec/model/chat.hpp>
#include <optional>
#include <stop_token>

#include "autocomplete.hpp"

namespace ec::apps::ide {

struct FillQuestion {
    model::TextRequest request;
    Extent extent = Extent::raw;
    std::optional<std::size_t> indent;
    std::chrono::milliseconds predict_time{0};  ///< from the first word on, once a line is there; 0: no limit
    bool only_read = false;                     ///< nothing is wanted but that the model has read the prompt
};

Result<model::ChatReply> fill(model::ChatModel& model, const FillQuestion& question, const std::stop_token& stop);

}  // namespace ec::apps::ide
