// A workspace with a sandbox over it, and shorthands for running things there.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/executor/apply.hpp>
#include <ec/executor/sandbox.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

namespace ec::executor::testing {

inline std::filesystem::path box_program() {
    const char* dir = std::getenv("EC_BIN_DIR");
    return std::filesystem::path(dir == nullptr ? "build/dev/bin" : dir) / "edgecoder-box";
}

/// Every file below `dir` with its content, mode and time of change: equal before and after means untouched.
inline std::set<std::string> fingerprint(const std::filesystem::path& dir) {
    std::set<std::string> lines;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(dir)) {
        struct stat info{};
        EXPECT_EQ(::lstat(entry.path().c_str(), &info), 0);
        std::string line = entry.path().string() + " " + std::to_string(info.st_mode) + " " +
                           std::to_string(info.st_size) + " " + std::to_string(info.st_nlink) + " " +
                           std::to_string(info.st_mtim.tv_sec) + "." + std::to_string(info.st_mtim.tv_nsec);
        if (S_ISREG(info.st_mode)) line += " " + read_file(entry.path()).value_or("?");
        if (S_ISLNK(info.st_mode)) line += " " + std::filesystem::read_symlink(entry.path()).string();
        lines.insert(line);
    }
    return lines;
}

class SandboxTest : public ::testing::Test {
protected:
    void SetUp() override { open(); }

    void open(std::vector<std::string> environment_names = {}) {
        SandboxOptions options;
        options.workspace = root();
        options.box = box_program();
        options.environment_names = std::move(environment_names);
        auto opened = open_sandbox(options);
        ASSERT_TRUE(opened) << opened.error().message;
        sandbox_ = std::move(*opened);
    }

    std::filesystem::path root() const { return std::filesystem::canonical(dir_.path()); }

    void write(const std::string& name, std::string_view content) {
        const auto path = root() / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << content;
    }

    /// A run that asks for no limits of its own gets time that a busy machine cannot use up.
    RunResult run(RunSpec spec) {
        if (spec.limits == Limits{}) spec.limits.wall = spec.limits.cpu = std::chrono::minutes(2);
        auto result = sandbox_->run(spec);
        if (!result) {
            ADD_FAILURE() << result.error().message;
            return {};
        }
        EXPECT_NE(result->status, RunStatus::sandbox_error) << result->reason;
        return std::move(*result);
    }
    RunResult run(std::vector<std::string> argv) {
        RunSpec spec;
        spec.argv = std::move(argv);
        return run(std::move(spec));
    }
    RunResult sh(const std::string& script) { return run({"sh", "-c", script}); }
    RunResult python(const std::string& program) { return run({"python3", "-c", program}); }

    static std::vector<std::string> paths(const RunResult& result) {
        std::vector<std::string> names;
        for (const Change& change : result.changes) {
            const char* kinds[] = {"+", "*", "-"};
            names.push_back(kinds[static_cast<int>(change.kind)] + change.path);
        }
        return names;
    }

    Result<Applied> apply(const RunResult& result) {
        ApplyOptions options;
        options.undo_dir = undo_.path() / "undo";
        options.started_ns = result.started_ns;
        return apply_changes(root(), result.changes, options);
    }

    TempDir undo_ = std::move(*TempDir::create());
    TempDir dir_ = std::move(*TempDir::create());
    std::unique_ptr<Sandbox> sandbox_;
};

}  // namespace ec::executor::testing
