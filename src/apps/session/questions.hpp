// What an agent asks a person, in words, and what the person's words mean.
#pragma once

#include <ec/agent/events.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "exchange.hpp"

namespace ec::apps::session {

/// "Go on with this plan? [a]pprove, [e]dit, [r]eject, re[d]irect".
std::string question_text(const Question& question);
/// What `edit` starts with: the plan as numbered lines and a "files:" line, the patch, or the command.
std::string editable_text(const Question& question);
/// A file name for an editor, so that it knows how to colour: "plan.md", "change.diff", "command.sh".
std::string editable_name(const Question& question);

/// The words of one answer. `edit` and `redirect` come back without text when none was given ("d" alone); nothing when
/// the words mean no answer: an approval is never guessed.
std::optional<agent::Answer> read_answer(std::string_view words);

}  // namespace ec::apps::session
