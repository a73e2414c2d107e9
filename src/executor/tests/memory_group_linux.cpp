// Control groups. Version 2 against a FAKE tree: a folder of ours with the kernel's file names, because no part of a
// real one is delegated to the machines this runs on. It shows which files are written, with what and in which order,
// and not that a kernel then keeps the limits. Version 1, for real, is in sandbox_limits_test.cpp (as root).
#include <gmock/gmock.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ec/core/fs.hpp>
#include <fstream>

#include "memory_group.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

std::string text_of(const fs::path& path) {
    std::ifstream stream(path);
    return {std::istreambuf_iterator<char>(stream), {}};
}

void put(const fs::path& path, std::string_view text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
}

class FakeGroupTree : public ::testing::Test {
protected:
    void SetUp() override {
        put(dir_.path() / "membership", "0::/user.slice/app.slice/run.scope\n");
        delegate("user.slice/app.slice", "cpu memory pids");
        fs::create_directories(mount() / "user.slice/app.slice/run.scope");
    }
    void TearDown() override {
        if (watch_ >= 0) ::close(watch_);
    }

    fs::path mount() const { return dir_.path() / "cgroup"; }
    void delegate(const fs::path& group, std::string_view controllers) {
        put(mount() / group / "cgroup.subtree_control", std::string(controllers) + "\n");
        put(mount() / group / "cgroup.procs", "");
    }

    GroupTree tree() {
        GroupTree tree;
        tree.mount = mount();
        tree.membership = dir_.path() / "membership";
        tree.make = [this](const fs::path& path) {
            if (!fs::create_directory(path)) return false;
            for (const char* file : {"cgroup.kill", "cgroup.events", "cgroup.procs", "memory.max", "memory.swap.max",
                                     "memory.oom.group", "memory.events", "memory.peak", "pids.max"}) {
                put(path / file, "");
            }
            put(path / "memory.events", "low 0\noom 0\noom_kill 0\n");
            watch_ = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
            ::inotify_add_watch(watch_, path.c_str(), IN_MODIFY);
            return true;
        };
        tree.discard = [this](const fs::path& path) {
            discarded_.push_back(path.filename().string());
            killed_ = text_of(path / "cgroup.kill");
            fs::remove_all(path);
        };
        return tree;
    }

    // The files written since the group was made, in order.
    std::vector<std::string> written() const {
        std::vector<std::string> names;
        alignas(inotify_event) char buffer[8192];
        for (ssize_t n = 0; (n = ::read(watch_, buffer, sizeof buffer)) > 0;) {
            for (ssize_t at = 0; at < n;) {
                const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
                if (names.empty() || names.back() != event->name) names.emplace_back(event->name);
                at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
            }
        }
        return names;
    }

    TempDir dir_ = std::move(*TempDir::create());
    int watch_ = -1;
    std::vector<std::string> discarded_;
    std::string killed_;
};

TEST_F(FakeGroupTree, AGroupIsMadeBesideOurOwnWhereControllersAreHandedDown) {
    auto groups = std::make_shared<MemoryGroups>(tree());
    ASSERT_EQ(groups->kind(), MemoryGroups::Kind::v2);
    const auto lease = groups->acquire(64 << 20, 32);
    ASSERT_TRUE(lease);
    EXPECT_EQ(lease->path().parent_path(), mount() / "user.slice/app.slice");
}

TEST_F(FakeGroupTree, LimitsAreWrittenSwapFirst) {
    auto groups = std::make_shared<MemoryGroups>(tree());
    const auto lease = groups->acquire(64 << 20, 32);
    ASSERT_TRUE(lease);
    EXPECT_EQ(text_of(lease->path() / "memory.max"), "67108864");
    EXPECT_EQ(text_of(lease->path() / "memory.swap.max"), "0");
    EXPECT_EQ(text_of(lease->path() / "memory.oom.group"), "0");
    EXPECT_EQ(text_of(lease->path() / "pids.max"), "32");
    EXPECT_THAT(written(), ElementsAre("memory.swap.max", "memory.oom.group", "memory.max", "pids.max"));
}

TEST_F(FakeGroupTree, AKillByTheKernelIsSeen) {
    auto groups = std::make_shared<MemoryGroups>(tree());
    const auto lease = groups->acquire(64 << 20, 32);
    ASSERT_TRUE(lease);
    EXPECT_FALSE(lease->use().out_of_memory);
    put(lease->path() / "memory.events", "low 0\noom 1\noom_kill 1\n");
    put(lease->path() / "memory.peak", "67100000");
    EXPECT_TRUE(lease->use().out_of_memory);
    EXPECT_EQ(lease->use().peak_bytes, 67100000U);
}

TEST_F(FakeGroupTree, AnEmptyGroupIsUsedAgainWithNewLimitsAndWasNeverKilled) {
    auto groups = std::make_shared<MemoryGroups>(tree());
    fs::path first;
    {
        const auto lease = groups->acquire(64 << 20, 32);
        ASSERT_TRUE(lease);
        first = lease->path();
        put(first / "cgroup.events", "populated 0\nfrozen 0\n");
    }
    EXPECT_EQ(text_of(first / "cgroup.kill"), "") << "newer kernels kill whatever is started in it later";
    for (const char* file : {"memory.max", "pids.max"}) put(first / file, "");  // the kernel's do not keep a tail
    const auto again = groups->acquire(32 << 20, 8);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->path(), first);
    EXPECT_EQ(text_of(first / "memory.max"), "33554432");
    EXPECT_EQ(text_of(first / "pids.max"), "8");
}

