#include <algorithm>
#include <ec/agent/secret_files.hpp>
#include <ec/agent/withhold.hpp>
#include <ec/core/fs.hpp>
#include <filesystem>
#include <set>

#include "context/values_in.hpp"

namespace ec::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostEntries = 200'000;
constexpr std::size_t kMostFiles = 20'000;
constexpr std::size_t kMostValues = 2'000;
constexpr std::size_t kMostValueBytes = 128 << 10;
constexpr std::uint64_t kFileBytes = 64 << 10;

void add_below(const fs::path& root, const fs::path& folder, bool all, std::set<std::string>& paths) {
    std::error_code error;
    std::size_t entries = 0;
    fs::recursive_directory_iterator walk(folder, fs::directory_options::skip_permission_denied, error);
    for (; !error && walk != fs::recursive_directory_iterator(); walk.increment(error)) {
        if (++entries > kMostEntries || paths.size() >= kMostFiles) return;
        std::error_code ignored;
        if (walk->is_directory(ignored) && !walk->is_symlink(ignored)) {
            if (walk->path().filename() == ".git") walk.disable_recursion_pending();
            continue;
        }
        if (walk->is_symlink(ignored) || !walk->is_regular_file(ignored)) continue;
        std::string path = walk->path().lexically_relative(root).generic_string();
        if (all || withheld_by_name(path)) paths.insert(std::move(path));
    }
}

/// What the files named by their secrets hold, small ones first: there every line counts, and a bundle of certificates
/// must not use up what can be remembered.
SecretValues values_of(const fs::path& root, const std::set<std::string>& paths) {
    std::vector<std::pair<std::string, std::string>> texts;
    for (const std::string& path : paths) {
        if (!withheld_by_name(path)) continue;
        if (auto text = read_file(root / path, kFileBytes)) texts.emplace_back(path, *std::move(text));
    }
    std::ranges::stable_sort(texts, {}, [](const auto& one) { return one.second.size(); });
    std::set<std::string> values;
    std::size_t bytes = 0;
    for (const auto& [path, text] : texts) {
        for (std::string& value : values_in(path, text)) {
            if (values.size() == kMostValues || bytes + value.size() > kMostValueBytes) continue;
            const std::size_t size = value.size();
            if (values.insert(std::move(value)).second) bytes += size;
        }
    }
    return SecretValues(std::vector<std::string>(values.begin(), values.end()));
}

}  // namespace

SecretFiles find_secret_files(const WorkspaceFiles& files) {
    std::set<std::string> paths;
    add_below(files.root(), files.root(), false, paths);
    for (const Withheld& withheld : files.withheld()) {
        const fs::path place = files.root() / withheld.path;
        std::error_code error;
        if (fs::is_directory(fs::symlink_status(place, error))) {
            add_below(files.root(), place, true, paths);
        } else if (fs::is_regular_file(fs::symlink_status(place, error))) {
            paths.insert(withheld.path);
        }
    }
    return {{paths.begin(), paths.end()}, values_of(files.root(), paths)};
}

}  // namespace ec::agent
