// The profile that /usr/bin/sandbox-exec puts on a program: everything denied, then what it needs allowed by name.
// Pure text, made and tested on every system; only macOS gives it a meaning.
#pragma once

#include <ec/core/result.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace ec::executor {

struct SeatbeltPolicy {
    std::vector<std::string> read_only;  ///< real paths beside the system's own that may be read and run
    std::vector<std::string> writable;   ///< real paths that may be written as well: the copy, the private folder
};

/// `text` as a string literal of the profile language. Fails with `invalid_argument` on control characters and on what
/// is not UTF-8: what the profile's reader makes of those is not written down anywhere.
Result<std::string> seatbelt_literal(std::string_view text);

/// Fails with `invalid_argument` on a path that is not absolute and in its shortest spelling, or is "/".
Result<std::string> seatbelt_profile(const SeatbeltPolicy& policy);

}  // namespace ec::executor
