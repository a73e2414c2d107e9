#include <array>
#include <cstdint>
#include <ec/crypto/base64.hpp>

namespace ec::crypto {
namespace {

using Signs = std::array<char, 64>;
using Values = std::array<std::uint8_t, 256>;
constexpr std::uint8_t kNoSign = 0xff;

constexpr Signs signs(char second_last, char last) {
    Signs all{};
    std::size_t at = 0;
    for (char c = 'A'; c <= 'Z'; ++c) all[at++] = c;
    for (char c = 'a'; c <= 'z'; ++c) all[at++] = c;
    for (char c = '0'; c <= '9'; ++c) all[at++] = c;
    all[at++] = second_last;
    all[at] = last;
    return all;
}

constexpr Values values(const Signs& signs) {
    Values all{};
    all.fill(kNoSign);
    for (std::size_t i = 0; i < signs.size(); ++i)
        all[static_cast<unsigned char>(signs[i])] = static_cast<std::uint8_t>(i);
    return all;
}

// Of one cache line, so that writing a secret tells nothing of it.
alignas(64) constexpr Signs kStandard = signs('+', '/');
alignas(64) constexpr Signs kUrl = signs('-', '_');
constexpr Values kStandardValues = values(kStandard);
constexpr Values kUrlValues = values(kUrl);

std::uint32_t byte_at(std::string_view bytes, std::size_t at) {
    return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U;
}

std::string encode(std::string_view bytes, const Signs& signs) {
    std::string text((bytes.size() * 4 + 2) / 3, '\0');
    char* out = text.data();
    std::size_t at = 0;
    for (; at + 3 <= bytes.size(); at += 3) {
        const std::uint32_t three = byte_at(bytes, at) << 16U | byte_at(bytes, at + 1) << 8U | byte_at(bytes, at + 2);
        *out++ = signs[three >> 18U];
        *out++ = signs[three >> 12U & 63U];
        *out++ = signs[three >> 6U & 63U];
        *out++ = signs[three & 63U];
    }
    const std::uint32_t rest = byte_at(bytes, at) << 16U | byte_at(bytes, at + 1) << 8U;
    for (unsigned shift = 18; out != text.data() + text.size(); shift -= 6) *out++ = signs[rest >> shift & 63U];
    return text;
}

std::unexpected<Error> no_base64() { return fail(ErrorCode::corrupt, "this is no base64"); }

/// Without padding.
Result<std::string> decode(std::string_view text, const Values& values) {
    const std::size_t left = text.size() % 4;
    if (left == 1) return no_base64();
    std::string bytes(text.size() / 4 * 3 + (left == 0 ? 0 : left - 1), '\0');
    const auto value = [&](std::size_t at) -> std::uint32_t { return values[static_cast<unsigned char>(text[at])]; };
    char* out = bytes.data();
    std::uint32_t seen = 0;
    std::size_t at = 0;
    for (; at + 4 <= text.size(); at += 4) {
        const std::uint32_t a = value(at);
        const std::uint32_t b = value(at + 1);
        const std::uint32_t c = value(at + 2);
        const std::uint32_t d = value(at + 3);
        seen |= a | b | c | d;
        const std::uint32_t three = a << 18U | b << 12U | c << 6U | d;
        *out++ = static_cast<char>(three >> 16U);
        *out++ = static_cast<char>(three >> 8U);
        *out++ = static_cast<char>(three);
    }
    std::uint32_t rest = 0;
    for (std::size_t i = 0; i < left; ++i) {
        seen |= value(at + i);
        rest |= value(at + i) << (18U - 6U * static_cast<unsigned>(i));
    }
    for (unsigned shift = 16; out != bytes.data() + bytes.size(); shift -= 8) *out++ = static_cast<char>(rest >> shift);
    // Bits that no byte was made of must be zero, or one text of many would stand for the same bytes.
    const std::uint32_t unused = left == 2 ? 0xffffU : left == 3 ? 0xffU : 0U;
    if (seen > 63 || (rest & unused) != 0) return no_base64();
    return bytes;
}

}  // namespace

std::string base64(std::string_view bytes) {
    std::string text = encode(bytes, kStandard);
    text.append((4 - text.size() % 4) % 4, '=');
    return text;
}

std::string base64url(std::string_view bytes) { return encode(bytes, kUrl); }

Result<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return no_base64();
    if (text.ends_with('=')) text.remove_suffix(text.ends_with("==") ? 2 : 1);
    return decode(text, kStandardValues);
}

Result<std::string> from_base64url(std::string_view text) { return decode(text, kUrlValues); }

}  // namespace ec::crypto
