// Assertions that a model writes about functions: what asks for them, and how they are read out of its answer.
//
// They come as plain lines, one assertion each, because small models write code worse inside JSON. Pure functions;
// hostile text gives fewer lines.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agreement_run.hpp"

namespace ec::agent {

/// To be put behind the task in the words of the person, so that everything before it stays as the model knows it.
std::string assertion_request(AssertionLanguage language, const std::vector<std::string>& names);

/// The lines that assert something about one of `names`, in order and at most `most`; a fence or list marks around them
/// are taken off. Of an assertion over several lines nothing is taken.
std::vector<std::string> assertions_in(std::string_view reply, const std::vector<std::string>& names, std::size_t most);

/// Names of the functions and classes of `after` whose text is not the one they have in `before`, sorted. The text of a
/// definition reaches to the next one.
std::vector<std::string> changed_definitions(std::string_view before, std::string_view after);

}  // namespace ec::agent
