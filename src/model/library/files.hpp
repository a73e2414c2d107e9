// Files of the library: hashed, locked, checked against the disk's room.
#pragma once

#include <cstdint>
#include <ec/core/fd.hpp>
#include <ec/core/result.hpp>
#include <ec/core/waiter.hpp>
#include <ec/model/library.hpp>
#include <filesystem>
#include <stop_token>
#include <string_view>

namespace ec::model::library {

/// Bytes that this process may still write there; the largest number where the system does not say.
std::uint64_t free_space(const std::filesystem::path& folder);
/// `io` with a clear sentence where `needed` bytes do not fit.
Status check_space(const std::filesystem::path& folder, std::uint64_t needed);
/// Writes all of it; the sentence for a full disk, a quota or a limit on files is a clear one.
Status write_bytes(int fd, std::string_view bytes, const std::filesystem::path& folder);
/// Makes names in it survive a crash.
Status sync_folder(const std::filesystem::path& folder);

/// Feeds the first `size` bytes from the beginning of `fd` to `hash`; `corrupt` when there are fewer.
Status hash_bytes(int fd, std::uint64_t size, crypto::Sha256& hash, const OnPullProgress& progress,
                  const std::stop_token& stop);
/// Of a whole regular file; links are not followed.
Result<crypto::Sha256Digest> hash_file(const std::filesystem::path& file, const OnPullProgress& progress,
                                       const std::stop_token& stop);

/// An exclusive lock between processes, given up on destruction. Waits at most `patience`.
Result<UniqueFd> lock_file(const std::filesystem::path& file, Waiter& waiter, std::chrono::milliseconds patience,
                           const OnPullProgress& progress, const std::stop_token& stop);

}  // namespace ec::model::library
