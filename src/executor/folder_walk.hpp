// Looking at folders that a hostile program filled: by descriptor, no link followed, nothing waited for.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <ec/core/fd.hpp>
#include <string>
#include <vector>

namespace ec::executor {

/// The names in an open folder, sorted, at most `most`.
std::vector<std::string> names_in(int dir, std::size_t most = 200'000);
UniqueFd open_folder(int dir, const std::string& name);
/// A regular file of at most `most` bytes; anything else is not opened.
UniqueFd open_regular(int dir, const std::string& name, std::uint64_t most);
std::string read_to_end(int fd, std::uint64_t most);
/// Adds permission bits to a file or folder that nobody else can replace any more; no harm done when it cannot be.
void add_mode(int dir, const std::string& name, mode_t bits);
/// Removes `name` and all below it, however deep, whatever its modes.
void remove_hostile_tree(int dir, const std::string& name);

}  // namespace ec::executor
