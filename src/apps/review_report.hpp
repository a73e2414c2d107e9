// How reviews are told: as JSON for programs, as text for people.
#pragma once

#include <ec/agent/review_queue.hpp>
#include <ec/json/json.hpp>
#include <iosfwd>
#include <string>
#include <string_view>

namespace ec::apps {

/// Everything about an item but its key; the texts on request.
json::Object review_json(const agent::ReviewItem& item, bool with_texts);
/// "  3  answered  model_limit  big    Fix the parser": one line for a list.
std::string review_line(const agent::ReviewItem& item);
/// Two or three lines about an item for a person.
std::string review_head(const agent::ReviewItem& item);
/// Text of many lines made safe for a terminal.
std::string printable_text(std::string_view text);

}  // namespace ec::apps
