// A remote model under the daily cap: what an answer may cost is reserved before anything is sent, and settled with
// what it did cost. The cap is that of reviewers, `max_spend_per_day` in [review] of config.toml.
#pragma once

#include <ec/agent/review_queue.hpp>
#include <ec/agent/reviewer.hpp>
#include <ec/model/chat.hpp>
#include <memory>

namespace ec::apps {

/// `price` unknown: nothing can be capped, and every answer carries a warning that says so.
std::unique_ptr<model::ChatModel> make_metered_model(std::unique_ptr<model::ChatModel> model, agent::ReviewQueue queue,
                                                     std::optional<agent::Price> price, agent::Budget budget);

}  // namespace ec::apps
