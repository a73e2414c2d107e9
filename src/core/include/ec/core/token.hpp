// Tokens: secrets made from the kernel's randomness, compared without telling by time how much was right, kept in files
// that only their owner may read.
#pragma once

#include <ec/core/result.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace ec {

/// 256 random bits as 64 hexadecimal digits. Fails with `unavailable` where the kernel gives none.
Result<std::string> random_token();

/// The time it takes depends on the length of `given` only.
bool same_secret(std::string_view given, std::string_view kept);

/// The token in `file`, made there (mode 0600, its folder 0700) when there is none. Several processes may ask at once
/// and get the same. Refuses (`denied`) a file that others may read or write, (`corrupt`) one with no token in it.
/// A new one is drawn until it `fits`, where that is asked for.
Result<std::string> keep_token(const std::filesystem::path& file,
                               const std::function<bool(std::string_view token)>& fits = {});

}  // namespace ec
