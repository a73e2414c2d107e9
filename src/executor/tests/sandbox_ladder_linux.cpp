// Machines that lack something: each is made inside a process of the test's own, out of system-call filters and mounts,
// and must get the right tier or a refusal that names the cause and the remedy. Whatever is refused must not have run.
#include <gmock/gmock.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <functional>

#include "reduced_sandbox.hpp"
#include "sandbox_fixture.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr int kCannotArrange = 77;
constexpr std::uint64_t kNewNamespaces =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

struct Refusal {
    long call;
    int error;
};

// What the kernel answers to this process and everything it starts from now on.
bool answer(const std::vector<Refusal>& refusals, bool refuse_namespaces = false) {
    std::vector<sock_filter> program;
    const auto load = [&](std::size_t at) {
        program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(at)));
    };
    load(offsetof(seccomp_data, nr));
    for (const auto& [call, error] : refusals) {
        program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 1));
        program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error)));
    }
    if (refuse_namespaces) {
        for (const long call : {SYS_clone, SYS_unshare}) {
            load(offsetof(seccomp_data, nr));
            program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 3));
            load(offsetof(seccomp_data, args[0]));
            program.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, static_cast<std::uint32_t>(kNewNamespaces), 0, 1));
            program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
        }
    }
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

bool like_docker() { return answer({{SYS_clone3, ENOSYS}, {SYS_mount, EPERM}, {SYS_pivot_root, EPERM}}, true); }

bool put(const char* path, const std::string& text) { return bool(std::ofstream(path) << text << std::flush); }

