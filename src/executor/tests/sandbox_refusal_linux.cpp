// Machines that cannot isolate: one sentence and a remedy, never a run without a sandbox.
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "sandbox_fixture.hpp"

namespace ec::executor {
namespace {

class SandboxRefusal : public testing::SandboxTest {};

// A child in a user namespace that allows no further ones stands for a machine where they are switched off. There it is
// uid 0 and nobody else exists, as root in a rootless container.
TEST_F(SandboxRefusal, WithoutNamespacesNothingRuns) {
    const unsigned uid = ::geteuid();
    if (uid == 0) GTEST_SKIP() << "root needs no user namespace";
    const unsigned gid = ::getegid();
    const pid_t child = ::fork();
    if (child == 0) {
        if (::unshare(CLONE_NEWUSER) != 0) ::_exit(77);
        std::ofstream("/proc/self/setgroups") << "deny";
        std::ofstream("/proc/self/uid_map") << "0 " << uid << " 1";
        std::ofstream("/proc/self/gid_map") << "0 " << gid << " 1";
        // Before: uid 0 of this namespace is an ordinary user and is treated as one.
        SandboxOptions options;
        options.workspace = root();
        options.box = testing::box_program();
        auto sandbox = open_sandbox(options);
        RunSpec spec;
        spec.argv = {"sh", "-c", "echo ran; id -u"};
        const auto before = sandbox ? (*sandbox)->run(spec) : fail(sandbox.error());
        if (!before || before->out != "ran\n1000\n") ::_exit(1);
        if (!(std::ofstream("/proc/sys/user/max_user_namespaces") << "0" << std::flush)) ::_exit(77);
        const auto after = (*sandbox)->run(spec);
        if (!after || after->status != RunStatus::sandbox_error || !after->out.empty()) ::_exit(2);
        if (after->reason.find("namespaces") == std::string::npos || after->reason.find("sysctl") == std::string::npos)
            ::_exit(3);
        const auto session = (*sandbox)->open(spec);
        if (session || session.error().code != ErrorCode::unavailable || session.error().remedy.empty()) ::_exit(4);
        const auto probe = probe_isolation(testing::box_program());
        if (probe || probe.error().code != ErrorCode::unavailable) ::_exit(5);
        ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "user namespaces cannot be arranged here";
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace ec::executor
