// For any tree and any change set: undo of an apply is the identity, and so is redo of an undo.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "apply_fixture.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
using testing::Project;
using testing::Tree;

class Dice {
public:
    explicit Dice(std::uint32_t seed) : engine_(seed) {}
    int below(int n) { return static_cast<int>(engine_() % static_cast<unsigned>(n)); }
    template <class T>
    const T& of(const std::vector<T>& list) {
        return list[static_cast<std::size_t>(below(static_cast<int>(list.size())))];
    }
    std::string path() {
        static const std::vector<std::string> kNames = {"a", "b", "c", "ä b", "d.txt"};
        std::string path = of(kNames);
        for (int depth = below(4); depth > 0; --depth) path += "/" + of(kNames);
        return path;
    }
    unsigned mode() {
        static const std::vector<unsigned> kModes = {0644, 0755, 0600, 0444, 0666};
        return of(kModes);
    }
    std::string content() {
        static const std::vector<std::string> kTexts = {"", "x", "one\r\ntwo\r\n", "no newline at the end",
                                                        std::string("\0\xff", 2)};
        return of(kTexts) + std::to_string(below(1000));
    }

private:
    std::mt19937 engine_;
};

bool is_or_is_below(const std::string& path, const std::string& folder) {
    return path == folder || path.starts_with(folder + "/");
}

void grow(Dice& dice, const Project& project) {
    for (int i = dice.below(12); i > 0; --i) {
        const fs::path path = project.root() / dice.path();
        std::error_code error;
        fs::create_directories(path.parent_path(), error);
        if (error || fs::exists(fs::symlink_status(path))) continue;
        const std::string name = path.lexically_relative(project.root()).string();
        switch (dice.below(5)) {
            case 0:
                fs::create_symlink("somewhere/else", path);
                break;
            case 1:
                fs::create_directory(path);
                break;
            default:
                project.write(name, dice.content(), dice.mode());
        }
    }
}

// What a run could report of that tree: each path at most once, nothing below what is no folder.
std::vector<Change> random_changes(Dice& dice, const Project& project) {
    std::vector<Change> changes;
    std::set<std::string> used;
    const auto free = [&](const std::string& path) {
        return std::none_of(used.begin(), used.end(), [&](const std::string& other) {
            return is_or_is_below(path, other) || is_or_is_below(other, path);
        });
    };
    const auto add = [&](const std::string& path) {
        used.insert(path);
        changes.push_back(dice.below(4) == 0 ? project.link(path, "a")
                                             : project.file(path, dice.content(), dice.mode()));
    };
    const auto remove_below = [&](const std::string& folder) {
        for (const auto& [path, line] : project.tree()) {
            const bool is_folder = fs::is_directory(fs::symlink_status(project.root() / path));
            if (path != folder && is_or_is_below(path, folder) && !is_folder) changes.push_back(project.gone(path));
        }
    };
    const auto has_empty_folder = [&](const std::string& folder) {
        for (const auto& entry : fs::recursive_directory_iterator(project.root() / folder)) {
            if (entry.is_directory() && !entry.is_symlink()) return true;
        }
        return false;
    };
    for (int i = 1 + dice.below(8); i > 0; --i) {
        const std::string path = dice.path();
        const fs::path real = project.root() / path;
        const auto status = fs::symlink_status(real);
        bool blocked = false;
        for (fs::path at = fs::path(path).parent_path(); !at.empty(); at = at.parent_path()) {
            const auto above = fs::symlink_status(project.root() / at);
            blocked |= fs::exists(above) && !fs::is_directory(above);
        }
        if (blocked || !free(path)) continue;
        if (!fs::exists(status)) {
            add(path);
        } else if (fs::is_directory(status)) {
            if (has_empty_folder(path)) continue;
            used.insert(path);
            remove_below(path);
            if (dice.below(2) == 0) {
                changes.push_back(project.file(path, dice.content(), dice.mode()));
            }
        } else if (dice.below(3) == 0) {
            used.insert(path);
            changes.push_back(project.gone(path));
            if (dice.below(2) == 0) changes.push_back(project.file(path + "/in/side", dice.content()));
        } else {
            add(path);
        }
    }
    return changes;
}

RC_GTEST_PROP(UndoProperty, UndoOfAnApplyIsTheIdentity, (std::uint32_t seed)) {
    Dice dice(seed);
    const Project project;
    grow(dice, project);
    std::vector<Tree> states = {project.tree()};
    for (int i = 1 + dice.below(3); i > 0; --i) {
        const auto changes = random_changes(dice, project);
        if (changes.empty()) continue;
        const auto applied = project.apply(changes);
        RC_ASSERT(applied.has_value());
        if (applied->written.empty()) continue;
        for (const Change& change : changes) {
            const auto status = fs::symlink_status(project.root() / change.path);
            if (change.kind == Change::Kind::deleted) {
                RC_ASSERT(!fs::is_regular_file(status) && !fs::is_symlink(status));
            } else if (!change.symlink) {
                RC_ASSERT(project.read(change.path) == change.content);
                RC_ASSERT(project.mode(change.path) == change.mode);
            }
        }
        states.push_back(project.tree());
    }
    for (std::size_t i = states.size(); i-- > 1;) {
        RC_ASSERT(undo(project.root(), project.undo_options()).has_value());
        RC_ASSERT(project.tree() == states[i - 1]);
    }
    RC_ASSERT(!undo(project.root(), project.undo_options()).has_value());
    for (std::size_t i = 1; i < states.size(); ++i) {
        RC_ASSERT(redo(project.root(), project.undo_options()).has_value());
        RC_ASSERT(project.tree() == states[i]);
    }
}

RC_GTEST_PROP(UndoProperty, AnApplyOverAnyOtherChangeIsRefusedAndChangesNothing, (std::uint32_t seed)) {
    Dice dice(seed);
    const Project project;
    grow(dice, project);
    const auto changes = random_changes(dice, project);
    if (changes.empty()) return;
    const Change& target = dice.of(changes);
    const fs::path real = project.root() / target.path;
    const auto status = fs::symlink_status(real);
    if (fs::is_regular_file(status) && dice.below(2) == 0) {
        std::ofstream(real, std::ios::app) << "more";
        if (::geteuid() != 0 && (project.mode(target.path) & 0200U) == 0) return;
    } else if (fs::is_directory(status)) {
        fs::create_directories(real / "mine/too");
    } else {
        std::error_code error;
        fs::remove(real, error);
        fs::create_directories(real.parent_path(), error);
        if (error) return;
        std::ofstream(real) << "mine";
    }
    const Tree before = project.tree();
    const auto applied = project.apply(changes);
    const auto refused = applied ? applied->refused : std::vector<Refusal>{};
    // A link that leads round in circles is left out, whatever stands there.
    if (std::ranges::any_of(refused, [&](const Refusal& one) { return one.path == target.path; })) return;
    RC_ASSERT(!applied.has_value() || fs::is_directory(status));
    if (!fs::is_directory(status)) RC_ASSERT(project.tree() == before);
}

}  // namespace
}  // namespace ec::executor
