#include "url.hpp"

#include <gtest/gtest.h>

namespace ec::net {
namespace {

TEST(Urls, ComeApartAndTogether) {
    const auto url = Url::parse("HTTP://LocalHost:11434/v1?x=%20y");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->scheme, "http");
    EXPECT_EQ(url->host, "localhost");
    EXPECT_EQ(url->port, 11434);
    EXPECT_EQ(url->target, "/v1?x=%20y");
    EXPECT_EQ(url->text(), "http://localhost:11434/v1?x=%20y");
}

TEST(Urls, KnowTheirDefaults) {
    EXPECT_EQ(Url::parse("https://example.com")->text(), "https://example.com/");
    EXPECT_EQ(Url::parse("https://example.com?a")->target, "/?a");
    EXPECT_EQ(Url::parse("https://example.com")->port, 443);
    EXPECT_EQ(Url::parse("http://example.com:80/")->text(), "http://example.com/");
    EXPECT_EQ(Url::parse("http://[::1]:8080")->text(), "http://[::1]:8080/");
    EXPECT_EQ(origin(*Url::parse("http://[::1]/secret?key=1")), "http://[::1]:80");
}

TEST(Urls, OfOtherKindsAreRefused) {
    for (const char* text : {"",
                             "localhost",
                             "localhost:8080",
                             "ftp://a.b/",
                             "file:///etc/passwd",
                             "http:/a.b",
                             "http://",
                             "http:///x",
                             "http://user@a.b/",
                             "http://user:pass@a.b/",
                             "http://a.b/#x",
                             "http://a.b:0/",
                             "http://a.b:65536/",
                             "http://a.b:/",
                             "http://a.b:8x/",
                             "http://a b/",
                             "http://a.b/\r\nX: y",
                             "http://a.b/\x80",
                             "http://a..b/",
                             "http://0x7f.1/",
                             "http://2130706433/",
                             "http://[::1",
                             "http://::1/",
                             "http://[fe80::1%25lo]/",
                             "http://a.b\\@c.d/",
                             "http://-a.b/"}) {
        const auto url = Url::parse(text);
        ASSERT_FALSE(url) << text;
        EXPECT_EQ(url.error().code, ErrorCode::invalid_argument) << text;
    }
    EXPECT_FALSE(Url::parse("http://a.b/" + std::string(20'000, 'x')));
}

TEST(Urls, OfThisMachineAreKnown) {
    for (const char* text :
         {"http://localhost/", "http://localhost./", "http://127.0.0.1/", "http://127.9.9.9/", "http://[::1]/"}) {
        EXPECT_TRUE(Url::parse(text)->loopback()) << text;
    }
    for (const char* text : {"http://0.0.0.0/", "http://localhost.example.com/", "http://10.0.0.1/", "http://[::]/",
                             "http://example.com/127.0.0.1", "http://[::ffff:7f00:1]/", "http://[64:ff9b::7f00:1]/",
                             "http://[2002:7f00:1::]/"}) {
        const auto url = Url::parse(text);
        EXPECT_FALSE(url && url->loopback()) << text;
    }
}

TEST(Redirects, AreReadAgainstTheUrlThatGaveThem) {
    const Url base = *Url::parse("https://a.example/dir/file?q=1");
    const auto at = [&](std::string_view location) {
        const auto url = resolve_location(base, location);
        return url ? url->text() : "none: " + url.error().message;
    };
    EXPECT_EQ(at("https://b.example/x#part"), "https://b.example/x");
    EXPECT_EQ(at("//b.example/x"), "https://b.example/x");
    EXPECT_EQ(at("/x?y"), "https://a.example/x?y");
    EXPECT_EQ(at("x/y"), "https://a.example/dir/x/y");
    EXPECT_EQ(at("x?u=http://c.example/"), "https://a.example/dir/x?u=http://c.example/");
    EXPECT_EQ(at("?z"), "https://a.example/dir/file?z");
    EXPECT_EQ(at("/a file/\xC3\xA9"), "https://a.example/a%20file/%C3%A9");
    for (const char* bad : {"file:///etc/passwd", "javascript:alert(1)", "https://user:pass@b.example/", "//",
                            "https://b.example:99999/"}) {
        EXPECT_FALSE(resolve_location(base, bad)) << bad;
    }
}

}  // namespace
}  // namespace ec::net
