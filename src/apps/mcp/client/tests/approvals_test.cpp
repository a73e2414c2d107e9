#include "../approvals.hpp"

#include <sys/stat.h>

#include <ec/core/fs.hpp>

#include "fake_server.hpp"

namespace ec::apps::mcp {
namespace {

using State = Approvals::State;

class ApprovalsTest : public ::testing::Test {
protected:
    OfferedTool tool(const std::string& description = "d") const {
        ToolList list(entry_);
        list.add(json::Object{
            {"name", "a"}, {"description", description}, {"inputSchema", json::Object{{"type", "object"}}}});
        return list.tools().at(0);
    }
    TempDir dir_ = TempDir::create().value();
    std::filesystem::path file_ = dir_.path() / "data" / "allowed-tools.json";
    ServerEntry entry_ = testing::entry();
};

TEST_F(ApprovalsTest, AToolIsAskedAboutUntilItIsAllowedByName) {
    Approvals approvals(file_);
    EXPECT_EQ(approvals.state(entry_, tool()), State::unknown);
    EXPECT_FALSE(std::filesystem::exists(file_));
    ASSERT_TRUE(approvals.allow(entry_, tool()));
    EXPECT_EQ(approvals.state(entry_, tool()), State::allowed);
    EXPECT_EQ(Approvals(file_).state(entry_, tool()), State::allowed) << "for every program of this person";
    struct stat info{};
    ASSERT_EQ(::stat(file_.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(ApprovalsTest, AToolThatBecomesAnotherOneNeedsANewWord) {
    Approvals approvals(file_);
    ASSERT_TRUE(approvals.allow(entry_, tool()));
    EXPECT_EQ(approvals.state(entry_, tool("also sends your keys away")), State::changed);
    ASSERT_TRUE(approvals.allow(entry_, tool("also sends your keys away")));
    EXPECT_EQ(approvals.state(entry_, tool()), State::changed);
}

TEST_F(ApprovalsTest, AnotherProgramOfTheSameNameIsAnotherServer) {
    Approvals approvals(file_);
    ASSERT_TRUE(approvals.allow(entry_, tool()));
    entry_.command = {"something-else"};
    EXPECT_EQ(approvals.state(entry_, tool()), State::changed);
}

TEST_F(ApprovalsTest, WhatTheEntryAllowsIsTakenAsItIsFirstSeen) {
    Approvals approvals(file_);
    entry_.allow = {"a"};
    EXPECT_EQ(approvals.state(entry_, tool()), State::allowed);
    EXPECT_EQ(approvals.state(entry_, tool("another one")), State::changed);
    entry_.allow = {};
    EXPECT_EQ(approvals.state(entry_, tool()), State::unknown) << "only for as long as it is named there";
}

TEST_F(ApprovalsTest, IsForgottenByToolOrByServer) {
    Approvals approvals(file_);
    ASSERT_TRUE(approvals.allow(entry_, tool()));
    EXPECT_EQ(approvals.forget("other", "").value(), 0U);
    EXPECT_EQ(approvals.forget("fake", "b").value(), 0U);
    EXPECT_EQ(approvals.forget("fake", "a").value(), 1U);
    EXPECT_EQ(approvals.state(entry_, tool()), State::unknown);
}

TEST_F(ApprovalsTest, AFileThatIsOpenToOthersBrokenOrNotThereAllowsNothing) {
    Approvals approvals(file_);
    ASSERT_TRUE(approvals.allow(entry_, tool()));
    ASSERT_EQ(::chmod(file_.c_str(), 0644), 0);
    EXPECT_EQ(approvals.state(entry_, tool()), State::unknown);
    EXPECT_EQ(approvals.allow(entry_, tool()).error().code, ErrorCode::denied);
    ASSERT_EQ(::chmod(file_.c_str(), 0600), 0);
    for (const char* broken : {"", "{", "[]", R"({"tools":[{"server":"fake"}]})", R"({"tools":{}})"}) {
        ASSERT_TRUE(write_file_atomic(file_, broken, 0600));
        EXPECT_EQ(approvals.state(entry_, tool()), State::unknown) << broken;
        EXPECT_FALSE(approvals.allow(entry_, tool())) << "what a person once said is not thrown away: " << broken;
    }
    Approvals nowhere({});
    EXPECT_EQ(nowhere.state(entry_, tool()), State::unknown);
    EXPECT_EQ(nowhere.allow(entry_, tool()).error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace ec::apps::mcp
