// Makes a long conversation shorter without losing what was said or decided.
//
// Kept always: system messages and every word of the user, the order of messages, and the pairing of calls with their
// results. Given up, in this order and oldest first, until the budget holds: the bulk of old tool results (a stub stays
// that says what it was and how to get it again, with its first line: a verdict such as "3 failed, 12 passed"); code
// and long arguments in what the assistant wrote long ago (its words, plans and the paths of its edits stay); old calls
// that only looked at something, with their stubs; at last the middle of the newest tool results.
//
// A pure function: equal inputs give equal bytes. A compacted conversation has a new prefix, so compact rarely and to
// well below the limit: the model evaluates the rest anew.
#pragma once

#include <cstddef>
#include <ec/model/chat.hpp>
#include <set>
#include <string>
#include <vector>

namespace ec::agent {

struct CompactionLimits {
    std::size_t tokens = 8192;  ///< by model::estimate_tokens
    std::size_t newest = 6;     ///< messages at the end that are touched last
    /// Tools that change nothing and decide nothing: their old calls may vanish once their results are stubs.
    std::set<std::string, std::less<>> looking = {"read", "search", "list", "map", "log", "diff", "blame"};
};

struct Compacted {
    std::vector<model::Message> messages;
    std::size_t tokens = 0;  ///< estimated, of `messages`
    bool fits = false;       ///< false when what is always kept is more than the budget
};

/// Gives the conversation back unchanged when it is within the budget.
Compacted compact(std::vector<model::Message> messages, const CompactionLimits& limits);

}  // namespace ec::agent
