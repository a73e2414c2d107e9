#include <grp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "attack_fixture.hpp"

namespace ec::executor::testing {
namespace {

namespace fs = std::filesystem;

// x86-64 numbers where a test uses them; the names of errors make the answers readable.
constexpr const char* kPrelude = R"py(
import ctypes, errno, os, sys
C = os.environ['C']; M = os.environ['M']
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def syscall(number, *arguments):
    ctypes.set_errno(0)
    raw = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return libc.syscall(ctypes.c_long(number), *raw)
def error():
    return errno.errorcode.get(ctypes.get_errno(), 'none')
def call(name, number, *arguments):
    result = syscall(number, *arguments)
    print(name, error() if result < 0 else 'DONE')
    return result
def attempt(name, action):
    try: print(name, 'DONE', action())
    except OSError as e: print(name, errno.errorcode.get(e.errno, e.errno))
    except (ValueError, MemoryError) as e: print(name, type(e).__name__)
)py";

}  // namespace

OwnTemporaryFolder::OwnTemporaryFolder() : temporary_(std::move(*TempDir::create("ec-attacks-"))) {
    ::chmod(temporary_.path().c_str(), 0755);
    ::setenv("TMPDIR", temporary_.path().c_str(), 1);
}

OwnTemporaryFolder::~OwnTemporaryFolder() { ::unsetenv("TMPDIR"); }

void AttackTest::SetUp() {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    mark_ = "ec-mark-" + std::to_string(::getpid());
    // Everybody could read and write these: what keeps the payload away is the sandbox and not their owner.
    ASSERT_TRUE(write_file_atomic(outside_.path() / "canary.txt", kCanary, 0644));
    ASSERT_EQ(::chmod((outside_.path() / "canary.txt").c_str(), 0666), 0);
    ASSERT_EQ(::chmod(outside_.path().c_str(), 0777), 0);
    ASSERT_EQ(::setenv("EC_TEST_SECRET_TOKEN", kCanary, 1), 0);
    ASSERT_EQ(::setenv("EC_TEST_PLAIN", kCanary, 1), 0);
    bystander_ = ::fork();
    ASSERT_GE(bystander_, 0);
    if (bystander_ == 0) {
        // The payload's own uid, so that it is not the owner that protects this process.
        if (::geteuid() == 0 && (::setgroups(0, nullptr) != 0 || ::setuid(payload_uid()) != 0)) ::_exit(1);
        ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        for (;;) ::pause();
    }
    remember_machine();
    open();
}

MachineSnapshot AttackTest::snapshot() const {
    return MachineSnapshot::take(temporary_.path(), {dir_.path().string(), outside_.path().string()}, mark_);
}

void AttackTest::remember_machine() { before_ = snapshot(); }

void AttackTest::TearDown() {
    sandbox_.reset();
    EXPECT_TRUE(await_descendants({bystander_}, std::chrono::seconds(60))) << "processes were left behind";
    std::filesystem::remove_all(undo_.path() / "undo");  // written on purpose, by a test that applied something
    EXPECT_EQ(before_.difference(snapshot()), "");
    expect_outside_untouched();
    int status = 0;
    EXPECT_EQ(::waitpid(bystander_, &status, WNOHANG), 0) << "the bystander was ended";
    ::kill(bystander_, SIGKILL);
    ::waitpid(bystander_, &status, 0);
}

void AttackTest::expect_outside_untouched() {
    EXPECT_EQ(read_file(outside_.path() / "canary.txt").value_or("gone"), kCanary);
}

RunResult AttackTest::attack(RunSpec spec) {
    spec.environment.emplace_back("C", canary());
    spec.environment.emplace_back("M", mark_);
    const std::set<std::string> workspace = fingerprint(root());
    const std::set<std::string> outside = fingerprint(outside_.path());
    RunResult result = run(std::move(spec));
    EXPECT_EQ(fingerprint(root()), workspace) << "the real workspace was changed";
    EXPECT_EQ(fingerprint(outside_.path()), outside) << "something outside was changed";
    for (const std::string* text : {&result.out, &result.err}) {
        EXPECT_EQ(text->find(kCanary), std::string::npos) << *text;
    }
    for (const Change& change : result.changes) {
        EXPECT_EQ(change.content.find(kCanary), std::string::npos) << change.path;
        EXPECT_EQ(change.mode & ~0777U, 0U) << change.path;
    }
    return result;
}

RunResult AttackTest::python(const std::string& program, const Limits& limits) {
    RunSpec spec;
    spec.argv = {"python3", "-c", kPrelude + program};
    spec.limits = limits;
    return attack(std::move(spec));
}

RunResult AttackTest::node(const std::string& program, const Limits& limits) {
    RunSpec spec;
    spec.argv = {"node", "-e", program};
    spec.limits = limits;
    return attack(std::move(spec));
}

RunResult AttackTest::shell(const std::string& script, const Limits& limits) {
    RunSpec spec;
    spec.argv = {"sh", "-c", script};
    spec.limits = limits;
    return attack(std::move(spec));
}

}  // namespace ec::executor::testing
