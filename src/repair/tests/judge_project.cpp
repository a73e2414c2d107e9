#include "tests/judge_project.hpp"

#include <cstdlib>
#include <ec/core/text.hpp>
#include <fstream>

namespace ec::repair::testing {

namespace fs = std::filesystem;

JudgeProject::JudgeProject(std::initializer_list<std::pair<std::string, std::string>> files)
    : directory_(TempDir::create("ec-judge-").value()) {
    fs::permissions(directory_.path(), fs::perms::others_exec | fs::perms::others_read, fs::perm_options::add);
    for (const auto& [name, text] : files) {
        fs::create_directories((path() / name).parent_path());
        std::ofstream(path() / name, std::ios::binary) << text;
    }
    const char* bin = std::getenv("EC_BIN_DIR");
    auto opened =
        executor::open_sandbox({.workspace = path(), .box = fs::path(bin != nullptr ? bin : "") / "edgecoder-box"});
    if (opened)
        sandbox_ = *std::move(opened);
    else
        missing_ = opened.error().message;
}

Candidate JudgeProject::replacing(const std::string& file, const std::string& before, const std::string& after,
                                  int nth) const {
    const std::string text = read_file(path() / file).value();
    std::size_t at = text.find(before);
    for (int i = 0; i < nth; ++i) at = text.find(before, at + 1);
    return {.edits = {{.file = file,
                       .begin = static_cast<std::uint32_t>(at),
                       .end = static_cast<std::uint32_t>(at + before.size()),
                       .replacement = after}}};
}

bool has_program(const std::string& program) {
    const char* path = std::getenv("PATH");
    for (const std::string_view folder : split(path != nullptr ? path : "", ':')) {
        std::error_code ignored;
        if (fs::exists(fs::path(folder) / program, ignored)) return true;
    }
    return false;
}

const ObservedTest* find(const BaselineRun& baseline, std::string_view id) {
    for (const ObservedTest& test : baseline.tests)
        if (test.test.id == id) return &test;
    return nullptr;
}

}  // namespace ec::repair::testing
