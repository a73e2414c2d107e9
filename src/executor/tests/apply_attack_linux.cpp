// Applying while somebody else works against it: folders swapped for links, full disks.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
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
    std::thread writer([&] {
        for (int i = 1; !stop; ++i) {
            project.write("log.next", "mine " + std::to_string(i));
            fs::rename(project.root() / "log.next", project.root() / "log");
        }
    });
    int refused = 0;
    // On one processor it takes a while until the writer has its turn in the midst of an apply.
    const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    for (int i = 0; i < 100 || (refused == 0 && std::chrono::steady_clock::now() < until); ++i) {
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

// renameat2 answers from now on as on a file system that knows none of its flags.
bool forbid_renameat2() {
    sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{4, code};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST(ApplyOnAPlainFileSystem, WorksWithoutExchangeAndIsStillAllOrNothing) {
    const Project project;
    const pid_t child = ::fork();
    if (child == 0) {
        if (!forbid_renameat2()) ::_exit(77);
        project.write("edit", "old", 0640);
        project.write("gone", "old");
        const Tree before = project.tree();
        const auto changes = [&] {
            return std::vector<Change>{project.file("edit", "new"), project.gone("gone"), project.file("new/a", "x")};
        };
        if (!project.apply(changes())) ::_exit(1);
        if (project.read("edit") != "new" || project.tree().size() != 3) ::_exit(2);
        if (!undo(project.root(), project.undo_options()) || project.tree() != before) ::_exit(3);
        // The last file appears while the first ones are already in place.
        for (int moment = 0;; ++moment) {
            if (moment > 100) ::_exit(5);
            int at = 0;
            ApplyOptions options;
            options.before_step = [&] {
                if (at++ == moment) project.write("new/a", "mine");
            };
            if (project.apply(changes(), options)) break;
            fs::remove_all(project.root() / "new");
            if (project.tree() != before) ::_exit(4);
        }
        ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "no seccomp here";
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST(ApplyAtTheSameTime, EveryStepOfEveryoneIsInTheJournal) {
    const Project project;
    std::vector<std::thread> threads;
    std::atomic<int> failed = 0;
    for (int who = 0; who < 4; ++who) {
        threads.emplace_back([&, who] {
            for (int i = 0; i < 5; ++i) {
                const std::string name = "folder" + std::to_string(who) + "/" + std::to_string(i);
                if (!project.apply({project.file(name, "x")})) ++failed;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(failed, 0);
    EXPECT_EQ(project.tree().size(), 24U);
    EXPECT_EQ(undo_history(project.root(), project.undo_dir())->size(), 20U);
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(undo(project.root(), project.undo_options()));
    EXPECT_TRUE(project.tree().empty());
}

}  // namespace
}  // namespace ec::executor
