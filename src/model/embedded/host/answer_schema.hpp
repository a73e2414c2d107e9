// JSON Schemas as grammars that an answer is held to.
//
// Schemas come from whoever talks to the program that asks, and llama.cpp's converter and grammars were not made for
// hostile ones: sizes, depths, repetitions and patterns are bounded before they see one.
#pragma once

#include <ec/core/result.hpp>
#include <ec/model/chat.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace ec::model::embedded {

/// `invalid_argument` with what is wrong with it, or beyond what is taken. Pure.
Status check_schema(std::string_view schema);

/// GBNF with the rule `root`. `invalid_argument` also for what llama.cpp cannot turn into one.
Result<std::string> schema_grammar(std::string_view schema);

/// Of {"name": …, "arguments": {…}} for one of these tools.
Result<std::string> call_grammar(const std::vector<ToolSpec>& tools);

}  // namespace ec::model::embedded
