// Applying while somebody else works against it: folders swapped for links, full disks.
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <atomic>
#include <thread>

#include "apply_fixture.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
using testing::Project;
using testing::Tree;

// A thread that swaps a folder and a link to the outside as fast as it can.
class Swapper {
public:
    Swapper(const fs::path& a, const fs::path& b)
        : thread_([this, a, b] {
              while (!stop_) ::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE);
          }) {}
    ~Swapper() {
        stop_ = true;
        thread_.join();
    }

private:
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

TEST(ApplyUnderAttack, AFolderSwappedForALinkNeverLetsAnythingOut) {
    const Project project;
    fs::create_directories(project.outside());
    std::ofstream(project.outside() / "victim") << "safe";
    project.write("sub/inner/victim", "x");
    fs::create_directory_symlink(project.outside(), project.root() / "decoy");
    const Tree outside = testing::tree_of(project.outside());
    int applied = 0;
    {
        const Swapper swapper(project.root() / "sub/inner", project.root() / "decoy");
        for (int i = 0; i < 300; ++i) {
            std::vector<Change> changes = {project.file("sub/inner/victim", "evil" + std::to_string(i)),
                                           project.file("sub/inner/new" + std::to_string(i), "evil"),
                                           project.file("sub/inner/deep/new" + std::to_string(i), "evil")};
            if (i % 3 == 0) changes.push_back(project.gone("sub/inner/victim2"));
            if (project.apply(changes)) ++applied;
            if (i % 5 == 0) static_cast<void>(undo(project.root(), project.undo_options()));
        }
    }
    EXPECT_EQ(testing::tree_of(project.outside()), outside) << applied << " went through";
}

TEST(ApplyUnderAttack, AFileWrittenAllTheTimeIsNeverLost) {
    const Project project;
    project.write("log", "0");
    std::atomic<bool> stop = false;
    // The last value that the writer put there by a rename of its own.
    std::thread writer([&] {
        for (int i = 1; !stop; ++i) {
            project.write("log.next", "mine " + std::to_string(i));
            fs::rename(project.root() / "log.next", project.root() / "log");
        }
    });
    int refused = 0;
    for (int i = 0; i < 100; ++i) {
        const auto applied = project.apply({project.file("log", "run's"), project.file("beside", std::to_string(i))});
        if (!applied) {
            ++refused;
            EXPECT_EQ(applied.error().code, ErrorCode::conflict) << applied.error().message;
        }
    }
    stop = true;
    writer.join();
    EXPECT_GT(refused, 0);
    for (const auto& entry : fs::directory_iterator(project.root())) {
        EXPECT_FALSE(entry.path().filename().string().starts_with(".edgecoder-")) << entry.path();
    }
}

// Runs `body` in a child with a mount namespace of its own; 77 from it skips.
int in_own_namespace(const std::function<int()>& body) {
    const pid_t child = ::fork();
    if (child == 0) {
        const uid_t user = ::geteuid();
        const int flags = user == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
        if (::unshare(flags) != 0 || (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)) ::_exit(77);
        const std::string same = std::to_string(user) + " " + std::to_string(user) + " 1";
        if (user != 0) {
            std::ofstream("/proc/self/setgroups") << "deny";
            std::ofstream("/proc/self/uid_map") << same;
            std::ofstream("/proc/self/gid_map") << same;
        }
        ::_exit(body());
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(ApplyUnderAttack, AFullDiskLeavesTheProjectAsItWas) {
    for (const bool of_the_journal : {false, true}) {
        const Project project;
        fs::create_directories(project.undo_dir());
        const int code = in_own_namespace([&] {
            const fs::path full = of_the_journal ? project.undo_dir() : project.root();
            if (::mount("tmpfs", full.c_str(), "tmpfs", 0, "size=256k,mode=0700") != 0) return 77;
            project.write("a", std::string(100'000, 'a'));
            project.write("b", std::string(100'000, 'b'));
            std::vector<Change> changes = {project.file("a", "small"), project.file("new/c", "x")};
            changes.push_back(project.file("b", std::string(200'000, 'c')));
            if (of_the_journal) project.write("d", std::string(200'000, 'd'));
            if (of_the_journal) changes.push_back(project.file("d", "small"));
            const Tree before = project.tree();
            if (project.apply(changes)) return 2;
            if (project.tree() != before) return 3;
            if (undo(project.root(), project.undo_options())) return 4;
            return project.apply({project.file("new", "x")}) ? 0 : 5;
        });
        if (code == 77) GTEST_SKIP() << "no mounts in a namespace of its own here";
        EXPECT_EQ(code, 0) << of_the_journal;
    }
}

}  // namespace
}  // namespace ec::executor
