#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <ec/agent/secret_values.hpp>
#include <ec/agent/withhold.hpp>
#include <ec/core/text.hpp>
#include <ec/json/json.hpp>

namespace ec::agent {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kForAddresses = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string base64(std::string_view bytes, std::string_view alphabet = kStandard, std::size_t line = 0) {
    std::string out;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        unsigned group = 0;
        for (std::size_t i = 0; i < 3; ++i)
            group = group << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U);
        for (std::size_t i = 0; i < 4; ++i) out += at + i > bytes.size() ? '=' : alphabet[group >> (18 - 6 * i) & 0x3f];
    }
    for (std::size_t at = line; line > 0 && at < out.size(); at += line + 1) out.insert(at, "\n");
    return out;
}

/// What the letters say when the first of them is `skipped` letters into a group.
std::string decoded(std::string_view text, std::string_view alphabet, std::size_t skipped) {
    std::string out;
    unsigned bits = 0;
    unsigned held = 0;
    for (const char c : text.substr(std::min(skipped, text.size()))) {
        const std::size_t value = alphabet.find(c);
        if (value == std::string_view::npos) continue;
        held = (held << 6 | static_cast<unsigned>(value)) & 0xffffff;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        out += static_cast<char>(held >> bits & 0xff);
    }
    return out;
}

std::string mask_values(const std::string& text, const SecretValues& values) {
    std::string out;
    std::size_t at = 0;
    for (const auto& [begin, end] : values.find(text)) {
        out += text.substr(at, begin - at) + placeholder("value of a secret");
        at = end;
    }
    return out + text.substr(at);
}

std::string bytes_of(std::size_t least, std::size_t most) {
    const auto size = *rc::gen::inRange(least, most + 1);
    return *rc::gen::container<std::string>(size, rc::gen::arbitrary<char>());
}

bool survives(std::string_view masked, std::string_view secret, std::string_view alphabet) {
    const std::string shown = replace_all(std::string(masked), placeholder("value of a secret"), "=");
    for (const std::string_view part : split(shown, '='))
        for (std::size_t skipped = 0; skipped < 4; ++skipped)
            if (decoded(part, alphabet, skipped).find(secret) != std::string::npos) return true;
    return false;
}

RC_GTEST_PROP(SecretValuesProperty, NoSecretSurvivesInTheBase64OfALongerText, ()) {
    const std::string secret = bytes_of(8, 80);
    const std::string text = bytes_of(0, 100) + secret + bytes_of(0, 100);
    const std::string_view alphabet = *rc::gen::element(kStandard, kForAddresses);
    const std::size_t line = *rc::gen::element<std::size_t>(0, 64, 76);
    const std::string encoded = base64(text, alphabet, line);
    RC_ASSERT(survives(encoded, secret, alphabet));
    RC_ASSERT(!survives(mask_values(encoded, {secret}), secret, alphabet));
}

RC_GTEST_PROP(SecretValuesProperty, NoSecretSurvivesAsItIsReversedOrInHexadecimal, ()) {
    const std::string secret = bytes_of(8, 80);
    const std::string before = bytes_of(0, 20);
    const std::string after = bytes_of(0, 20);
    const std::string reversed(secret.rbegin(), secret.rend());
    RC_ASSERT(mask_values(before + secret + after, {secret}).find(secret) == std::string::npos);
    RC_ASSERT(mask_values(before + reversed + after, {secret}).find(reversed) == std::string::npos);
    for (const bool upper : {false, true}) {
        std::string hex;
        for (const char c : secret)
            hex += upper ? fmt::format("{:02X}", static_cast<unsigned char>(c))
                         : fmt::format("{:02x}", static_cast<unsigned char>(c));
        RC_ASSERT(mask_values("x" + hex + "y", {secret}).find(hex) == std::string::npos);
    }
}

RC_GTEST_PROP(SecretValuesProperty, TextWithoutASecretStaysAsItIs, ()) {
    const std::string text = bytes_of(0, 400);
    RC_ASSERT(mask_values(text, {"7f$Q+x!9zAk=~2pL", "another value that is not there"}) == text);
}

RC_GTEST_PROP(SecretValuesProperty, WhatStandsAroundASecretStays, ()) {
    const std::string before = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("abc \n.")));
    const std::string after = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("abc \n.")));
    const std::string secret = "7f$Q x!9zAk=~2pL";
    const std::string hidden = before + "|" + placeholder("value of a secret") + "|" + after;
    RC_ASSERT(mask_values(before + "|" + secret + "|" + after, {secret}) == hidden);
    RC_ASSERT(mask_values(before + "|7f%24Q%20x%219zAk%3D~2pL|" + after, {secret}) == hidden);
}

