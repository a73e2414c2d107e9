// What of a project does not leave it in a snapshot: files of secrets, what .edgecoderignore names, and files in which
// something looks like a secret, unless a person named the file.
#pragma once

#include <ec/core/result.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ec::apps {

/// For SnapshotWish::withheld. `named` are the files that the person chose: their names and contents are looked at all
/// the same, but what only looks like a secret does not keep them back.
Result<std::function<std::string(const std::string&, std::string_view)>> secret_check(
    const std::filesystem::path& root, const std::vector<std::string>& named);

}  // namespace ec::apps
