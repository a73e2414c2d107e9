// The words that begin with a slash.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ec::apps::session {

enum class Command { help, model, plan, test, diff, undo, redo, review, cost, clear, resume, quit };

struct CommandHelp {
    Command command;
    std::string_view name;   ///< "/model"
    std::string_view words;  ///< "[NAME]"
    std::string_view says;
};
/// All of them, in the order of /help.
const std::vector<CommandHelp>& command_table();

/// What a line asks for.
struct TypedLine {
    enum class Kind { empty, task, command, shell, unknown };
    Kind kind = Kind::empty;
    Command command = Command::help;
    std::string rest;        ///< the words after the command, the shell line, or the whole task
    std::string suggestion;  ///< unknown: the closest command; may be empty
};
/// "/name words" is a command (also shortened, where only one begins so), "!line" runs in the sandbox, "//…" is a task
/// that begins with a slash, and so is a path ("/etc/hosts is wrong").
TypedLine read_line(std::string_view line);

}  // namespace ec::apps::session
