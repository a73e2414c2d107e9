// What a run could leave behind on the machine, before and after: equal snapshots mean that nothing was.
//
// Only what can be told from other work on the same machine is looked at: descendants of this process, its mounts and
// descriptors, control groups with its number, and what belongs to the payload's uid or carries the test's mark.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <string>

namespace ec::executor::testing {

struct MachineSnapshot {
    /// Kind of thing ("mount", "process", ...) -> what there is of it.
    std::map<std::string, std::set<std::string>> things;

    /// `temporary`: this test's TMPDIR; `left_out`: folders below it that the test itself fills; `mark`: part of every
    /// name that the test's attacks use.
    static MachineSnapshot take(const std::filesystem::path& temporary, const std::set<std::string>& left_out,
                                const std::string& mark);

    /// What is in `after` and not here, and the other way round, a line each; empty when nothing changed.
    [[nodiscard]] std::string difference(const MachineSnapshot& after) const;
};

/// The uid that the payload has as the host sees it.
unsigned payload_uid();

/// Waits until every process below this one but `spared` has ended, each at its pidfd; true when none is left.
bool await_descendants(const std::set<int>& spared, std::chrono::seconds deadline);

}  // namespace ec::executor::testing
