// Root without idmapped mounts, as in many containers: the sandbox works on a copy.
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ec/executor/apply.hpp>

#include "sandbox_fixture.hpp"
#include "staged_copy.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

class SandboxStaged : public testing::SandboxTest {};

TEST_F(SandboxStaged, AStagedCopyFollowsItsWorkspace) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    write("a.txt", "one");
    write("sub/b.txt", "two");
    write("node_modules/m/index.js", "big");
    write("secret/target", "x");
    fs::create_symlink("a.txt", root() / "ln");
    StagedCopy copy(root(), 1'900'000'000);
    ASSERT_TRUE(copy.refresh());
    EXPECT_EQ(*read_file(copy.tree() / "sub/b.txt"), "two");
    EXPECT_EQ(fs::read_symlink(copy.tree() / "ln"), "a.txt");
    EXPECT_TRUE(fs::is_empty(copy.tree() / "node_modules"));
    EXPECT_EQ(copy.bound(), Names{"node_modules"});
    struct stat info{};
    ASSERT_EQ(::stat((copy.tree() / "sub/b.txt").c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, 1'900'000'000U);
    write("a.txt", "three");
    fs::remove_all(root() / "sub");
    write("new/deep.txt", "four");
    ASSERT_TRUE(copy.refresh());
    EXPECT_EQ(*read_file(copy.tree() / "a.txt"), "three");
    EXPECT_EQ(*read_file(copy.tree() / "new/deep.txt"), "four");
    EXPECT_FALSE(fs::exists(copy.tree() / "sub"));
}

// Runs its body in a child with a mount namespace of its own, where an overlay stands for a container's root.
TEST_F(SandboxStaged, WithoutIdmappedMountsRootWorksOnACopy) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    const pid_t child = ::fork();
    if (child == 0) {
        const fs::path layers = root() / "layers";
        for (const char* name : {"lower", "upper", "work", "project"}) fs::create_directories(layers / name);
        std::ofstream(layers / "lower/a.txt") << "a";
        fs::create_directories(layers / "lower/node_modules");
        std::ofstream(layers / "lower/node_modules/m.js") << "module";
        const std::string options = "lowerdir=" + (layers / "lower").string() +
                                    ",upperdir=" + (layers / "upper").string() +
                                    ",workdir=" + (layers / "work").string();
        if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("overlay", (layers / "project").c_str(), "overlay", 0, options.c_str()) != 0) {
            ::_exit(77);
        }
        SandboxOptions sandbox_options;
        sandbox_options.workspace = layers / "project";
        sandbox_options.box = testing::box_program();
        auto sandbox = open_sandbox(sandbox_options);
        RunSpec spec;
        spec.argv = {
            "sh", "-c",
            "cat a.txt node_modules/m.js; echo b >> a.txt; echo n > new; rm -f node_modules/m.js 2>/dev/null; id -u"};
        if (!sandbox) ::_exit(2);
        const auto result = (*sandbox)->run(spec);
        if (!result) ::_exit(3);
        if (result->out != "amodule1000\n") {
            std::fprintf(stderr, "%s|%s|%s\n", result->out.c_str(), result->err.c_str(), result->reason.c_str());
            ::_exit(4);
        }
        if (paths(*result) != Names{"*a.txt", "+new"}) ::_exit(5);
        if ((*sandbox)->isolation().notes.empty()) ::_exit(6);
        for (const Change& change : result->changes) {
            if (change.before != identify(layers / "project", change.path).value_or(FileIdentity{})) ::_exit(7);
            if (change.before.exists != (change.path == "a.txt")) ::_exit(8);
        }
        sandbox->reset();
        ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "no overlay mounts here";
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace ec::executor
