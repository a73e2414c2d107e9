#include "package_scripts.hpp"

#include <algorithm>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/json/json.hpp>

#include "recognise.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxPackageJson = 1U << 20;

using Scripts = std::map<std::string, std::string, std::less<>>;

std::optional<Scripts> read_scripts(const fs::path& folder) {
    const auto text = ec::read_file(folder / "package.json", kMaxPackageJson);
    if (!text) return std::nullopt;
    const auto value = json::parse(*text);
    if (!value || !value->is_object()) return std::nullopt;
    Scripts scripts;
    const json::Value* list = value->get_object().if_contains("scripts");
    if (list == nullptr || !list->is_object()) return scripts;
    for (const auto& [name, script] : list->get_object()) {
        if (script.is_string()) scripts.emplace(std::string(name), std::string(script.get_string()));
    }
    return scripts;
}

std::string parent_folder(const std::string& folder) {
    const std::size_t slash = folder.rfind('/');
    return slash == std::string::npos ? "." : folder.substr(0, slash);
}

/// The folder of the package.json that rules in `folder`: its own or the nearest above it, inside the workspace.
std::optional<std::string> package_folder(const fs::path& workspace, std::string folder) {
    std::error_code error;
    for (;;) {
        if (fs::is_regular_file(workspace / folder / "package.json", error)) return folder;
        if (folder == ".") return std::nullopt;
        folder = parent_folder(folder);
    }
}

struct Call {
    std::string script;
    std::vector<std::string> arguments;
};

/// The script's name and the caller's arguments. npm hands over what follows "--", yarn and pnpm everything.
std::optional<Call> read_call(const std::vector<std::string>& words) {
    const std::string_view program = program_name(words.front());
    const bool npm = program == "npm";
    if (!npm && program != "yarn" && program != "pnpm") return std::nullopt;
    std::size_t i = 1;
    while (i < words.size() &&
           (words[i] == "-s" || words[i] == "--silent" || words[i] == "-q" || words[i] == "--quiet"))
        ++i;
    if (i == words.size()) return std::nullopt;
    Call call{.script = words[i], .arguments = {}};
    if (words[i] == "run" || words[i] == "run-script") {
        do ++i;
        while (i < words.size() && (words[i] == "-s" || words[i] == "--silent" || words[i] == "--if-present"));
        if (i == words.size() || words[i].starts_with('-')) return std::nullopt;
        call.script = words[i];
    } else if (npm || words[i] == "test" || words[i] == "t") {
        if (words[i] == "t" || words[i] == "tst") call.script = "test";
        if (call.script != "test") return std::nullopt;
    } else if (words[i].starts_with('-')) {
        return std::nullopt;
    }
    ++i;
    if (npm) {
        while (i < words.size() && words[i] != "--") {
            if (!words[i].starts_with('-'))
                call.arguments.push_back(words[i]);
            else if (words[i] != "-s" && words[i] != "--silent" && words[i] != "--if-present")
                return std::nullopt;
            ++i;
        }
    }
    if (i < words.size() && words[i] == "--") ++i;
    call.arguments.insert(call.arguments.end(), words.begin() + static_cast<std::ptrdiff_t>(std::min(i, words.size())),
                          words.end());
    return call;
}

}  // namespace

std::optional<PackageScript> package_script(const std::vector<std::string>& words, const fs::path& workspace,
                                            const std::string& folder) {
    if (words.empty()) return std::nullopt;
    const auto call = read_call(words);
    if (!call) return std::nullopt;
    const auto home = package_folder(workspace, folder);
    if (!home) return std::nullopt;
    const auto scripts = read_scripts(workspace / *home);
    if (!scripts) return std::nullopt;
    const auto found = scripts->find(call->script);
    if (found == scripts->end()) return std::nullopt;
    return PackageScript{
        .text = found->second,
        .arguments = call->arguments,
        .folder = *home,
        .alone = !scripts->contains("pre" + call->script) && !scripts->contains("post" + call->script)};
}

std::optional<std::vector<std::string>> package_tool(const std::vector<std::string>& words) {
    if (words.empty()) return std::nullopt;
    const std::string_view program = program_name(words.front());
    std::size_t i = 1;
    if (program == "npm" || program == "pnpm" || program == "yarn") {
        if (i < words.size() && (words[i] == "exec" || (words[i] == "x" && program == "npm")))
            ++i;
        else if (program == "npm")
            return std::nullopt;
    } else if (program != "npx" && program != "pnpx" && program != "bunx") {
        return std::nullopt;
    }
    while (i < words.size() && words[i].starts_with('-')) {
        if (words[i] == "-p" || words[i] == "--package" || words[i] == "-c" || words[i] == "--call")
            return std::nullopt;
        ++i;
    }
    if (i >= words.size()) return std::nullopt;
    return std::vector<std::string>(words.begin() + static_cast<std::ptrdiff_t>(i), words.end());
}

std::optional<std::string> local_tool(std::string_view tool, const fs::path& workspace, const std::string& folder) {
    if (tool.empty() || tool.find('/') != std::string_view::npos) return std::nullopt;
    std::error_code error;
    std::string up;
    for (std::string at = folder;; at = parent_folder(at)) {
        const std::string inner = "node_modules/.bin/" + std::string(tool);
        // Not exists(): a link whose target lies in a pnpm store outside may not be readable from here, but is there.
        if (fs::symlink_status(workspace / at / inner, error).type() != fs::file_type::not_found && !error)
            return up + inner;
        error.clear();
        if (at == ".") return std::nullopt;
        up += "../";
    }
}

}  // namespace ec::executor
