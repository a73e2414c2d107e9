// The profile as text: what is allowed, what is not, and that no path can say more than its name.
#include "seatbelt_profile.hpp"

#include <gmock/gmock.h>

namespace ec::executor {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string profile(SeatbeltPolicy policy) {
    auto text = seatbelt_profile(policy);
    if (!text) ADD_FAILURE() << text.error().message;
    return text.value_or("");
}

/// The rules, one a line, as the profile's reader would cut them: strings are skipped, parentheses counted.
std::vector<std::string> rules(const std::string& text) {
    std::vector<std::string> all;
    std::string rule;
    int depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (depth > 0 || text[i] == '(') rule += text[i];
        if (quoted && text[i] == '\\') {
            rule += text[++i];
        } else if (text[i] == '"') {
            quoted = !quoted;
        } else if (!quoted && text[i] == '(') {
            ++depth;
        } else if (!quoted && text[i] == ')' && --depth == 0) {
            all.push_back(std::move(rule));
            rule.clear();
        }
    }
    EXPECT_TRUE(depth == 0 && !quoted);
    return all;
}

TEST(SeatbeltProfile, BeginsWithNothingAllowed) {
    const auto all = rules(profile({}));
    ASSERT_GE(all.size(), 2U);
    EXPECT_EQ(all[0], "(version 1)");
    EXPECT_EQ(all[1], "(deny default)");
    for (const std::string& rule : all) EXPECT_THAT(rule, Not(HasSubstr("(allow file-write* (")));
}

TEST(SeatbeltProfile, AllowsNoNetworkAndEndsByDenyingIt) {
    const auto all = rules(profile({{"/opt/python"}, {"/private/tmp/w"}}));
    for (const std::string& rule : all) {
        if (!rule.starts_with("(allow")) continue;
        EXPECT_THAT(rule, Not(HasSubstr("network")));
    }
    EXPECT_THAT(all, ::testing::Contains("(deny network*)"));
    EXPECT_THAT(all, ::testing::Contains("(deny file-write-setugid)"));
    EXPECT_TRUE(all.back().starts_with("(deny"));
}

TEST(SeatbeltProfile, WritesGoToTheWritableFoldersAlone) {
    for (const std::string& rule : rules(profile({{"/opt/python"}, {"/private/tmp/w", "/private/tmp/t"}}))) {
        if (!rule.starts_with("(allow file-write*")) continue;
        EXPECT_THAT(rule, HasSubstr("(subpath \"/private/tmp/w\")"));
        EXPECT_THAT(rule, HasSubstr("(subpath \"/private/tmp/t\")"));
        EXPECT_THAT(rule, Not(HasSubstr("python")));
    }
}

TEST(SeatbeltProfile, OfFoldersAboveOnlyTheirNamesAreSeen) {
    const std::string text = profile({{"/Users/a/tools/python"}, {}});
    EXPECT_THAT(text, HasSubstr("(literal \"/Users/a\")"));
    EXPECT_THAT(text, Not(HasSubstr("(subpath \"/Users/a\")")));
    EXPECT_THAT(text, Not(HasSubstr("(subpath \"/\")")));
}

TEST(SeatbeltProfile, SignalsGoToItselfAndItsChildren) {
    EXPECT_THAT(profile({}), HasSubstr("(allow signal (target self) (target children))"));
}

TEST(SeatbeltProfile, AHostilePathIsAPathAndNoRule) {
    const std::string plain = profile({{}, {"/w/x"}});
    for (const char* path : {"/w/\") (allow default) (literal \"", "/w/\\\") (allow default) (literal \\\"", "/w/a\\",
                             "/w/;comment", "/w/(param \"X\")", "/w/#\"regex\""}) {
        const auto all = rules(profile({{path}, {path}}));
        EXPECT_EQ(all.size(), rules(plain).size()) << path;
        EXPECT_THAT(all, Not(::testing::Contains("(allow default)"))) << path;
    }
    EXPECT_EQ(*seatbelt_literal("a\"b\\c"), "\"a\\\"b\\\\c\"");
}

TEST(SeatbeltProfile, WhatItsReaderMightMisreadIsRefused) {
    using namespace std::string_literals;
    for (const std::string& path : {"/w/a\nb"s, "/w/a\0b"s, "/w/\x1b[0m"s, "/w/\x7f"s, "/w/\xff"s, ""s, "w"s, "/"s,
                                    "/w/"s, "/w/../x"s, "/w/./x"s, "//w"s}) {
        EXPECT_FALSE(seatbelt_profile({{path}, {}})) << path;
        EXPECT_FALSE(seatbelt_profile({{}, {path}})) << path;
    }
}

}  // namespace
}  // namespace ec::executor