// A mount namespace of our own; an ordinary user gets it with a user namespace in which it keeps its ids.
bool own_mounts() {
    const unsigned uid = ::geteuid();
    const unsigned gid = ::getegid();
    if (uid == 0)
        return ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    const std::string map = std::to_string(uid) + " " + std::to_string(uid) + " 1";
    return put("/proc/self/setgroups", "deny") && put("/proc/self/uid_map", map) &&
           put("/proc/self/gid_map", std::to_string(gid) + " " + std::to_string(gid) + " 1") &&
           ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

// For root: a user namespace that knows every user. Its map is written from outside, as the kernel wants it.
bool own_users(int more) {
    int go[2];
    if (::pipe(go) != 0) return false;
    const std::string self = "/proc/" + std::to_string(::getpid());
    const pid_t helper = ::fork();
    if (helper == 0) {
        char byte = 0;
        const bool fine = ::read(go[0], &byte, 1) == 1 && put((self + "/uid_map").c_str(), "0 0 4294967295") &&
                          put((self + "/gid_map").c_str(), "0 0 4294967295");
        ::_exit(fine ? 0 : 1);
    }
    int status = -1;
    return ::unshare(CLONE_NEWUSER | more) == 0 && ::write(go[1], "x", 1) == 1 &&
           ::waitpid(helper, &status, 0) == helper && status == 0;
}

// What a run on such a machine gave.
struct Outcome {
    bool arranged = false;
    std::string status;
    std::string tier;
    std::string isolation;
    std::string reason;
    std::string out;
    std::string notes;
    std::string session;  ///< "open", or why not
};

class SandboxLadder : public testing::SandboxTest {
protected:
    void SetUp() override {}

    // Runs in a child after `arrange` has made it the machine it stands for.
    Outcome on_machine(const std::function<bool()>& arrange, bool consent = false, const std::string& script = {}) {
        const fs::path answer_file = answers_.path() / "answer";
        fs::remove(answer_file);
        const pid_t child = ::fork();
        if (child == 0) {
            if (!arrange()) ::_exit(kCannotArrange);
            report(answer_file, consent, script.empty() ? "echo ran > made; echo ran; id -u" : script);
            ::_exit(0);
        }
        int status = 0;
        EXPECT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_TRUE(WIFEXITED(status)) << status;
        Outcome outcome;
        outcome.arranged = WEXITSTATUS(status) != kCannotArrange;
        if (!outcome.arranged) return outcome;
        std::ifstream stream(answer_file, std::ios::binary);
        for (std::string* field : {&outcome.status, &outcome.tier, &outcome.isolation, &outcome.reason, &outcome.out,
                                   &outcome.notes, &outcome.session}) {
            std::getline(stream, *field, '\0');
        }
        return outcome;
    }

    void report(const fs::path& file, bool consent, const std::string& script) const {
        std::ofstream stream(file, std::ios::binary);
        const auto say = [&](std::string_view text) { stream << text << '\0'; };
        SandboxOptions options;
        options.workspace = root();
        options.box = testing::box_program();
        options.reduced_consent = [consent](const fs::path&) { return consent; };
        auto sandbox = open_sandbox(options);
        if (!sandbox) return say(sandbox.error().message);
        RunSpec spec;
        spec.argv = {"sh", "-c", script};
        spec.limits.wall = std::chrono::seconds(60);
        const auto result = (*sandbox)->run(spec);
        if (!result) return say(result.error().message);
        std::string notes;
        for (const std::string& note : result->notes) notes += note + "\n";
        for (const std::string_view text :
             {name(result->status), std::string_view(result->tier), std::string_view(result->isolation),
              std::string_view(result->reason), std::string_view(result->out), std::string_view(notes)}) {
            say(text);
        }
        const auto session = (*sandbox)->open(spec);
        say(session ? "open" : session.error().message + "; " + session.error().remedy);
    }

    void expect_refusal(const Outcome& outcome, const std::string& cause, const std::string& remedy) const {
        EXPECT_EQ(outcome.status, "sandbox_error");
        EXPECT_EQ(outcome.tier, "D");
        EXPECT_EQ(outcome.isolation, "none");
        EXPECT_THAT(outcome.reason, AllOf(HasSubstr(cause), HasSubstr(remedy)));
        EXPECT_THAT(outcome.session, AllOf(HasSubstr(cause), HasSubstr(remedy)));
        EXPECT_THAT(outcome.out, IsEmpty());
        EXPECT_FALSE(fs::exists(root() / "made")) << "something ran";
    }

    void expect_reduced(const Outcome& outcome) const {
        EXPECT_EQ(outcome.status, "ok") << outcome.reason;
        EXPECT_EQ(outcome.tier, "C");
        EXPECT_EQ(outcome.isolation, "reduced");
        EXPECT_THAT(outcome.notes, HasSubstr("isolation is reduced"));
        EXPECT_THAT(outcome.out, HasSubstr("ran\n"));
        EXPECT_EQ(outcome.session, "open");
        EXPECT_FALSE(fs::exists(root() / "made")) << "the real workspace was touched";
    }

    TempDir answers_ = std::move(*TempDir::create());
};

TEST_F(SandboxLadder, AMachineThatLacksNothingIsolatesFully) {
    const Outcome outcome = on_machine([] { return true; });
    EXPECT_EQ(outcome.status, "ok") << outcome.reason;
    EXPECT_THAT(outcome.tier, AnyOf("A", "A+"));
    EXPECT_EQ(outcome.isolation, "full");
    EXPECT_EQ(outcome.session, "open");
}

TEST_F(SandboxLadder, ConsentDoesNotReduceWhatWorks) {
    const Outcome outcome = on_machine([] { return true; }, true);
    EXPECT_THAT(outcome.tier, AnyOf("A", "A+"));
    EXPECT_EQ(outcome.isolation, "full");
}

TEST_F(SandboxLadder, WithUserNamespacesSwitchedOffAnOrdinaryUserIsRefused) {
    if (::geteuid() == 0) GTEST_SKIP() << "root needs no user namespace; the next test";
    const auto off = [] { return own_mounts() && put("/proc/sys/user/max_user_namespaces", "0"); };
    const Outcome outcome = on_machine(off);
    if (!outcome.arranged) GTEST_SKIP() << "user namespaces cannot be arranged here";
    expect_refusal(outcome, "user.max_user_namespaces is 0", "sudo sysctl user.max_user_namespaces=10000");
    if (reduced_possible()) expect_reduced(on_machine(off, true));
}

TEST_F(SandboxLadder, WithUserNamespacesSwitchedOffRootStillIsolates) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    const Outcome outcome = on_machine([] { return own_users(0) && put("/proc/sys/user/max_user_namespaces", "0"); });
    if (!outcome.arranged) GTEST_SKIP() << "user namespaces cannot be arranged here";
    EXPECT_EQ(outcome.status, "ok") << outcome.reason;
    EXPECT_EQ(outcome.isolation, "full");
    EXPECT_THAT(outcome.out, AllOf(HasSubstr("ran\n"), Not(HasSubstr("\n0\n"))));
}

