// A look at the machine that notices nothing would make every attack test pass.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <ec/core/fs.hpp>

#include "machine_snapshot.hpp"

namespace ec::executor::testing {
namespace {

using ::testing::HasSubstr;

class MachineSnapshotTest : public ::testing::Test {
protected:
    [[nodiscard]] MachineSnapshot take() const { return MachineSnapshot::take(dir_.path(), {}, mark_); }

    TempDir dir_ = std::move(*TempDir::create());
    std::string mark_ = "ec-snapshot-" + std::to_string(::getpid());
};

TEST_F(MachineSnapshotTest, NothingDoneIsNoDifference) { EXPECT_EQ(take().difference(take()), ""); }

TEST_F(MachineSnapshotTest, EveryKindOfLeftoverIsNoticed) {
    const MachineSnapshot before = take();
    const pid_t child = ::fork();
    if (child == 0) {
        for (;;) ::pause();
    }
    const int file = ::open((dir_.path() / "left").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    mark_.copy(address.sun_path + 1, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address),
                     static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + mark_.size())),
              0);
    const std::string planted = "/tmp/" + mark_;
    ASSERT_TRUE(write_file_atomic(planted, "x"));
    const int segment = ::shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
    ASSERT_GE(segment, 0);

    const std::string difference = before.difference(take());
    EXPECT_FALSE(await_descendants({}, std::chrono::seconds(0)));
    ::kill(child, SIGKILL);
    EXPECT_TRUE(await_descendants({}, std::chrono::seconds(60)));
    ::close(file);
    ::close(socket);
    std::filesystem::remove(planted);
    std::filesystem::remove(dir_.path() / "left");
    ::shmctl(segment, IPC_RMID, nullptr);
    for (const char* kind :
         {"new process: ", "new descriptor: ", "new temporary file: ", "new planted file: ", "new unix socket: "}) {
        EXPECT_THAT(difference, HasSubstr(kind));
    }
    // Started by root, the payload has another uid, and a segment of root's is somebody else's business.
    EXPECT_TRUE(::geteuid() != payload_uid() || difference.find("new shm: ") != std::string::npos) << difference;
    EXPECT_EQ(before.difference(take()), "");
}

// Its size is the payload's uid, and so might be its number or its maker's.
TEST_F(MachineSnapshotTest, SomebodyElsesSharedMemoryIsNoLeftover) {
    if (::geteuid() != 0) GTEST_SKIP() << "what an ordinary user makes has the payload's uid";
    const MachineSnapshot before = take();
    const int segment = ::shmget(IPC_PRIVATE, payload_uid(), IPC_CREAT | SHM_NORESERVE | 0600);
    ASSERT_GE(segment, 0);
    const std::string difference = before.difference(take());
    ::shmctl(segment, IPC_RMID, nullptr);
    EXPECT_EQ(difference, "");
}

}  // namespace
}  // namespace ec::executor::testing
