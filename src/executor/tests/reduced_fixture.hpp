// A sandbox of tier C over a workspace, opened directly: no machine has to be made that needs it.
#pragma once

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "machine.hpp"
#include "reduced_sandbox.hpp"
#include "sandbox_fixture.hpp"

namespace ec::executor::testing {

inline constexpr const char* kReducedCanary = "canary-5b2e77";

// The ids that a program of tier C has here.
inline unsigned inside_uid() { return ::geteuid() == 0 ? payload_uid().value_or(0) : ::geteuid(); }

// A process of the same user as the programs inside, with a secret in its environment.
class Bystander {
public:
    Bystander() : pid_(::fork()) {
        if (pid_ != 0) return;
        const unsigned uid = inside_uid();
        if (::geteuid() == 0 && (::setgid(uid) != 0 || ::setuid(uid) != 0)) ::_exit(1);
        const char* environment[] = {"SECRET=canary-5b2e77", nullptr};
        ::execle("/bin/sleep", "sleep", "600", nullptr, environment);
        ::_exit(1);
    }
    ~Bystander() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    bool alive() const { return ::waitpid(pid_, nullptr, WNOHANG) == 0; }
    pid_t pid() const { return pid_; }

private:
    pid_t pid_;
};

inline bool any_process_with(const std::string& word) {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        std::ifstream stream(entry.path() / "cmdline");
        const std::string text{std::istreambuf_iterator<char>(stream), {}};
        if (text.find(word) != std::string::npos) return true;
    }
    return false;
}

// The kernel takes a moment to take a killed process down; a deadline instead of a guess.
inline bool gone(const std::string& word) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (any_process_with(word)) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::yield();
    }
    return true;
}

class SandboxReduced : public SandboxTest {
protected:
    void SetUp() override {
        if (!reduced_possible()) GTEST_SKIP() << "this kernel's Landlock is older than version 6";
        ASSERT_TRUE(write_file_atomic(outside_.path() / "canary.txt", kReducedCanary, 0644));
        ASSERT_EQ(::chmod(outside_.path().c_str(), 0777), 0);
        open(MemoryGroups::Kind::none);
    }

    // With `none` memory is watched; else the machine's groups are used where it has some.
    void open(MemoryGroups::Kind kind) {
        Layout layout;
        struct stat info{};
        ASSERT_EQ(::stat(root().c_str(), &info), 0);
        layout.workspace = {root(), root(), info.st_uid, info.st_gid, false, {}};
        layout.toolchains = discover_toolchains(root(), {}, {}, {});
        layout.privileged = ::geteuid() == 0;
        layout.drop_uid = layout.privileged ? inside_uid() : 0;
        GroupTree nowhere;
        nowhere.mount = "/nonexistent";
        auto groups = kind == MemoryGroups::Kind::none ? std::make_shared<MemoryGroups>(nowhere)
                                                       : std::make_shared<MemoryGroups>();
        auto opened = open_reduced(testing::box_program(), std::move(layout), std::move(groups));
        ASSERT_TRUE(opened) << opened.error().message;
        sandbox_ = std::move(*opened);
    }

    std::string canary() const { return std::filesystem::canonical(outside_.path() / "canary.txt").string(); }

    RunResult attack(const std::string& program) {
        RunSpec spec;
        spec.argv = {"python3", "-c", program};
        spec.environment = {{"C", canary()}, {"D", outside_.path().string()}, {"B", std::to_string(bystander_.pid())}};
        RunResult result = run(std::move(spec));
        EXPECT_THAT(result.out, ::testing::Not(::testing::HasSubstr(kReducedCanary)));
        EXPECT_THAT(result.err, ::testing::Not(::testing::HasSubstr(kReducedCanary)));
        EXPECT_EQ(result.tier, "C");
        EXPECT_EQ(result.isolation, "reduced");
        return result;
    }

    TempDir outside_ = std::move(*TempDir::create());
    Bystander bystander_;
};

}  // namespace ec::executor::testing