TEST_F(SandboxLadder, AContainersFilterIsNamedAndNothingRuns) {
    const Outcome outcome = on_machine(like_docker);
    expect_refusal(outcome, "no namespaces can be made here", "");
    EXPECT_THAT(outcome.reason, AnyOf(HasSubstr("container"), HasSubstr("system-call filter")));
    EXPECT_EQ(outcome.reason.find("edgecoder consent reduced") != std::string::npos, reduced_possible());
}

TEST_F(SandboxLadder, UnderAContainersFilterConsentGivesTheReducedTier) {
    if (!reduced_possible()) GTEST_SKIP() << "this kernel's Landlock is older than version 6";
    expect_reduced(on_machine(like_docker, true));
}

TEST_F(SandboxLadder, WhereNotEvenTheBoxCanBeStartedNothingRunsConsentOrNot) {
    for (const bool consent : {false, true}) {
        const Outcome outcome = on_machine([] { return answer({{SYS_clone3, EPERM}}, true); }, consent);
        EXPECT_EQ(outcome.status, "sandbox_error");
        EXPECT_EQ(outcome.isolation, "none");
        EXPECT_THAT(outcome.reason, HasSubstr("cannot start"));
        EXPECT_FALSE(fs::exists(root() / "made"));
    }
}

TEST_F(SandboxLadder, NamespacesWithoutRightsInThemAreRefusedAsUnderAppArmor) {
    for (const long call : {SYS_mount, SYS_pivot_root, SYS_open_tree, SYS_move_mount, SYS_mount_setattr}) {
        const Outcome outcome = on_machine([call] { return answer({{call, EACCES}}); });
        expect_refusal(outcome, "no file tree can be built here", "");
        EXPECT_THAT(outcome.reason, AnyOf(HasSubstr("container"), HasSubstr("profile"))) << call;
    }
    if (reduced_possible()) expect_reduced(on_machine([] { return answer({{SYS_mount, EACCES}}); }, true));
}

TEST_F(SandboxLadder, ACallThatTheKernelDoesNotHaveIsARefusalAndNoWeakerSandbox) {
    for (const long call : {SYS_openat2, SYS_open_tree, SYS_move_mount, SYS_mount_setattr}) {
        const Outcome outcome = on_machine([call] { return answer({{call, ENOSYS}}); });
        expect_refusal(outcome, "no file tree can be built here", "");
    }
}

TEST_F(SandboxLadder, WithoutLandlockTheMountsHoldAloneAndTheResultSaysSo) {
    const auto without = [](std::vector<Refusal> more, bool namespaces) {
        more.push_back({444, ENOSYS});
        more.push_back({445, ENOSYS});
        more.push_back({446, ENOSYS});
        return answer(more, namespaces);
    };
    const Outcome outcome = on_machine([&] { return without({}, false); });
    EXPECT_EQ(outcome.status, "ok") << outcome.reason;
    EXPECT_THAT(outcome.tier, AnyOf("A", "A+"));
    EXPECT_THAT(outcome.notes, HasSubstr("no Landlock"));
    const Outcome nothing = on_machine([&] { return without({{SYS_clone3, ENOSYS}}, true); }, true);
    expect_refusal(nothing, "no namespaces can be made here", "");
    EXPECT_THAT(nothing.reason, HasSubstr("needs Landlock of version 6, and this kernel has none"));
}

TEST_F(SandboxLadder, WithoutProcNothingRunsWhoseProcessesNobodyCouldCount) {
    const Outcome outcome =
        on_machine([] { return own_mounts() && ::mount("tmpfs", "/proc", "tmpfs", 0, nullptr) == 0; });
    if (!outcome.arranged) GTEST_SKIP() << "mounts cannot be arranged here";
    expect_refusal(outcome, "there is no /proc", "mount -t proc proc /proc");
}

class MaskedProc : public SandboxLadder {
protected:
    static bool masked() {
        if (!own_mounts() || ::mount("tmpfs", "/proc/sys", "tmpfs", MS_RDONLY, nullptr) != 0) return false;
        if (::geteuid() != 0) return true;
        return own_users(CLONE_NEWNS);  // as root of a container: there the mask binds
    }
};

