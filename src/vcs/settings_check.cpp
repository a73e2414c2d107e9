#include "settings_check.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/core/token.hpp>
#include <fstream>
#include <utility>
#include <vector>

#include "open_repository.hpp"

namespace ec::vcs {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLargestSettings = 1 << 20;
constexpr int kDeepestInclude = 10;  // as libgit2

struct Setting {
    std::string name;  // in small letters
    std::string value;
};

int collect(const git_config_entry* entry, void* settings) {
    if (entry->value != nullptr) static_cast<std::vector<Setting>*>(settings)->push_back({entry->name, entry->value});
    return 0;
}

/// Puts `mark` into every "include" of `text`, whatever the letters' case.
std::string marked(const std::string& text, std::string_view mark) {
    constexpr std::string_view kInclude = "include";
    std::string small = text;
    std::ranges::transform(small, small.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    std::string out;
    std::size_t done = 0;
    for (std::size_t at = small.find(kInclude); at != std::string::npos; at = small.find(kInclude, at + 1)) {
        const std::size_t inside = at + 1;
        out.append(text, done, inside - done).append(mark);
        done = inside;
    }
    return out.append(text, done);
}

std::string without(std::string_view text, std::string_view mark) {
    std::string out;
    for (std::size_t at = text.find(mark); at != std::string_view::npos; at = text.find(mark)) {
        out += text.substr(0, at);
        text.remove_prefix(at + mark.size());
    }
    return out.append(text);
}

/// The settings in `text` as libgit2 itself reads them, so that no way of writing a value gets past. It would open
/// what they include on the way, so it is given a copy in which nothing is called "include".
Result<std::vector<Setting>> parse(const GitLibrary& git, const std::string& text, const fs::path& file) {
    EC_ASSIGN(const TempDir folder, TempDir::create());
    EC_ASSIGN(const std::string mark, random_token());
    const fs::path copy = folder.path() / "settings";
    if (!(std::ofstream(copy, std::ios::binary) << marked(text, mark)).flush())
        return fail(ErrorCode::io, "cannot write " + copy.string());
    git_config* raw = nullptr;
    std::vector<Setting> settings;
    int error = git.git_config_new(&raw);
    const ConfigHandle config(raw);
    if (error == 0) error = git.git_config_add_file_ondisk(raw, copy.c_str(), GIT_CONFIG_LEVEL_LOCAL, nullptr, 0);
    if (error == 0) error = git.git_config_foreach(raw, collect, &settings);
    if (error != 0) return git_failure(git, "cannot read the settings in " + file.string(), ErrorCode::not_found);
    for (Setting& each : settings) each = {without(each.name, mark), without(each.value, mark)};
    return settings;
}

fs::path place_of(const std::string& value, const fs::path& folder) {
    const char* const home = std::getenv("HOME");
    return value.starts_with("~/") && home != nullptr ? fs::path(home) / value.substr(2) : folder / value;
}

bool includes(const Setting& setting) {
    return setting.name == "include.path" || setting.name.starts_with("includeif.");
}

/// Whatever its name, a value that leads to a pipe is refused.
Status check_file(const GitLibrary& git, const fs::path& file, int depth) {
    EC_TRY(refuse_special(file));
    const auto text = read_file(file, kLargestSettings);
    if (!text && text.error().code == ErrorCode::too_large) return fail(ErrorCode::denied, text.error().message);
    if (!text || depth == kDeepestInclude) return {};
    EC_ASSIGN(const std::vector<Setting> settings, parse(git, *text, file));
    for (const Setting& setting : settings) {
        if (setting.value.empty()) continue;
        const fs::path place = place_of(setting.value, file.parent_path());
        EC_TRY(refuse_special(place));
        if (includes(setting)) EC_TRY(check_file(git, place, depth + 1));
    }
    return {};
}

std::vector<fs::path> folders_of(const GitLibrary& git, git_config_level_t level) {
    git_buf list{};
    std::vector<fs::path> folders;
    if (git.git_libgit2_opts(GIT_OPT_GET_SEARCH_PATH, static_cast<int>(level), &list) == 0) {
        for (const std::string_view folder : split(std::string_view(list.ptr, list.size), GIT_PATH_LIST_SEPARATOR)) {
            if (!folder.empty()) folders.emplace_back(folder);
        }
    }
    git.git_buf_dispose(&list);
    return folders;
}

// The names that libgit2 looks for in the folders of a level.
struct Level {
    git_config_level_t level;
    const char* settings;
    std::vector<const char*> rules;
};

}  // namespace

Status check_settings(const GitLibrary& git, const fs::path& file) { return check_file(git, file, 0); }

Status check_settings_of_user(const GitLibrary& git) {
    for (const Level& each : {Level{GIT_CONFIG_LEVEL_PROGRAMDATA, "config", {}},
                              Level{GIT_CONFIG_LEVEL_SYSTEM, "gitconfig", {"gitattributes"}},
                              Level{GIT_CONFIG_LEVEL_XDG, "config", {"ignore", "attributes"}},
                              Level{GIT_CONFIG_LEVEL_GLOBAL, ".gitconfig", {}}}) {
        for (const fs::path& folder : folders_of(git, each.level)) {
            EC_TRY(check_settings(git, folder / each.settings));
            for (const char* const rules : each.rules) EC_TRY(refuse_special(folder / rules));
        }
    }
    return {};
}

Status check_named_rules(const GitLibrary& git, git_repository& repository) {
    const char* const workdir = git.git_repository_workdir(&repository);
    git_config* raw = nullptr;
    if (git.git_repository_config_snapshot(&raw, &repository) != 0) return git_failure(git, "cannot read the settings");
    const ConfigHandle config(raw);
    for (const char* const name : {"core.excludesfile", "core.attributesfile"}) {
        git_buf value{};
        // A relative one begins at the top of the working tree.
        const Status checked = git.git_config_get_path(&value, raw, name) != 0
                                   ? Status{}
                                   : refuse_special(fs::path(workdir == nullptr ? "" : workdir) / value.ptr);
        git.git_buf_dispose(&value);
        EC_TRY(checked);
    }
    return {};
}

}  // namespace ec::vcs
