// A policy as a program in the sandbox meets it.
#include <gmock/gmock.h>

#include "sandbox_fixture.hpp"

namespace ec::executor::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A variable of this process for the length of a test.
class Variable {
public:
    Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
    ~Variable() { ::unsetenv(name_); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

private:
    const char* name_;
};

class PolicySandboxTest : public SandboxTest {
protected:
    void with(SandboxPolicy policy) {
        SandboxOptions options;
        options.workspace = root();
        options.box = box_program();
        options.policy = std::move(policy);
        auto opened = open_sandbox(options);
        ASSERT_TRUE(opened) << opened.error().message;
        sandbox_ = std::move(*opened);
    }

    // A folder of the host beside the workspace, readable by everybody.
    std::string host_folder(const std::string& file, std::string_view content, unsigned mode = 0644) {
        const auto path = std::filesystem::canonical(host_.path());
        std::filesystem::permissions(path, std::filesystem::perms(0755));
        std::ofstream(path / file) << content;
        std::filesystem::permissions(path / file, std::filesystem::perms(mode));
        return path.string();
    }

    TempDir host_ = std::move(*TempDir::create());
};

TEST_F(PolicySandboxTest, AReadOnlyPathIsShownAndCannotBeWritten) {
    const std::string folder = host_folder("data.txt", "shown");
    EXPECT_EQ(sh("cat " + folder + "/data.txt").status, RunStatus::failed);
    SandboxPolicy policy;
    policy.read_only = {folder};
    with(policy);
    EXPECT_EQ(sh("cat " + folder + "/data.txt").out, "shown");
    EXPECT_EQ(sh("echo x > " + folder + "/new").status, RunStatus::failed);
    EXPECT_FALSE(std::filesystem::exists(folder + "/new"));
}

TEST_F(PolicySandboxTest, ALanguageComesFirstInThePath) {
    const std::string folder = host_folder("python3", "#!/bin/sh\necho ours\n", 0755);
    SandboxPolicy policy;
    policy.languages = {{"python", {{folder}, {folder}}}};
    with(policy);
    EXPECT_EQ(run({"python3"}).out, "ours\n");
}

TEST_F(PolicySandboxTest, WithoutDiscoveryOnlyWhatIsNamedIsShown) {
    const std::string folder = host_folder("tool", "#!/bin/sh\necho tool\n", 0755);
    const std::string before = std::getenv("PATH");
    const auto restore = [&] { ::setenv("PATH", before.c_str(), 1); };
    ::setenv("PATH", (folder + ":" + before).c_str(), 1);
    with({});
    EXPECT_EQ(sh("tool").out, "tool\n");
    SandboxPolicy policy;
    policy.discover = false;
    with(policy);
    restore();
    EXPECT_EQ(sh("tool").status, RunStatus::failed);
    EXPECT_EQ(sh("test -e " + folder).status, RunStatus::failed);
    EXPECT_TRUE(sh("ls /usr > /dev/null").ok());
}

TEST_F(PolicySandboxTest, OnlyAllowedVariablesArePassed) {
    const Variable one("EC_POLICY_ONE", "1");
    const Variable two("EC_OTHER", "2");
    const Variable three("PYTHONPATH", "/p");
    SandboxPolicy policy;
    policy.environment = {"EC_POLICY_*"};
    with(policy);
    const std::string seen = sh("env").out;
    EXPECT_THAT(seen, HasSubstr("EC_POLICY_ONE=1"));
    EXPECT_THAT(seen, Not(HasSubstr("EC_OTHER")));
    EXPECT_THAT(seen, Not(HasSubstr("PYTHONPATH")));
    EXPECT_THAT(seen, HasSubstr("PATH="));
    EXPECT_THAT(seen, HasSubstr("HOME=/tmp/home"));
}

TEST_F(PolicySandboxTest, ASecretBehindAPatternStaysOut) {
    const Variable secret("EC_POLICY_TOKEN", "s3cret");
    SandboxPolicy policy;
    policy.environment = {"EC_POLICY_*"};
    with(policy);
    EXPECT_THAT(sh("env").out, Not(HasSubstr("s3cret")));
}

TEST_F(PolicySandboxTest, ARunThatAsksForMoreGetsTheCeiling) {
    SandboxPolicy policy;
    policy.limits.wall_seconds.ceiling = 1;
    with(policy);
    RunSpec spec;
    spec.argv = {"sleep", "100"};
    spec.limits.wall = std::chrono::hours(1);
    EXPECT_EQ(run(spec).status, RunStatus::timeout);
    spec.limits.wall = std::chrono::milliseconds(0);
    EXPECT_EQ(run(spec).status, RunStatus::timeout);
    policy = {};
    policy.limits.new_files_mb.ceiling = 1;
    with(policy);
    EXPECT_EQ(sh("head -c 3000000 /dev/zero > big").status, RunStatus::disk);
}

TEST_F(PolicySandboxTest, ASessionKeepsWithinTheCeilingToo) {
    SandboxPolicy policy;
    policy.limits.wall_seconds.ceiling = 1;
    with(policy);
    RunSpec spec;
    spec.argv = {"sleep", "100"};
    spec.limits.wall = std::chrono::milliseconds(0);
    auto session = sandbox_->open(spec);
    ASSERT_TRUE(session) << session.error().message;
    EXPECT_FALSE((*session)->receive(std::chrono::minutes(2)));
    EXPECT_EQ((*session)->finish(std::chrono::minutes(1)).status, RunStatus::timeout);
}

TEST_F(PolicySandboxTest, ALinkInTheProjectDoesNotDecideWhatIsShown) {
    const std::string folder = host_folder("data.txt", "private");
    std::filesystem::create_symlink(folder, root() / "link");
    SandboxPolicy policy;
    policy.read_only = {(root() / "link").string()};
    with(policy);
    EXPECT_EQ(sh("cat link/data.txt").status, RunStatus::failed);
    EXPECT_EQ(sh("cat " + folder + "/data.txt").status, RunStatus::failed);
}

TEST_F(PolicySandboxTest, APolicyThatShowsAForbiddenPlaceOpensNothing) {
    SandboxPolicy policy;
    std::filesystem::create_symlink("/etc", std::filesystem::canonical(host_.path()) / "link");
    policy.read_only = {(std::filesystem::canonical(host_.path()) / "link").string()};
    SandboxOptions options;
    options.workspace = root();
    options.box = box_program();
    options.policy = policy;
    const auto opened = open_sandbox(options);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::invalid_argument);
    EXPECT_THAT(opened.error().message, HasSubstr("leads to /etc"));
}

}  // namespace
}  // namespace ec::executor::testing
