#include <gtest/gtest.h>

#include <ec/net/allow_rule.hpp>

namespace ec::net {
namespace {

bool allowed(std::string_view rule, std::string_view target) {
    const auto parsed = AllowRule::parse(rule);
    const auto wanted = Authority::parse(target, 443);
    if (!parsed || !wanted) return false;
    return parsed->matches(*wanted);
}

TEST(AllowRules, AnExactNameMatchesItselfInAnySpellingOfTheSameName) {
    EXPECT_TRUE(allowed("example.com", "example.com:443"));
    EXPECT_TRUE(allowed("Example.COM.", "example.com"));
    EXPECT_TRUE(allowed("example.com", "EXAMPLE.com."));
    EXPECT_FALSE(allowed("example.com", "www.example.com"));
    EXPECT_FALSE(allowed("example.com", "example.com.evil.com"));
    EXPECT_FALSE(allowed("example.com", "example.co"));
}

TEST(AllowRules, ThePortIsPartOfTheRule) {
    EXPECT_FALSE(allowed("example.com", "example.com:80"));
    EXPECT_FALSE(allowed("example.com", "example.com:22"));
    EXPECT_TRUE(allowed("example.com:80", "example.com:80"));
    EXPECT_FALSE(allowed("example.com:80", "example.com:443"));
}

TEST(AllowRules, AWildcardCoversNamesBelowAndNothingElse) {
    EXPECT_TRUE(allowed("*.example.com", "www.example.com"));
    EXPECT_TRUE(allowed("*.example.com", "a.b.example.com"));
    EXPECT_FALSE(allowed("*.example.com", "example.com"));
    EXPECT_FALSE(allowed("*.example.com", "evilexample.com"));
    EXPECT_FALSE(allowed("*.example.com", "www.example.com.evil.com"));
    EXPECT_FALSE(allowed("*.example.com", ".example.com"));
    EXPECT_FALSE(allowed("*.example.com", "www.example.org"));
}

TEST(AllowRules, AnAddressIsReachedOnlyWhenListedItself) {
    EXPECT_TRUE(allowed("93.184.216.34", "93.184.216.34"));
    EXPECT_TRUE(allowed("[2606:2800:220:1::1]:443", "[2606:2800:0220:1::1]"));
    EXPECT_FALSE(allowed("example.com", "93.184.216.34"));
    EXPECT_FALSE(allowed("*.216.34", "93.184.216.34"));
}

TEST(AllowRules, WhatNobodyMayReachCannotBeAllowed) {
    for (const char* rule : {"127.0.0.1", "10.0.0.1:80", "169.254.169.254:80", "[::1]", "[fe80::1]", "[::ffff:8.8.8.8]",
                             "192.168.1.1", "0.0.0.0", "255.255.255.255"}) {
        const auto parsed = AllowRule::parse(rule);
        ASSERT_FALSE(parsed) << rule;
        EXPECT_EQ(parsed.error().code, ErrorCode::invalid_argument) << rule;
    }
}

TEST(AllowRules, NonsenseIsRefusedWithAReason) {
    for (const char* rule : {"",
                             "*",
                             "*.",
                             "*.com",
                             "com",
                             "localhost",
                             "*.*.com",
                             "a.*.com",
                             "http://example.com",
                             "example.com/",
                             "example.com:0",
                             "example.com:65536",
                             "example.com:",
                             "example.com:+80",
                             "example.com:080",
                             "user@example.com",
                             "exa mple.com",
                             "example..com",
                             "-a.com",
                             "a-.com",
                             "ex\xc3\xa4mple.com",
                             "example.com\n",
                             "*.1.2.3.4",
                             "[example.com]",
                             "1.2.3.4.5",
                             "::1",
                             "[::1",
                             "a.b:80:90"}) {
        const auto parsed = AllowRule::parse(rule);
        ASSERT_FALSE(parsed) << rule;
        EXPECT_FALSE(parsed.error().message.empty()) << rule;
    }
    EXPECT_FALSE(AllowRule::parse(std::string_view("example.com\0.evil.com", 21)));
    EXPECT_FALSE(AllowRule::parse(std::string(250, 'a') + ".com"));
    EXPECT_FALSE(AllowRule::parse(std::string(64, 'a') + ".com"));
}

TEST(Hosts, NumbersInDisguiseAreNoNames) {
    for (const char* text : {"2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "127.1", "127.0.0.0x1", "1.2.3.08",
                             "a.0x", "a.b.123", "127.0.0.1.."}) {
        EXPECT_FALSE(Host::parse(text)) << text;
    }
    EXPECT_EQ(Host::parse("127.0.0.1")->literal, Address::parse("127.0.0.1"));
    EXPECT_FALSE(Host::parse("0x7f.example")->literal);
    EXPECT_EQ(Host::parse("XN--BCHER-KVA.example")->name, "xn--bcher-kva.example");
}

TEST(AllowRules, TheirTextReadsBack) {
    for (const char* rule : {"example.com:443", "*.example.com:80", "93.184.216.34:443", "[2606:2800:220:1::1]:443"}) {
        EXPECT_EQ(AllowRule::parse(rule)->text(), rule);
    }
}

}  // namespace
}  // namespace ec::net
