// Which folder the agent works in, and what of a conversation is its task.
#include "ide/agent_rooms.hpp"

#include <gtest/gtest.h>

#include <ec/core/fs.hpp>

namespace ec::apps::ide {
namespace {

namespace fs = std::filesystem;

class Workspaces : public ::testing::Test {
protected:
    void SetUp() override {
        for (const char* name : {"root/inside", "root-beside", "outside"}) fs::create_directories(base_ / name);
        fs::create_directory_symlink(base_ / "outside", base_ / "root/link");
        fs::create_directory_symlink(base_ / "root/inside", base_ / "way-in");
        ASSERT_TRUE(write_file_atomic(base_ / "root/file", "x", 0600));
    }
    [[nodiscard]] std::string code(const fs::path& named, std::vector<fs::path> roots) const {
        const auto found = workspace_of(named.string(), roots);
        return found ? found->string() : found.error().code;
    }

    TempDir dir_ = TempDir::create().value();
    fs::path base_ = fs::canonical(dir_.path());
};

TEST_F(Workspaces, AreRootsAndWhatIsInThem) {
    const std::vector<fs::path> roots{base_ / "root"};
    EXPECT_EQ(code(base_ / "root", roots), base_ / "root");
    EXPECT_EQ(code(base_ / "root/inside/", roots), base_ / "root/inside");
    EXPECT_EQ(code(base_ / "way-in", roots), base_ / "root/inside");
    EXPECT_EQ(code("", roots), base_ / "root");
}

TEST_F(Workspaces, AreNothingElse) {
    const std::vector<fs::path> roots{base_ / "root"};
    for (const char* name : {"root-beside", "outside", "root/link", "root/../outside", "root/file", "root/none", "roo"})
        EXPECT_EQ(code(base_ / name, roots), "workspace_denied") << name;
    EXPECT_EQ(code("/", roots), "workspace_denied");
    EXPECT_EQ(code("root", roots), "invalid_workspace");
    EXPECT_EQ(code(base_ / "root", {}), "no_workspace");
    EXPECT_EQ(code("", {base_ / "root", base_ / "outside"}), "workspace_required");
}

TEST(Tasks, AreWhatTheUserSaidLastWithWhatWasSaidBefore) {
    using model::Role;
    const auto say = [](Role role, std::string text) { return model::Message{role, std::move(text), {}, {}}; };
    EXPECT_EQ(task_of({say(Role::system, "s"), say(Role::user, "do it")}), "do it");
    EXPECT_EQ(task_of({say(Role::system, "s"), say(Role::user, "a"), say(Role::assistant, "b"), say(Role::user, "c")}),
              "c\n\nWhat was said before:\nuser: a\nassistant: b\n");
    EXPECT_EQ(task_of({say(Role::system, "s")}), "");
    const std::string task = task_of({say(Role::user, std::string(1 << 20, 'x')), say(Role::user, "c")});
    EXPECT_EQ(task, "c");
}

}  // namespace
}  // namespace ec::apps::ide
