#include <algorithm>
#include <ec/agent/secret_files.hpp>
#include <ec/agent/withhold.hpp>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <filesystem>
#include <set>

namespace ec::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostEntries = 200'000;
constexpr std::size_t kMostFiles = 20'000;
constexpr std::size_t kMostValues = 2'000;
constexpr std::size_t kShortest = 6;  // what is shorter stands in ordinary text too
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

/// The right side of NAME=VALUE and NAME: VALUE, without its quotes.
void add_values(std::string_view text, std::set<std::string>& values) {
    for (std::string_view line : split_lines(text)) {
        const auto at = line.find_first_of("=:");
        std::string_view value = trim(at == std::string_view::npos ? line : line.substr(at + 1));
        while (!value.empty() && (value.front() == '"' || value.front() == '\'')) value.remove_prefix(1);
        while (!value.empty() && (value.back() == '"' || value.back() == '\'' || value.back() == ','))
            value.remove_suffix(1);
        if (value.size() >= kShortest && values.size() < kMostValues) values.insert(std::string(value));
    }
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
    std::set<std::string> values;
    for (const std::string& path : paths) {
        if (!withheld_by_name(path)) continue;
        if (const auto text = read_file(files.root() / path, kFileBytes)) add_values(*text, values);
    }
    SecretFiles found{{paths.begin(), paths.end()}, {values.begin(), values.end()}};
    std::ranges::sort(found.values, [](const std::string& a, const std::string& b) {
        return a.size() != b.size() ? a.size() > b.size() : a < b;
    });
    return found;
}

}  // namespace ec::agent
