// Helpers of the operators that work on whole statements.
#pragma once

#include <string>
#include <vector>

#include "mutation/site.hpp"

namespace ec::repair::mutation {

/// `{}` as the body of a branch, a loop or a function.
bool empty_block(const View& view, Id id);
/// A whole line or lines of a block, so that lines can be put around it, or an empty block.
bool insertable(const View& view, Id statement);
bool last_in_block(const View& view, Id statement);
/// Ends the block it stands in: return, raise, break, continue.
bool jump(const View& view, Id statement);
/// Everything that `statement` reads is visible where the site's statement begins, also what it writes to.
bool names_usable(const Site& site, Id statement);
/// The statements of its block, and its place among them; the place is size() when it stands in none.
std::vector<Id> siblings(const View& view, Id statement);
std::size_t place_among(const std::vector<Id>& statements, Id statement);
/// The text of whole lines of a statement with another indentation; empty when it cannot be moved safely.
std::string reindented(const View& view, Id statement, const std::string& indent);

/// "if c:" + "\tdo" in the spelling of the file; `then` lines are one level deeper.
std::vector<std::string> if_lines(const View& view, const std::string& condition, const std::string& then);
/// "return x" with the file's terminator.
std::string simple(const View& view, const std::string& text);

/// Puts a line before the site's statement and, where the block ends with it, behind it too.
void insert_around(const Site& site, Sink& sink, Op op, const std::string& text, double weight, const std::string& why);
/// `name` counted up or down by one, in the spelling of the language.
std::string counted(const View& view, const std::string& name, int by);
/// The name occurs below `root`; false for kNone.
bool read_in(const View& view, std::string_view name, Id root);

/// Local variables with a value at the statement, parameters too; neither outer ones nor functions.
std::vector<const Variable*> locals(const Site& site);
/// The statement is the first that its function does.
bool first_of_function(const Site& site);

/// What the function gives back elsewhere and what fits that, best first: candidates for a missing return.
std::vector<Fragment> return_values(const Site& site);

}  // namespace ec::repair::mutation
