// What a machine says about itself, and what is made of it; and that isolation which only looks like it is found out.
#include "machine_facts.hpp"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "cause.hpp"
#include "sandbox_fixture.hpp"
#include "self_test.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// A sandbox that runs programs and keeps nothing from them.
class Decoration final : public Sandbox {
public:
    explicit Decoration(fs::path workspace) : workspace_(std::move(workspace)) {}
    Result<RunResult> run(const RunSpec& spec, std::stop_token) override {
        int pipe[2];
        if (::pipe(pipe) != 0) return fail(ErrorCode::io, "pipe");
        const pid_t child = ::fork();
        if (child == 0) {
            ::dup2(pipe[1], 1);
            for (const auto& [name, value] : spec.environment) ::setenv(name.c_str(), value.c_str(), 1);
            ::execlp("sh", "sh", "-c", spec.argv[2].c_str(), nullptr);
            ::_exit(127);
        }
        ::close(pipe[1]);
        RunResult result;
        char buffer[4096];
        for (ssize_t n = 0; (n = ::read(pipe[0], buffer, sizeof buffer)) > 0;)
            result.out.append(buffer, static_cast<std::size_t>(n));
        ::close(pipe[0]);
        ::waitpid(child, nullptr, 0);
        result.status = RunStatus::ok;
        return result;
    }
    Result<std::unique_ptr<Session>> open(const RunSpec&) override { return fail(ErrorCode::unavailable, "none"); }
    Isolation isolation() const override { return {}; }
    const fs::path& workspace() const override { return workspace_; }

private:
    fs::path workspace_;
};

TEST(SelfTest, IsolationThatIsOnlyDecorationIsFoundOut) {
    const TempDir dir = std::move(*TempDir::create());
    Decoration decoration(dir.path());
    Isolation isolation;
    const Status status = attack_from_inside(decoration, isolation);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::unavailable);
    for (const char* what : {"decoration", "read a file outside", "wrote a file outside",
                             "reached the loopback network", "read the environment of another process"}) {
        EXPECT_THAT(status.error().message, HasSubstr(what));
    }
}

