#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <ec/agent/compaction.hpp>
#include <ec/model/tokens.hpp>
#include <set>

namespace ec::agent {
namespace {

using model::Message;
using model::Role;
using model::ToolCall;
using ::testing::HasSubstr;
using ::testing::Not;

Message said(Role role, std::string text) { return {role, std::move(text), {}, {}}; }
Message calls(std::string text, std::string id, std::string tool, json::Object arguments) {
    return {Role::assistant, std::move(text), {{std::move(id), std::move(tool), std::move(arguments)}}, {}};
}
Message result(std::string id, std::string text) { return {Role::tool, std::move(text), {}, std::move(id)}; }

/// A session: system, task, a plan, reads, an edit, a test run, then `turns` short turns.
std::vector<Message> session(std::size_t bulk, int turns) {
    std::vector<Message> out{
        said(Role::system, "You are an agent."),
        said(Role::user, "Fix the total, please."),
        said(Role::assistant, "Plan: 1. read cart.py 2. fix total\n```python\n" + std::string(bulk, 'c') +
                                  "\nx\ny\nz\n```\nI decided to round late."),
        calls("", "1", "read", {{"path", "cart.py"}}),
        result("1", "1: class Cart\n" + std::string(bulk, 'x')),
        calls("Now the edit.", "2", "edit", {{"path", "cart.py"}, {"text", std::string(bulk, 'e')}}),
        result("2", "applied"),
        calls("", "3", "test", json::Object{}),
        result("3", "3 failed, 12 passed\n" + std::string(bulk, 't'))};
    for (int i = 0; i < turns; ++i) {
        out.push_back(said(Role::user, "And now point " + std::to_string(i)));
        out.push_back(said(Role::assistant, "Done " + std::to_string(i)));
    }
    return out;
}

TEST(Compaction, LeavesAConversationWithinTheBudgetAlone) {
    const auto messages = session(100, 1);
    const Compacted out = compact(messages, {.tokens = 100'000});
    EXPECT_EQ(out.messages, messages);
    EXPECT_TRUE(out.fits);
    EXPECT_EQ(out.tokens, model::estimate_tokens(messages));
    EXPECT_TRUE(compact({}, {}).messages.empty());
}

TEST(Compaction, DropsTheBulkOfOldToolResultsFirst) {
    const auto messages = session(3000, 4);
    const Compacted out = compact(messages, {.tokens = 1500});
    EXPECT_TRUE(out.fits);
    ASSERT_EQ(out.messages.size(), messages.size());
    EXPECT_EQ(out.messages[2], messages[2]);
    EXPECT_EQ(out.messages[4].text,
              "[left out: result of read {\"path\":\"cart.py\"}, 3014 bytes; call it again to see it] 1: class Cart");
    EXPECT_THAT(out.messages[8].text, HasSubstr("3 failed, 12 passed"));
}

TEST(Compaction, KeepsPlansDecisionsPathsAndVerdicts) {
    const Compacted out = compact(session(6000, 4), {.tokens = 1});
    EXPECT_FALSE(out.fits);
    std::string all;
    for (const Message& message : out.messages) {
        all += message.text + "\n";
        for (const ToolCall& call : message.calls) all += call.name + json::write(json::Value(call.arguments)) + "\n";
    }
    for (const char* kept : {"You are an agent.", "Fix the total, please.", "Plan: 1. read cart.py 2. fix total",
                             "I decided to round late.", "Now the edit.", "\"path\":\"cart.py\"", "3 failed, 12 passed",
                             "And now point 3"})
        EXPECT_THAT(all, HasSubstr(kept));
    EXPECT_THAT(all, Not(HasSubstr("read{")));
    EXPECT_LT(all.size(), 2500U);
}

TEST(Compaction, CutsTheMiddleOfTheNewestResultLast) {
    std::vector<Message> messages{said(Role::user, "run it"), calls("", "1", "run", json::Object{}),
                                  result("1", "first line\n" + std::string(50'000, '=') + "\nlast line")};
    const Compacted out = compact(messages, {.tokens = 800});
    EXPECT_TRUE(out.fits);
    EXPECT_THAT(out.messages[2].text, HasSubstr("first line\n"));
    EXPECT_THAT(out.messages[2].text, HasSubstr("\nlast line"));
}

TEST(Compaction, AStubOfAHostileResultStaysShort) {
    std::vector<Message> messages{calls("", "1", std::string(5000, 'n'), {{"q", std::string(5000, 'q')}}),
                                  result("1", "[left out: " + std::string(100'000, 'x')),
                                  result("unknown", std::string(9000, '\xff'))};
    for (int i = 0; i < 8; ++i) messages.push_back(said(Role::user, "x"));
    const Compacted out = compact(messages, {.tokens = 1});
    EXPECT_LE(out.messages[1].text.size(), 400U);
    EXPECT_LE(out.messages[2].text.size(), 400U);
}

rc::Gen<std::string> any_text() {
    return rc::gen::weightedOneOf<std::string>(
        {{4, rc::gen::string<std::string>()},
         {2,
          rc::gen::map(rc::gen::inRange(0, 4000), [](int n) { return std::string(static_cast<std::size_t>(n), 'w'); })},
         {1, rc::gen::map(rc::gen::inRange(0, 200), [](int n) {
              std::string out = "words\n```\n";
              for (int i = 0; i < n; ++i) out += "code " + std::to_string(i) + "\n";
              return out + "```\nmore";
          })}});
}

/// A conversation as an agent makes one: every call is answered by the messages right behind it.
std::vector<Message> any_conversation() {
    std::vector<Message> out;
    const int count = *rc::gen::inRange(0, 25);
    for (int i = 0; i < count; ++i) {
        switch (*rc::gen::inRange(0, 4)) {
            case 0:
                out.push_back(said(*rc::gen::elementOf(std::vector<Role>{Role::system, Role::user}), *any_text()));
                break;
            case 1:
                out.push_back(said(Role::assistant, *any_text()));
                break;
            default: {
                Message message = said(Role::assistant, *rc::gen::inRange(0, 2) == 0 ? "" : *any_text());
                const int parallel = *rc::gen::inRange(1, 3);
                for (int c = 0; c < parallel; ++c)
                    message.calls.push_back(
                        {std::to_string(i) + "." + std::to_string(c),
                         *rc::gen::elementOf(std::vector<std::string>{"read", "edit", "test", "search"}),
                         {{"path", "a.py"},
                          {"text", std::string(static_cast<std::size_t>(*rc::gen::inRange(0, 900)), 'a')}}});
                out.push_back(message);
                for (const ToolCall& call : message.calls) out.push_back(result(call.id, *any_text()));
            }
        }
    }
    return out;
}

std::vector<std::string> words_of_people(const std::vector<Message>& messages) {
    std::vector<std::string> out;
    for (const Message& message : messages)
        if (message.role == Role::user || message.role == Role::system) out.push_back(message.text);
    return out;
}

RC_GTEST_PROP(CompactionProperty, KeepsPeoplesWordsPairsCallsAndIsStable, ()) {
    const std::vector<Message> messages = any_conversation();
    CompactionLimits limits;
    limits.tokens = static_cast<std::size_t>(*rc::gen::inRange(0, 6000));
    limits.newest = static_cast<std::size_t>(*rc::gen::inRange(0, 8));
    const Compacted out = compact(messages, limits);
    RC_ASSERT(words_of_people(out.messages) == words_of_people(messages));
    RC_ASSERT(out.tokens == model::estimate_tokens(out.messages));
    RC_ASSERT(out.fits == (out.tokens <= limits.tokens));
    RC_ASSERT(out.tokens <= model::estimate_tokens(messages));
    std::vector<std::string> open;
    for (const Message& message : out.messages) {
        if (message.role == Role::tool) {
            RC_ASSERT(!open.empty());
            RC_ASSERT(open.front() == message.call_id);
            open.erase(open.begin());
            continue;
        }
        RC_ASSERT(open.empty());
        for (const ToolCall& call : message.calls) open.push_back(call.id);
    }
    RC_ASSERT(open.empty());
    const Compacted again = compact(out.messages, limits);
    RC_ASSERT(again.messages == out.messages);
}

RC_GTEST_PROP(CompactionProperty, FitsWheneverPeoplesWordsAndStubsDo, ()) {
    const std::vector<Message> messages = any_conversation();
    const Compacted least = compact(messages, {.tokens = 0});
    const Compacted out = compact(messages, {.tokens = least.tokens});
    RC_ASSERT(out.fits);
}

}  // namespace
}  // namespace ec::agent