TEST(SecretValues, FindTheSpellingsThatProgramsPrint) {
    const std::string secret = "pa\"ss\\wörd/é😀+ 7";
    const std::string masked = "[" + placeholder("value of a secret") + "]";
    for (const std::string& spelt : {
             std::string("pa\"ss\\wörd/é😀+ 7"),
             std::string(R"(pa\"ss\\wörd/é😀+ 7)"),
             std::string(R"(pa\"ss\\w\u00f6rd\/\u00e9\ud83d\ude00+ 7)"),
             std::string(R"(pa\"ss\\w\xc3\xb6rd/\xc3\xa9\xf0\x9f\x98\x80+\x207)"),
             std::string(R"(pa\"ss\\w\xf6rd/\xe9\U0001f600+ 7)"),
             std::string("pa%22ss%5Cw%C3%B6rd%2F%C3%A9%F0%9F%98%80%2B%207"),
             std::string("pa%22ss%5cw%c3%b6rd/%c3%a9%f0%9f%98%80%2b+7"),
         }) {
        EXPECT_EQ(mask_values("[" + spelt + "]", {secret}), masked) << spelt;
    }
    EXPECT_EQ(mask_values(json::write(json::Value(secret)), {secret}), "\"" + placeholder("value of a secret") + "\"");
}

TEST(SecretValues, FindHexadecimalDigitsAsToolsWriteThem) {
    const std::string masked = placeholder("value of a secret");
    for (const std::string spelt :
         {"73656372657430303721", "73 65 63 72 65 74 30 30 37 21", "73:65:63:72:65:74:30:30:37:21",
          "7365 6372 6574 3030 3721", "%73%65%63%72%65%74%30%30%37%21"}) {
        EXPECT_EQ(mask_values("(" + spelt + ")", {"secret007!"}), "(" + masked + ")") << spelt;
    }
    for (const std::string spelt :
         {"0x73, 0x65, 0x63, 0x72, 0x65, 0x74, 0x30, 0x30, 0x37, 0x21", R"(\x73\x65\x63\x72\x65\x74\x30\x30\x37\x21)",
          "0x73u, 0x65u, 0x63u, 0x72u, 0x65u, 0x74u, 0x30UL, 0x30UL, 0x37UL, 0x21UL", R"("73656372\n657430\r\n303721")",
          "73;65;63;72;65;74;30;30;37;21", "73.65.63.72|65.74.30.30|37.21", "$73 $65 $63 $72 $65 $74 $30 $30 $37 $21",
          "12730303475627365637"}) {
        EXPECT_NE(mask_values(spelt, {"secret007!"}).find(masked), std::string::npos) << spelt;
    }
}

TEST(SecretValues, FindReversedBase64AndTheBase64OfAReversedValue) {
    const std::string encoded = base64("key=hunter2hunter2;");
    const std::string reversed(encoded.rbegin(), encoded.rend());
    EXPECT_NE(mask_values(reversed, {"hunter2hunter2"}).find(placeholder("value of a secret")), std::string::npos);
    EXPECT_NE(mask_values(base64("x2retnuh2retnuh"), {"hunter2hunter2"}).find(placeholder("value of a secret")),
              std::string::npos);
}

TEST(SecretValues, ShortOnesAreMaskedAsTheyAreAndReversed) {
    const std::string masked = placeholder("value of a secret");
    EXPECT_EQ(mask_values("a hunt3r b r3tnuh c", {"hunt3r"}), "a " + masked + " b " + masked + " c");
}

TEST(SecretValues, ValuesInsideOneAnotherLeaveNothingBehind) {
    EXPECT_EQ(mask_values("xx-longersecret-tail", {"longersecret-tail", "longersecret", "secret-tail"}),
              "xx-" + placeholder("value of a secret"));
}

// The product of both would be 4 GB to compare; a test that took it would not end in time.
TEST(SecretValues, ManyValuesAndALongTextAreNoLongWork) {
    std::vector<std::string> values;
    for (int i = 0; i < 2000; ++i) values.push_back(fmt::format("{:016x}-value", i * 7919));
    std::string text;
    while (text.size() < (2U << 20)) text += fmt::format("line {} says nothing\\n of %41 interest\n", text.size());
    EXPECT_EQ(mask_values(text, SecretValues(values)), text);
}

// Each stands inside the next, and every one of them at nearly every place of the text.
TEST(SecretValues, ThatBeginAlikeAreNoLongWorkEither) {
    std::vector<std::string> values;
    for (std::size_t size = 8; size < 2008; ++size) values.emplace_back(size, 'a');
    const SecretValues alike(values);
    EXPECT_EQ(alike.find(std::string(2U << 20, 'a')).size(), 1U);
    std::string text;
    while (text.size() < (2U << 20)) text += "b" + std::string(8 + text.size() % 1999, 'a') + "c";
    const auto places = alike.find(text);
    EXPECT_EQ(places.size(), static_cast<std::size_t>(std::ranges::count(text, 'b')));
}

}  // namespace
}  // namespace ec::agent
