// The table for git's subcommands.
#pragma once

#include <ec/agent/command_guard.hpp>
#include <span>
#include <string>

#include "command_words.hpp"

namespace ec::agent {

/// `words` begins behind `git`.
GuardVerdict judge_git(std::span<const CommandWord> words, std::string_view workspace);

/// True for a name outside the workspace, or in a `.git`: no checkpoint has it.
bool is_out_of_reach(const CommandWord& word, std::string_view workspace);

}  // namespace ec::agent
