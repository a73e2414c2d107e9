// A project folder beside its undo folder, and ways to see all of it at once.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/executor/apply.hpp>
#include <ec/executor/undo.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace ec::executor::testing {

/// Path -> kind, mode, owner and content of everything below a folder.
using Tree = std::map<std::string, std::string>;

inline Tree tree_of(const std::filesystem::path& root) {
    Tree tree;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
        struct stat info{};
        EXPECT_EQ(::lstat(entry.path().c_str(), &info), 0);
        std::string line = std::to_string(info.st_mode) + " " + std::to_string(info.st_uid) + " ";
        if (S_ISLNK(info.st_mode)) line += std::filesystem::read_symlink(entry.path()).string();
        if (S_ISREG(info.st_mode)) line += read_file(entry.path()).value_or("?");
        tree[entry.path().lexically_relative(root).string()] = line;
    }
    return tree;
}

class Project {
public:
    Project() { std::filesystem::create_directories(root()); }

    std::filesystem::path root() const { return std::filesystem::canonical(dir_.path()) / "project"; }
    std::filesystem::path undo_dir() const { return dir_.path() / "undo"; }
    std::filesystem::path outside() const { return dir_.path() / "outside"; }

    void write(const std::string& name, std::string_view content, unsigned mode = 0644) const {
        const auto path = root() / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << content;
        EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    }
    std::string read(const std::string& name) const { return read_file(root() / name).value_or("(nothing)"); }
    unsigned mode(const std::string& name) const {
        struct stat info{};
        return ::lstat((root() / name).c_str(), &info) == 0 ? info.st_mode & 07777U : ~0U;
    }
    Tree tree() const { return tree_of(root()); }

    /// A change as a run would report it that started now.
    Change file(const std::string& path, std::string content, unsigned mode = 0644) const {
        Change change = blank(path);
        change.mode = mode;
        change.content = std::move(content);
        return change;
    }
    Change link(const std::string& path, std::string target) const {
        Change change = blank(path);
        change.symlink = true;
        change.symlink_target = std::move(target);
        return change;
    }
    Change gone(const std::string& path) const {
        Change change = blank(path);
        change.kind = Change::Kind::deleted;
        return change;
    }

    Result<Applied> apply(const std::vector<Change>& changes, ApplyOptions options = {}) const {
        if (options.undo_dir.empty()) options.undo_dir = undo_dir();
        return apply_changes(root(), changes, options);
    }
    UndoOptions undo_options(bool force = false) const { return {undo_dir(), force, {}}; }

private:
    Change blank(const std::string& path) const {
        Change change;
        change.path = path;
        const auto before = identify(root(), path);
        if (before && !std::filesystem::is_directory(std::filesystem::symlink_status(root() / path)))
            change.before = *before;
        change.kind = change.before.exists ? Change::Kind::modified : Change::Kind::created;
        return change;
    }

    // In memory where that can be had: every step is synced, and these tests take thousands.
    static TempDir make() {
        if (::access("/dev/shm", W_OK) == 0) ::setenv("TMPDIR", "/dev/shm", 1);
        return std::move(*TempDir::create());
    }

    TempDir dir_ = make();
};

}  // namespace ec::executor::testing
