// What comes from the executor and what goes to it: specs in, records out, and the one way out when the set-up fails.
#pragma once

#include <cerrno>
#include <ec/box/protocol.hpp>
#include <string_view>

namespace ec::box {

/// The spec that begins at byte `from` of the spec file.
Spec read_spec(std::uint64_t from);

/// Adds one record to the stream; gives up silently when nobody reads any more. Small ones may wait for flush_records()
/// or for more to come: every write wakes the executor.
void send_record(Tag tag, std::string_view body);
void flush_records();

/// Reports that `step` failed with `error` (an errno value) and ends the process, and with pid 1 the whole sandbox.
[[noreturn]] void die(std::string_view step, int error, std::string_view detail = {});

/// die() with the current errno when `ok` is false.
inline void require(bool ok, std::string_view step, std::string_view detail = {}) {
    if (!ok) die(step, errno, detail);
}

}  // namespace ec::box
