// The JSON lines of docs/events.md.
#include "session/event_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <sstream>

#include "fake_host.hpp"
#include "session/person.hpp"

namespace ec::apps::session {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(EventWriter, WritesWhatTheDocumentShows) {
    const char* source = std::getenv("EC_SOURCE_DIR");
    if (source == nullptr) GTEST_SKIP() << "EC_SOURCE_DIR is not set";
    const Result<std::string> document = read_file(std::filesystem::path(source) / "docs" / "events.md");
    ASSERT_TRUE(document);
    std::ostringstream out;
    EventWriter writer(out);
    for (const agent::AgentEvent& event : every_event()) writer.event(event);
    writer.result({{"status", "done"}});
    const std::string all = out.str();
    for (const std::string_view line : split_lines(all)) {
        // The document leaves out the beginning of the tool and the thought.
        if (line.find("\"started\"") != std::string_view::npos ||
            line.find("\"thinking\":true") != std::string_view::npos)
            continue;
        EXPECT_THAT(*document, HasSubstr(std::string(line) + "\n"));
    }
}

TEST(EventWriter, WritesOneValidLineForAnyText) {
    const std::string bad("\x1b[2J\n\r\x07\0\xff\xc2\x9b\x7f\xe2\x80\xae\xf3\xa0\x80\xa1\"\\é", 24);
    std::ostringstream out;
    EventWriter writer(out);
    writer.event(agent::TextEvent{bad, false});
    writer.event(agent::StageEvent{bad, std::string(1U << 20, 'x')});
    const std::string all = out.str();
    const std::vector<std::string_view> lines = split_lines(all);
    ASSERT_EQ(lines.size(), 2U);
    for (const std::string_view line : lines) EXPECT_TRUE(json::parse(line));
    for (const char* raw : {"\x1b", "\x7f", "\xc2\x9b", "\xe2\x80\xae", "\xf3\xa0\x80\xa1", "\r"})
        EXPECT_THAT(all, Not(HasSubstr(raw)));
    EXPECT_THAT(all, HasSubstr("\\u202e"));
    json::Value value = *json::parse(lines.front());
    json::Reader reader(value);
    EXPECT_EQ(reader.string("text"), to_valid_utf8(bad)) << "nothing is lost by the escapes";
}

TEST(EventWriter, LeavesOutWhatIsNotKnown) {
    std::ostringstream out;
    EventWriter writer(out);
    writer.event(agent::ProgressEvent{"prompt", -1, ""});
    writer.event(agent::UsageEvent{1, 0, 2, 1, 0.5, std::nullopt});
    EXPECT_EQ(out.str(),
              "{\"type\":\"progress\",\"what\":\"prompt\",\"detail\":\"\"}\n"
              "{\"type\":\"usage\",\"prompt_tokens\":1,\"cached_tokens\":0,\"completion_tokens\":2,\"calls\":1,"
              "\"seconds\":0.5}\n");
}

TEST(UnattendedPerson, RejectsWithASentenceUnlessToldYes) {
    std::string said;
    UnattendedPerson nobody(false, [&](std::string_view sentence) { said = sentence; });
    EXPECT_EQ(nobody.approve_command("ls", "").kind, agent::Answer::Kind::reject);
    EXPECT_THAT(said, HasSubstr("--yes"));
    EXPECT_EQ(UnattendedPerson(true).approve_patch("", nullptr).kind, agent::Answer::Kind::approve);
}

}  // namespace
}  // namespace ec::apps::session
