// What an editor is shown.
#include "acp/encode.hpp"

#include <gtest/gtest.h>

#include "acp/prompt_text.hpp"

namespace ec::apps::acp {
namespace {

TEST(AcpEncode, OneStepOfAPlanIsInProgressAndFailedOnesAreOver) {
    using State = agent::PlanStep::State;
    const json::Object update = plan_update(
        {{{"a", State::done}, {"b", State::failed}, {"c", State::doing}, {"d", State::doing}, {"e", State::pending}},
         {}});
    std::vector<std::string> states;
    for (const json::Value& entry : update.at("entries").as_array())
        states.emplace_back(entry.at("status").as_string());
    EXPECT_EQ(states, (std::vector<std::string>{"completed", "completed", "in_progress", "pending", "pending"}));
}

TEST(AcpEncode, ADiffHasTheWholeTextsAndNoneForANewFile) {
    EXPECT_EQ(diff_content("/p", {"a/b", "old", "new", false, false}),
              (json::Object{{"type", "diff"}, {"path", "/p/a/b"}, {"newText", "new"}, {"oldText", "old"}}));
    EXPECT_TRUE(diff_content("/p", {"a", "", "new", true, false}).at("oldText").is_null());
}

TEST(AcpEncode, OutputCannotCloseItsFence) {
    const json::Object content = fenced_content("a\n````\nb");
    const std::string text(content.at("content").at("text").as_string());
    EXPECT_TRUE(text.starts_with("`````\n")) << text;
    EXPECT_TRUE(text.ends_with("\n`````")) << text;
}

TEST(AcpEncode, AToolCallHasTheKindAndThePlaceOfWhatItDoes) {
    const ToolCall read = described("read", {{"path", "src/../a.py"}, {"from", 7}}, "/p");
    EXPECT_EQ(read.kind, "read");
    EXPECT_EQ(read.locations, (json::Array{json::Object{{"path", "/p/a.py"}, {"line", 7}}}));
    EXPECT_EQ(described("run", {{"command", "make"}}, "/p").title, "make");
    EXPECT_EQ(described("run", {{"command", "make"}}, "/p").kind, "execute");
    EXPECT_EQ(described("search", {{"query", "x"}}, "/p").kind, "search");
    EXPECT_EQ(described("edit_file", {{"path", "/q/a"}}, "/p").kind, "edit");
    EXPECT_EQ(described("dance", {{"path", 7}}, "/p").kind, "other");
}

TEST(AcpEncode, AnEarlierConversationIsToldWithThePersonsOwnWords) {
    const std::vector<model::Message> conversation = {
        {model::Role::system, "system", {}, {}},
        {model::Role::user, "do it\n\nTest command: x", {}, {}},
        {model::Role::assistant, "looking", {{"c1", "read", {{"path", "a"}}}}, {}},
        {model::Role::tool, "text of a", {}, "c1"},
        {model::Role::user, "The tests fail", {}, {}},
        {model::Role::assistant, "done", {}, {}},
    };
    const auto updates = replay(conversation, {{0, "do it"}, {9, "and more"}}, "/p");
    std::vector<std::string> kinds;
    for (const json::Object& update : updates) kinds.emplace_back(update.at("sessionUpdate").as_string());
    EXPECT_EQ(kinds, (std::vector<std::string>{"user_message_chunk", "agent_message_chunk", "tool_call",
                                               "tool_call_update", "agent_message_chunk", "user_message_chunk"}));
    EXPECT_EQ(updates.front().at("content").at("text"), "do it");
    EXPECT_EQ(updates[2].at("toolCallId"), updates[3].at("toolCallId"));
}

struct Uri {
    const char* uri;
    const char* path;
    const char* lines;
};
class AcpAttachment : public ::testing::TestWithParam<Uri> {};
TEST_P(AcpAttachment, IsAFileOfTheProjectOrNone) {
    const Attachment found = attachment(GetParam().uri, "/tmp");
    EXPECT_EQ(found.path, GetParam().path);
    EXPECT_EQ(found.lines, GetParam().lines);
    EXPECT_FALSE(found.shown.empty());
}
INSTANTIATE_TEST_SUITE_P(
    OfUris, AcpAttachment,
    ::testing::Values(Uri{"file:///tmp/a.py", "a.py", ""}, Uri{"file://localhost/tmp/a.py", "a.py", ""},
                      Uri{"file:///tmp/a%20b/%C3%A4", "a b/\xc3\xa4", ""}, Uri{"file:///tmp/a#L10-20", "a", "10-20"},
                      Uri{"file:///tmp/a#L10:20", "a", "10-20"}, Uri{"file:///tmp/a?symbol=x#L3", "a", "3"},
                      Uri{"file:///tmp/a#top", "a", ""}, Uri{"file:///tmp", "", ""},
                      Uri{"file:///tmp/../etc/passwd", "", ""}, Uri{"file:///tmp/%2e%2e/etc/passwd", "", ""},
                      Uri{"file:///tmp/a%00b", "", ""}, Uri{"file:///tmp/%zz", "", ""},
                      Uri{"file://elsewhere/tmp/a", "", ""}, Uri{"https://example.com/tmp/a", "", ""},
                      Uri{"/tmp/a", "", ""}));

}  // namespace
}  // namespace ec::apps::acp
