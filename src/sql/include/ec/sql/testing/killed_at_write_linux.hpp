// For tests: a process that is killed at its n-th write to the disk. What a `kill -9` can leave there is what is there
// between two writes. No program includes this.
#pragma once

#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>

namespace ec::sql::testing {

inline bool writes_to_disk(std::uint64_t call) {
    return call == SYS_pwrite64 || call == SYS_write || call == SYS_ftruncate || call == SYS_fdatasync ||
           call == SYS_fsync || call == SYS_unlink;
}

/// Runs `work` in a child and kills it in front of its `nth` call that writes (from 1). True: it was killed. False: it
/// ended well before. A child that ends otherwise is a failure of the test. `work` writes on the thread that calls it.
template <class Work>
bool killed_at_write(unsigned nth, Work work) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        ::raise(SIGSTOP);
        ::_exit(work() ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
    for (unsigned seen = 0;;) {
        ::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
        ::waitpid(child, &status, 0);
        if (WIFEXITED(status)) {
            EXPECT_EQ(WEXITSTATUS(status), 0) << "the work itself failed";
            return false;
        }
        if (WIFSIGNALED(status)) return false;
        if (WSTOPSIG(status) != (SIGTRAP | 0x80)) continue;
        __ptrace_syscall_info call{};
        ::ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof call, &call);
        if (call.op != PTRACE_SYSCALL_INFO_ENTRY || !writes_to_disk(call.entry.nr) || ++seen < nth) continue;
        ::kill(child, SIGKILL);
        ::waitpid(child, &status, 0);
        return true;
    }
}

}  // namespace ec::sql::testing
