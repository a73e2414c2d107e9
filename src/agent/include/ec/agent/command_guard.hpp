// What a command could lose, before it runs.
//
// Commands run in the sandbox, on a copy-on-write workspace, without network: what they destroy is destroyed only when
// it is carried over into the real workspace. Files of the workspace are in checkpoints, so a snapshot taken first
// makes any loss of them good. What checkpoints do not hold cannot be made good, and is refused: the repository's own
// store
// (`.git`), history elsewhere, and whatever lies outside the workspace.
//
// | verdict        | what                                                                                            |
// |----------------|-------------------------------------------------------------------------------------------------|
// | harmless       | programs known to read only, with arguments that keep them so: ls, cat, grep, git status/log … |
// | snapshot_first | all that may change files: rm, mv, cp, sed -i, dd, truncate, shred, tee, find -delete, chmod,    |
// |                | `>`; git checkout, restore, reset, clean, stash, rebase, merge, switch …; every program, git     |
// |                | subcommand or line that is not known, or cannot be read | | refuse         | what a snapshot
// cannot give back: git push --force/--mirror/--delete, branch -D, tag -d, stash   | |                | drop/clear,
// reflog expire/delete, gc, prune, repack, filter-branch, filter-repo, update-ref,     | |                |
// symbolic-ref, replace, worktree remove, config; destroying `.git` or anything outside;           | |                |
// `git -c` and GIT_… settings, which make git run other programs; sudo and the like; a command      | | | hidden more
// than a few shells deep                                                               |
//
// A line's verdict is the worst of its commands', looked for through env, xargs, find -exec, sh -c, eval, `$(…)` and
// the like. This is a second fence, not the first: a program that is not known may do anything, and the sandbox and the
// guarded paths (ec/executor/apply.hpp) are what holds it. Whether a person wants a command at all is asked elsewhere.
//
// Pure functions; safe from any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ec::agent {

enum class GuardAnswer { harmless, snapshot_first, refuse };
std::string_view name(GuardAnswer answer);

struct GuardVerdict {
    GuardAnswer answer = GuardAnswer::snapshot_first;
    std::string why;  ///< one sentence for a person; names the command
};

/// A program with its arguments, run without a shell. `workspace` is its absolute path, so that names below it are told
/// from those outside; empty: every absolute name but those in /tmp counts as outside.
GuardVerdict guard_command(std::span<const std::string> argv, std::string_view workspace = {});

/// A line for sh. At most 64 KiB; more cannot be read.
GuardVerdict guard_shell_line(std::string_view line, std::string_view workspace = {});

}  // namespace ec::agent
