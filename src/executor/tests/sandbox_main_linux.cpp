// Started by root, every sandbox test runs twice: as an ordinary user in a child that gives root up, then as root.
#include <gmock/gmock.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "sandbox_fixture.hpp"

namespace {

// A user of this program alone: what another test program leaves in shared places of its user's would look like a
// leftover of a run here. Below 65536, which is as far as the map of a container's users often goes.
unsigned ordinary_user() { return 20'000 + static_cast<unsigned>(::getpid()) % 40'000; }

// The checkout may lie where only root can go, so the helper is copied to where the user can start it.
int run_as_user() {
    auto dir = ec::TempDir::create("edgecoder-test-");
    if (!dir) return 1;
    std::filesystem::copy_file(ec::executor::testing::box_program(), dir->path() / "edgecoder-box");
    ::chmod(dir->path().c_str(), 0755);
    std::fflush(nullptr);
    const unsigned user = ordinary_user();
    const pid_t child = ::fork();
    if (child == 0) {
        if (::setgroups(0, nullptr) != 0 || ::setgid(user) != 0 || ::setuid(user) != 0) ::_exit(1);
        ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);  // as after an exec: /proc/self belongs to the user again
        ::setenv("EC_BIN_DIR", dir->path().c_str(), 1);
        ::setenv("HOME", "/nonexistent", 1);
        ::setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
        ::unsetenv("TMPDIR");
        if (::chdir("/") != 0) ::_exit(1);
        // The report file is root's; the run as root writes it. The writer was made when flags were read.
        auto& listeners = ::testing::UnitTest::GetInstance()->listeners();
        delete listeners.Release(listeners.default_xml_generator());
        std::puts("--- as an ordinary user");
        const int failed = RUN_ALL_TESTS();
        std::fflush(nullptr);
        ::_exit(failed);
    }
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child) return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace

int main(int argc, char** argv) {
    ::testing::InitGoogleMock(&argc, argv);
    if (::geteuid() != 0 || ::testing::GTEST_FLAG(list_tests)) return RUN_ALL_TESTS();
    const int as_user = run_as_user();
    std::puts("--- as root");
    const int as_root = RUN_ALL_TESTS();
    if (as_user != 0) std::puts("FAILED as an ordinary user, see above");
    return as_user != 0 ? as_user : as_root;
}