TEST_F(FakeGroupTree, WhatIsLeftInAGroupIsKilledAndTheGroupGoesWithIt) {
    auto groups = std::make_shared<MemoryGroups>(tree());
    fs::path first;
    {
        const auto lease = groups->acquire(64 << 20, 32);
        ASSERT_TRUE(lease);
        first = lease->path();
        put(first / "cgroup.events", "populated 1\nfrozen 0\n");
    }
    EXPECT_EQ(killed_, "1");
    EXPECT_THAT(discarded_, ElementsAre(first.filename().string()));
    const auto again = groups->acquire(32 << 20, 8);
    ASSERT_TRUE(again);
    EXPECT_NE(again->path(), first);
}

TEST_F(FakeGroupTree, AGroupThatIsNotQuiteEmptyAfterTheKillIsRemovedLater) {
    bool busy = true;
    GroupTree reluctant = tree();
    reluctant.discard = [&busy, discard = reluctant.discard](const fs::path& path) {
        if (!busy) discard(path);
    };
    auto groups = std::make_shared<MemoryGroups>(std::move(reluctant));
    fs::path first;
    {
        const auto lease = groups->acquire(64 << 20, 32);
        ASSERT_TRUE(lease);
        first = lease->path();
        put(first / "cgroup.events", "populated 1\nfrozen 0\n");
    }
    EXPECT_TRUE(fs::exists(first));
    busy = false;
    {
        const auto next = groups->acquire(32 << 20, 8);
    }
    EXPECT_FALSE(fs::exists(first));
}

TEST_F(FakeGroupTree, AllGroupsGoWithTheirOwner) {
    auto groups = std::make_shared<MemoryGroups>(tree());
    std::string name;
    {
        const auto lease = groups->acquire(64 << 20, 32);
        ASSERT_TRUE(lease);
        name = lease->path().filename();
    }
    groups.reset();
    EXPECT_THAT(discarded_, ElementsAre(name));
    EXPECT_EQ(killed_, "1");
}

TEST_F(FakeGroupTree, TheGroupsOfAProcessThatWasKilledAreSweptAndThoseOfALivingOneAreNot) {
    const pid_t dead = ::fork();
    if (dead == 0) ::_exit(0);
    ASSERT_EQ(::waitpid(dead, nullptr, 0), dead);
    const fs::path parent = mount() / "user.slice/app.slice";
    const std::string old = "edgecoder-" + std::to_string(dead) + "-0";
    const std::string living = "edgecoder-" + std::to_string(::getppid()) + "-0";
    for (const std::string& name : {old, living}) put(parent / name / "cgroup.kill", "");
    auto groups = std::make_shared<MemoryGroups>(tree());
    groups->sweep();
    EXPECT_THAT(discarded_, ElementsAre(old));
    EXPECT_EQ(killed_, "1");
    EXPECT_TRUE(fs::exists(parent / living));
}

TEST_F(FakeGroupTree, WithoutDelegationThereAreNoGroups) {
    delegate("user.slice/app.slice", "cpu");
    EXPECT_EQ(MemoryGroups(tree()).kind(), MemoryGroups::Kind::none) << "no controllers handed down";
    delegate("user.slice/app.slice", "memory");
    EXPECT_EQ(MemoryGroups(tree()).kind(), MemoryGroups::Kind::none) << "processes could not be limited";
    delegate("user.slice/app.slice", "memory pids");
    put(dir_.path() / "membership", "0::/../elsewhere/run.scope\n");
    EXPECT_EQ(MemoryGroups(tree()).kind(), MemoryGroups::Kind::none) << "our group is not in the tree we see";
    put(dir_.path() / "membership", "");
    EXPECT_EQ(MemoryGroups(tree()).kind(), MemoryGroups::Kind::none) << "no membership is known";
    if (::geteuid() == 0) return;  // whom modes do not stop
    put(dir_.path() / "membership", "0::/user.slice/app.slice/run.scope\n");
    fs::permissions(mount() / "user.slice/app.slice/cgroup.procs", fs::perms::owner_read);
    EXPECT_EQ(MemoryGroups(tree()).kind(), MemoryGroups::Kind::none) << "processes could not be moved";
}

TEST_F(FakeGroupTree, ALimitThatCannotBeWrittenIsNoGroupAtAll) {
    GroupTree broken = tree();
    const auto make = broken.make;
    broken.make = [make](const fs::path& path) {
        const bool made = make(path);
        fs::remove(path / "pids.max");
        return made;
    };
    auto groups = std::make_shared<MemoryGroups>(broken);
    EXPECT_FALSE(groups->acquire(64 << 20, 32));
    EXPECT_EQ(discarded_.size(), 1U);
}

TEST_F(FakeGroupTree, WithBothVersionsTheOneWithMemoryIsTaken) {
    put(dir_.path() / "membership", "4:memory:/jobs\n0::/user.slice/app.slice/run.scope\n");
    put(mount() / "memory/jobs/tasks", "");
    EXPECT_EQ(MemoryGroups(tree()).kind(), MemoryGroups::Kind::v1);
    fs::remove_all(mount() / "memory");
    EXPECT_EQ(MemoryGroups(tree()).kind(), MemoryGroups::Kind::v2);
}

}  // namespace
}  // namespace ec::executor
