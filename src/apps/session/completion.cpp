#include "completion.hpp"

#include <algorithm>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <utility>

#include "commands.hpp"
#include "safe_text.hpp"

namespace ec::apps::session {
namespace {

constexpr std::size_t kMostCandidates = 200;
// A folder is not read further than this: Tab answers at once.
constexpr int kMostEntries = 20'000;

std::vector<std::string> beginning_with(const std::vector<std::string>& all, std::string_view prefix) {
    std::vector<std::string> out;
    for (const std::string& each : all) {
        if (each.starts_with(prefix) && out.size() < kMostCandidates) out.push_back(each);
    }
    return out;
}

std::vector<std::string> command_names(std::string_view prefix) {
    std::vector<std::string> names;
    for (const CommandHelp& each : command_table()) names.emplace_back(each.name);
    return beginning_with(names, prefix);
}

std::vector<std::string> paths(const std::filesystem::path& workspace, std::string_view word) {
    const std::size_t slash = word.rfind('/');
    const std::string folder(slash == std::string_view::npos ? std::string_view() : word.substr(0, slash + 1));
    const std::string_view name = word.substr(folder.size());
    if (!folder.empty() && !is_inside_relative(folder.substr(0, folder.size() - 1))) return {};
    std::vector<std::string> out;
    std::error_code error;
    std::filesystem::directory_iterator entries(workspace / folder, error);
    for (int count = 0; !error && entries != std::filesystem::directory_iterator() && count < kMostEntries;
         entries.increment(error), ++count) {
        const std::string found = entries->path().filename().string();
        if (!found.starts_with(name) || (found.front() == '.' && name.empty()) || safe_line(found) != found) continue;
        std::error_code ignored;
        out.push_back(folder + found + (entries->is_directory(ignored) ? "/" : ""));
    }
    std::sort(out.begin(), out.end());
    if (out.size() > kMostCandidates) out.resize(kMostCandidates);
    return out;
}

}  // namespace

Completer session_completer(std::filesystem::path workspace, std::function<std::vector<std::string>()> models) {
    return [workspace = std::move(workspace), models = std::move(models)](std::string_view before) -> Completions {
        if (before.starts_with('/') && before.find_first_of(" \n") == std::string_view::npos)
            return {0, command_names(before)};
        const std::size_t blank = before.find_last_of(" \t\n");
        std::size_t begin = blank == std::string_view::npos ? 0 : blank + 1;
        if (before.starts_with("/model ") && models) return {begin, beginning_with(models(), before.substr(begin))};
        if (before.starts_with("/plan ")) return {begin, beginning_with({"off", "on", "show"}, before.substr(begin))};
        if (begin < before.size() && (before[begin] == '@' || before[begin] == '!')) ++begin;
        return {begin, paths(workspace, before.substr(begin))};
    };
}

}  // namespace ec::apps::session
