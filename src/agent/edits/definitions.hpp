// What a program text defines, and whether it is complete, as far as its lines tell in any language.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace ec::agent::edits {

/// Names after def, class, function, fn, func, struct, interface, enum, trait, and of arrow functions.
std::set<std::string> defined_names(const std::vector<std::string>& lines);

/// Whether more brackets are opened than closed outside strings and comments; what begins a comment follows from the
/// ending of `path`, and is # and // where that says nothing.
bool unbalanced(const std::vector<std::string>& lines, std::string_view path);

}  // namespace ec::agent::edits
