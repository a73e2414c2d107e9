// A shell line as the commands in it, for judging, not for running: quotes are taken off, expansions are only marked.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ec::agent {

struct CommandWord {
    std::string text;
    bool expands = false;  ///< holds an unquoted `*`, `?`, `[`, `~` or a `$`: what it becomes is not known
};

struct SimpleCommand {
    std::vector<CommandWord> words;
    std::vector<CommandWord> written;  ///< targets of redirections that write
};

struct ShellLine {
    std::vector<SimpleCommand> commands;
    std::vector<std::string> nested;  ///< the text of every `$(…)`, `` `…` `` and process substitution
    bool readable = true;             ///< false: a quote or a bracket has no end
};

ShellLine read_shell_line(std::string_view line);

}  // namespace ec::agent