TEST_F(MaskedProc, ProgramsRunWithoutProcAndTheResultSaysSo) {
    const Outcome outcome = on_machine(masked, false, "ls /proc; echo ran; id -u");
    if (!outcome.arranged) GTEST_SKIP() << "mounts cannot be arranged here";
    EXPECT_EQ(outcome.status, "ok") << outcome.reason;
    EXPECT_EQ(outcome.isolation, "full");
    EXPECT_EQ(outcome.out, "ran\n1000\n") << "not as root, with a user namespace of its own";
    EXPECT_THAT(outcome.notes, HasSubstr("/proc is masked here"));
}

TEST_F(MaskedProc, MemoryOverForksIsStillLimited) {
    const Outcome outcome = on_machine(masked, false,
                                       "python3 -c \"\n"
                                       "import os,time\n"
                                       "for i in range(8):\n"
                                       "    if os.fork()==0:\n"
                                       "        x=bytearray(150<<20)\n"
                                       "        for i in range(0,len(x),4096): x[i]=1\n"
                                       "        time.sleep(60)\n"
                                       "time.sleep(60)\"");
    if (!outcome.arranged) GTEST_SKIP() << "mounts cannot be arranged here";
    EXPECT_EQ(outcome.status, "memory") << outcome.reason;
}

TEST_F(MaskedProc, ProcessesAreStillLimited) {
    const Outcome outcome = on_machine(masked, false,
                                       "python3 -c \"\n"
                                       "import os,time\n"
                                       "while True:\n"
                                       "    try: os.fork()\n"
                                       "    except OSError: time.sleep(0.01)\"");
    if (!outcome.arranged) GTEST_SKIP() << "mounts cannot be arranged here";
    EXPECT_EQ(outcome.status, "pids") << outcome.reason;
}

TEST_F(SandboxLadder, AReadOnlySysLeavesNoControlGroupAndTheResultSaysSo) {
    const Outcome outcome = on_machine([] {
        struct {
            std::uint64_t set, clear, propagation, userns;
        } read_only{MS_RDONLY, 0, 0, 0};
        return own_mounts() && ::syscall(SYS_mount_setattr, AT_FDCWD, "/sys", 0x8000 /* AT_RECURSIVE */, &read_only,
                                         sizeof read_only) == 0;
    });
    if (!outcome.arranged) GTEST_SKIP() << "mounts cannot be arranged here";
    EXPECT_EQ(outcome.status, "ok") << outcome.reason;
    EXPECT_EQ(outcome.tier, "A");
    EXPECT_THAT(outcome.notes, HasSubstr("no memory control group"));
}

TEST_F(SandboxLadder, AControlGroupThatCannotBeHadLowersTheTierInWords) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    // A memory hierarchy that looks like one and in which no group takes a limit.
    const Outcome outcome = on_machine([] {
        return fs::exists("/sys/fs/cgroup/memory/tasks") && own_mounts() &&
               ::mount("tmpfs", "/sys/fs/cgroup/memory", "tmpfs", 0, nullptr) == 0 &&
               put("/sys/fs/cgroup/memory/tasks", "");
    });
    if (!outcome.arranged) GTEST_SKIP() << "no version 1 memory groups here";
    EXPECT_EQ(outcome.status, "ok") << outcome.reason;
    EXPECT_EQ(outcome.tier, "A");
    EXPECT_THAT(outcome.notes, HasSubstr("no memory control group"));
}

TEST_F(SandboxLadder, AProbeThatFailsSaysWhyAndWhatHelps) {
    const pid_t child = ::fork();
    if (child == 0) {
        if (!like_docker()) ::_exit(kCannotArrange);
        const auto probe = probe_isolation(testing::box_program());
        if (probe || probe.error().code != ErrorCode::unavailable || probe.error().remedy.empty()) ::_exit(1);
        if (!reduced_possible()) ::_exit(0);
        const auto reduced = probe_isolation(testing::box_program(), true);
        if (!reduced || reduced->tier != "C" || reduced->isolation != "reduced") ::_exit(2);
        if (reduced->cause.empty() || reduced->remedy.empty() || reduced->notes.empty()) ::_exit(3);
        ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(SandboxLadder, AProbeOfAMachineThatIsolatesSurvivesItsOwnAttack) {
    const auto probe = probe_isolation(testing::box_program());
    ASSERT_TRUE(probe) << probe.error().message;
    EXPECT_EQ(probe->isolation, "full");
}

}  // namespace
}  // namespace ec::executor
