// Choosing among versions of a change that no test of the project tells apart: the model writes short tests for the
// functions that change, every version runs against them, and the one that agrees with most others and most tests is
// taken.
#pragma once

#include <ec/model/chat.hpp>
#include <span>
#include <string>
#include <vector>

#include "task.hpp"

namespace ec::agent {

/// Whether running versions of such a change can tell them apart: it changes a function in a language that
/// assertions can be written in.
bool can_be_compared(const Draft& draft);

struct UntestedVersion {
    const Draft* draft = nullptr;  ///< borrowed; no two are equal
    unsigned copies = 1;           ///< answers of the model that say this
};
struct UntestedChoice {
    std::size_t index = 0;
    std::string explanation;  ///< one line; empty when nothing was found out
};

/// `versions` are not empty, the model's best guess first: it is the choice when tests tell nothing. `conversation`
/// ends with the task in the words of the person. One version alone costs no call. Fails on stop, and with what the
/// model says.
Result<UntestedChoice> choose_by_agreement(Task& task, const std::vector<model::Message>& conversation,
                                           std::span<const UntestedVersion> versions);

}  // namespace ec::agent
