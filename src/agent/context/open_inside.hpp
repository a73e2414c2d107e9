// Reading below a folder without following a link, whatever is swapped meanwhile.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <filesystem>
#include <string>

namespace ec::agent {

/// The content of the regular file `relative` below `root`; every part of the way is opened as it is, a link is
/// `denied`. `not_found`, `too_large` above `limit` bytes.
Result<std::string> read_inside(const std::filesystem::path& root, const std::string& relative, std::uint64_t limit);

}  // namespace ec::agent
