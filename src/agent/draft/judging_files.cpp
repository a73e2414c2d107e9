#include <algorithm>
#include <ec/agent/judging_files.hpp>
#include <ec/core/text.hpp>
#include <ec/repair/sources.hpp>

namespace ec::agent {
namespace {

std::string_view base_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string_view ending_of(std::string_view path) {
    const std::string_view base = base_of(path);
    const auto dot = base.rfind('.');
    return dot == std::string_view::npos ? std::string_view{} : base.substr(dot);
}

bool named_by(const executor::TestCommand& command, std::string_view path) {
    std::vector<std::string> words = command.words;
    if (words.empty()) {
        for (const std::string_view word : split(command.text, ' ')) words.emplace_back(trim(word));
    }
    return std::ranges::any_of(words, [&](std::string_view word) {
        while (word.starts_with("./")) word.remove_prefix(2);
        return word == path || (!command.directory.empty() && command.directory + "/" + std::string(word) == path);
    });
}

bool only_program(const FileSource& workspace, std::string_view path) {
    const std::string_view ending = ending_of(path);
    return std::ranges::none_of(workspace.paths(), [&](const std::string& other) {
        return other != path && ending_of(other) == ending && !repair::is_test_or_configuration(other);
    });
}

}  // namespace

bool steers_tests(std::string_view path) {
    static constexpr std::string_view kNames[] = {
        "conftest.py", "pytest.ini",   ".pytest.ini",      "pyproject.toml",    "setup.cfg",    "setup.py",
        "tox.ini",     "noxfile.py",   "sitecustomize.py", "usercustomize.py",  ".coveragerc",  "package.json",
        ".mocharc.js", ".mocharc.cjs", ".mocharc.json",    ".mocharc.yml",      ".npmrc",       "Makefile",
        "makefile",    "GNUmakefile",  "CMakeLists.txt",   "CTestConfig.cmake", "justfile",     "Rakefile",
        "Cargo.toml",  "go.mod",       "unittest.cfg",     "babel.config.js",   "tsconfig.json"};
    const std::string_view base = base_of(path);
    if (std::ranges::find(kNames, base) != std::end(kNames) || base.ends_with(".pth")) return true;
    return base.starts_with("jest.config.") || base.starts_with("vitest.config.") || base.starts_with("vite.config.") ||
           base.starts_with("jest.setup.") || base.starts_with("vitest.setup.");
}

std::vector<std::string> judging_files(const std::vector<vcs::FileVersion>& files, const executor::TestCommand& command,
                                       const FileSource& workspace) {
    std::vector<std::string> judging;
    for (const vcs::FileVersion& file : files) {
        const bool named = named_by(command, file.path) && !only_program(workspace, file.path);
        if (steers_tests(file.path) || (!file.created && (named || repair::is_test_or_configuration(file.path)))) {
            judging.push_back(file.path);
        }
    }
    return judging;
}

}  // namespace ec::agent