// What a machine says about itself, as text files.
class MachineText : public ::testing::Test {
protected:
    void put_text(const std::string& path, std::string_view text) {
        const fs::path file = dir_.path() / path;
        fs::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << text;
    }
    MachineFacts look() {
        MachineFacts facts = look_at_machine(dir_.path());
        facts.root = false;
        return facts;
    }
    std::string why(int error, const char* step = "namespaces") {
        const auto cause = why_not_isolated({error, step, "x"}, look());
        return cause ? cause->message + " | " + cause->remedy : "nothing";
    }
    void SetUp() override {
        put_text("proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
        put_text("proc/self/status", "Name:\tx\nSeccomp:\t0\n");
        put_text("proc/self/mountinfo", "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n");
        put_text("proc/self/uid_map", "         0          0 4294967295\n");
    }
    TempDir dir_ = std::move(*TempDir::create());
};

TEST_F(MachineText, DebiansSwitchForOrdinaryUsersIsNamed) {
    put_text("proc/sys/kernel/unprivileged_userns_clone", "0\n");
    EXPECT_THAT(why(EPERM), HasSubstr("sudo sysctl kernel.unprivileged_userns_clone=1"));
}

TEST_F(MachineText, AppArmorsRestrictionComesWithTheProfileToLoad) {
    put_text("proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n");
    for (const char* step : {"namespaces", "mount", "pivot_root"}) {
        EXPECT_THAT(why(EACCES, step), AllOf(HasSubstr("AppArmor"), HasSubstr("packaging/apparmor/edgecoder-box")));
    }
}

TEST_F(MachineText, EveryKindOfContainerIsNamedWithItsOwnRemedy) {
    put_text(".dockerenv", "");
    EXPECT_THAT(why(EPERM), AllOf(HasSubstr("container (docker)"), HasSubstr("docker run --security-opt")));
    put_text("run/.containerenv", "engine=\"podman-4.3\"\n");
    EXPECT_THAT(why(EPERM), AllOf(HasSubstr("container (podman)"), HasSubstr("podman run")));
    fs::remove(dir_.path() / ".dockerenv");
    fs::remove(dir_.path() / "run/.containerenv");
    put_text("proc/self/cgroup", "0::/kubepods.slice/pod1\n");
    EXPECT_THAT(why(EPERM), AllOf(HasSubstr("container (kubernetes)"), HasSubstr("procMount")));
    put_text("proc/1/environ", std::string("PATH=/bin\0container=lxc\0", 23));
    EXPECT_THAT(why(EPERM, "mount"), AllOf(HasSubstr("container (lxc)"), HasSubstr("security.nesting")));
}

TEST_F(MachineText, AnOldKernelIsNamedWithTheVersionThatIsNeeded) {
    put_text("proc/sys/kernel/osrelease", "5.4.0-150-generic\n");
    for (const char* step : {"namespaces", "open", "open_tree", "mount_setattr"}) {
        EXPECT_THAT(why(ENOSYS, step), AllOf(HasSubstr("5.4.0-150-generic"), HasSubstr("5.12")));
    }
}

TEST_F(MachineText, AFilterThatHidesACallOfANewKernelIsNotTakenForAnOldOne) {
    put_text("proc/self/status", "Name:\tx\nSeccomp:\t2\n");
    EXPECT_THAT(why(ENOSYS), AllOf(HasSubstr("system-call filter"), Not(HasSubstr("newer kernel"))));
}

TEST_F(MachineText, Wsl1IsRefusedAndWsl2IsAnOrdinaryLinuxWithANote) {
    put_text("proc/sys/kernel/osrelease", "4.4.0-19041-Microsoft\n");
    EXPECT_THAT(why(ENOSYS), AllOf(HasSubstr("WSL 1"), HasSubstr("--set-version")));
    EXPECT_THAT(why(EINVAL), HasSubstr("WSL 1"));
    put_text("proc/sys/kernel/osrelease", "5.15.153.1-microsoft-standard-WSL2\n");
    EXPECT_EQ(look().wsl, 2);
    EXPECT_THAT(machine_notes(look()), Contains(AllOf(HasSubstr("WSL 2"), HasSubstr("/mnt"), HasSubstr("AF_VSOCK"))));
}

TEST_F(MachineText, AChangedRootIsNamed) {
    put_text("proc/self/mountinfo", "30 21 0:22 / /proc rw - proc proc rw\n");
    EXPECT_THAT(why(EPERM), HasSubstr("chroot"));
}

TEST_F(MachineText, RootOfANamespaceWithOneUserIsNamed) {
    put_text("proc/self/uid_map", "         0       1000          1\n");
    MachineFacts facts = look();
    EXPECT_TRUE(facts.one_user);
    facts.root = true;
    const auto cause = why_not_isolated({EPERM, "namespaces", ""}, facts);
    ASSERT_TRUE(cause);
    EXPECT_THAT(cause->message, HasSubstr("root of this user namespace"));
}

TEST_F(MachineText, AKernelBuiltWithoutNamespacesIsNamed) { EXPECT_THAT(why(EINVAL), HasSubstr("CONFIG_USER_NS")); }

TEST_F(MachineText, WhatIsTheCallersMistakeIsNotBlamedOnTheMachine) {
    EXPECT_EQ(why(ENOENT, "working directory"), "nothing");
    EXPECT_EQ(why(ENOTDIR, "edit"), "nothing");
    EXPECT_EQ(why(ENOSPC, "write"), "nothing");
}

TEST_F(MachineText, WhatIsOnlyUsedUpJustNowIsNoReasonToIsolateLess) {
    put_text("proc/sys/user/max_user_namespaces", "10000\n");
    for (const int error : {ENOSPC, EAGAIN, ENOMEM}) EXPECT_EQ(why(error), "nothing");
    EXPECT_EQ(why(ENOMEM, "mount"), "nothing");
    put_text("proc/sys/user/max_user_namespaces", "0\n");
    EXPECT_THAT(why(ENOSPC), HasSubstr("user.max_user_namespaces is 0"));
}

}  // namespace
}  // namespace ec::executor
