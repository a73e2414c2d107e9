// A system for which there is no sandbox, built for real.
#include <gtest/gtest.h>

#include <ec/executor/sandbox.hpp>

namespace ec::executor {
namespace {

TEST(UnsupportedSystem, RefusesWithTheReasonAndTheRemedy) {
    SandboxOptions options;
    options.workspace = "/tmp/project";
    const auto sandbox = open_sandbox(options);
    ASSERT_FALSE(sandbox);
    EXPECT_EQ(sandbox.error().code, ErrorCode::unavailable);
    EXPECT_NE(sandbox.error().message.find("no sandbox for this operating system"), std::string::npos);
    EXPECT_FALSE(sandbox.error().remedy.empty());
    const auto isolation = probe_isolation();
    ASSERT_FALSE(isolation);
    EXPECT_EQ(isolation.error().code, ErrorCode::unavailable);
    EXPECT_EQ(name(RunStatus::sandbox_error), "sandbox_error");
}

}  // namespace
}  // namespace ec::executor
