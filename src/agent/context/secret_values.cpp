// The text is read as each encoding in one pass, which gives a view: bytes, and where in the text each one stands. All
// that is looked for in a view is found in one more pass, so the cost grows with the text, not with its product with
// the values.
#include <algorithm>
#include <array>
#include <cstdint>
#include <ec/agent/secret_values.hpp>
#include <ec/core/text.hpp>
#include <optional>

#include "context/string_finder.hpp"

namespace ec::agent {
namespace {

using std::string;
using std::string_view;

constexpr std::size_t kShortestEncoded = 8;  // what is shorter stands in base64 and digits by chance
constexpr char kGap = '\0';                  // what belongs to no encoding; stands in no needle of base64 or hex
constexpr string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The text as one encoding: what it says, and which part of the text says each byte.
struct View {
    string bytes;
    std::vector<Place> places;

    void add(char byte, std::size_t begin, std::size_t end) {
        bytes += byte;
        places.push_back({begin, end});
    }
    void gap(std::size_t at) {
        if (bytes.empty() || bytes.back() != kGap) add(kGap, at, at + 1);
    }
};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// The number that `digits` hexadecimal digits at `at` write.
std::optional<std::uint32_t> hex_number(string_view text, std::size_t at, std::size_t digits) {
    if (at + digits > text.size()) return std::nullopt;
    std::uint32_t number = 0;
    for (const char c : text.substr(at, digits)) {
        if (hex_digit(c) < 0) return std::nullopt;
        number = number * 16 + static_cast<std::uint32_t>(hex_digit(c));
    }
    return number;
}

void add_utf8(View& view, std::uint32_t point, std::size_t begin, std::size_t end) {
    const auto put = [&](std::uint32_t byte) { view.add(static_cast<char>(byte), begin, end); };
    if (point < 0x80) return put(point);
    if (point < 0x800) {
        put(0xc0 | point >> 6);
    } else if (point < 0x10000) {
        put(0xe0 | point >> 12);
    } else {
        put(0xf0 | point >> 18);
        put(0x80 | (point >> 12 & 0x3f));
    }
    if (point >= 0x800) put(0x80 | (point >> 6 & 0x3f));
    put(0x80 | (point & 0x3f));
}

/// What the escape \xE4 means: a byte in C and in Python's bytes, a code point in JavaScript and in Python's ascii().
enum class HighBytes { bytes, points };

struct Escape {
    std::uint32_t point = 0;
    std::size_t size = 0;  // 0: none
};

/// \u00e4, a pair of surrogates, \U0001f511.
Escape unicode_escape(string_view text, std::size_t at) {
    if (text[at + 1] == 'U') {
        const auto point = hex_number(text, at + 2, 8);
        return point && *point < 0x110000 ? Escape{*point, 10} : Escape{};
    }
    const auto first = text[at + 1] == 'u' ? hex_number(text, at + 2, 4) : std::nullopt;
    if (!first) return {};
    const bool high = *first >= 0xd800 && *first < 0xdc00 && text.substr(at + 6, 2) == "\\u";
    const auto low = high ? hex_number(text, at + 8, 4) : std::nullopt;
    if (low && *low >= 0xdc00 && *low < 0xe000) return {0x10000 + ((*first - 0xd800) << 10) + (*low - 0xdc00), 12};
    return {*first, 6};
}

/// The escape at `at`, where a backslash stands before another byte, as the bytes that it means.
std::size_t add_escape(View& view, string_view text, std::size_t at, HighBytes high) {
    if (const Escape escape = unicode_escape(text, at); escape.size > 0) {
        add_utf8(view, escape.point, at, at + escape.size);
        return escape.size;
    }
    const char letter = text[at + 1];
    if (const auto number = letter == 'x' ? hex_number(text, at + 2, 2) : std::nullopt) {
        if (high == HighBytes::points)
            add_utf8(view, *number, at, at + 4);
        else
            view.add(static_cast<char>(*number), at, at + 4);
        return 4;
    }
    constexpr string_view kLetters = "nrtbfav0";
    constexpr string_view kMeanings("\n\r\t\b\f\a\v\0", 8);
    const std::size_t known = kLetters.find(letter);
    view.add(known == string_view::npos ? letter : kMeanings[known], at, at + 2);
    return 2;
}

/// Backslash escapes: JSON's (RFC 8259, section 7) and those of C and Python beside them.
View unescaped(string_view text, HighBytes high) {
    View view;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == '\\' && at + 1 < text.size()) {
            at += add_escape(view, text, at, high);
            continue;
        }
        view.add(text[at], at, at + 1);
        ++at;
    }
    return view;
}

/// Percent-encoding (RFC 3986, section 2.1), and '+' for a space as forms write it.
View percent_decoded(string_view text) {
    View view;
    for (std::size_t at = 0; at < text.size();) {
        const auto number = text[at] == '%' ? hex_number(text, at + 1, 2) : std::nullopt;
        const std::size_t size = number ? 3 : 1;
        view.add(number ? static_cast<char>(*number) : text[at] == '+' ? ' ' : text[at], at, at + size);
        at += size;
    }
    return view;
}

/// A line end as quoted strings spell it.
bool is_escaped_line_end(string_view text, std::size_t at) {
    return text[at] == '\\' && at + 1 < text.size() && (text[at + 1] == 'n' || text[at + 1] == 'r');
}

/// The letters of base64 (RFC 4648, sections 4 and 5, in those of section 4) without line ends between them.
View base64_letters(string_view text) {
    View view;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at] == '-' ? '+' : text[at] == '_' ? '/' : text[at];
        if (kBase64.find(c) != string_view::npos) {
            view.add(c, at, at + 1);
        } else if (is_escaped_line_end(text, at)) {
            ++at;
        } else if (!is_space(c)) {
            view.gap(at);
        }
    }
    return view;
}

/// "0x6f" at `at`, or "\x6f".
bool is_hex_prefix(string_view text, std::size_t at) {
    return (text[at] == '0' || text[at] == '\\') && at + 1 < text.size() &&
           (text[at + 1] == 'x' || text[at + 1] == 'X');
}

/// Hexadecimal digits in small letters, without what tools put between bytes: "de:ad", "DE AD", "0xdeu, 0xadu", "\xde".
View hex_digits(string_view text) {
    constexpr string_view kBetween = ":-,%;.|$";
    View view;
    std::size_t number = string_view::npos;  // where the digits of the last prefix begin
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        const bool suffix = number != string_view::npos && at >= number + 2 && at < number + 5 &&
                            string_view("uUlL").find(c) != string_view::npos;
        if (is_hex_prefix(text, at)) {
            number = ++at + 1;
        } else if (is_escaped_line_end(text, at)) {
            ++at;
        } else if (hex_digit(c) >= 0) {
            view.add("0123456789abcdef"[hex_digit(c)], at, at + 1);
        } else if (!suffix && !is_space(c) && kBetween.find(c) == string_view::npos) {
            view.gap(at);
        }
    }
    return view;
}

string reversed(string_view text) { return {text.rbegin(), text.rend()}; }

/// The letters of base64 that a value alone decides when `before` bytes (0 to 2) stand in front of it in its group.
string base64_core(string_view value, std::size_t before) {
    string out;
    const std::size_t bits = value.size() * 8;
    const std::size_t first = before == 0 ? 0 : before == 1 ? 4 : 2;  // bits that share a letter with those before
    for (std::size_t at = first; at + 6 <= bits; at += 6) {
        const unsigned byte = static_cast<unsigned char>(value[at / 8]);
        const unsigned next = at / 8 + 1 < value.size() ? static_cast<unsigned char>(value[at / 8 + 1]) : 0;
        out += kBase64[((byte << 8 | next) >> (10 - at % 8)) & 0x3f];
    }
    return out;
}

string hex_of(string_view value) {
    string out;
    for (const char c : value) {
        out += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
        out += "0123456789abcdef"[static_cast<unsigned char>(c) & 0xf];
    }
    return out;
}

}  // namespace

struct SecretValues::Needles {
    StringFinder plain;    // of the text and of what its escapes mean
    StringFinder percent;  // '+' is a space there
    StringFinder base64;
    StringFinder hex;

    explicit Needles(std::span<const string> values) {
        for (const string& value : values) {
            for (const string& form : {value, reversed(value)}) {
                plain.add(form);
                if (form.size() >= kShortestEncoded) add_encoded(form);
            }
        }
        for (StringFinder* one : {&plain, &percent, &base64, &hex}) one->finish();
    }

private:
    void add_encoded(const string& form) {
        percent.add(replace_all(form, "+", " "));
        percent.add(form);
        hex.add(hex_of(form));
        hex.add(reversed(hex_of(form)));
        for (const std::size_t before : {0U, 1U, 2U}) {
            const string core = base64_core(form, before);
            base64.add(core);
            base64.add(reversed(core));
        }
    }
};

namespace {

void find_in(const View& view, const StringFinder& needles, std::vector<Place>& found) {
    for (const Place& place : needles.find(view.bytes))
        found.push_back({view.places[place.begin].begin, view.places[place.end - 1].end});
}

}  // namespace

SecretValues::SecretValues(std::initializer_list<string> values) : SecretValues(std::span(values)) {}

SecretValues::SecretValues(std::span<const string> values)
    : needles_(values.empty() ? nullptr : std::make_shared<const Needles>(values)) {}

std::vector<std::pair<std::size_t, std::size_t>> SecretValues::find(string_view text) const {
    if (!needles_) return {};
    std::vector<Place> found = needles_->plain.find(text);
    if (text.find('\\') != string_view::npos) {
        find_in(unescaped(text, HighBytes::bytes), needles_->plain, found);
        find_in(unescaped(text, HighBytes::points), needles_->plain, found);
    }
    if (text.find_first_of("%+") != string_view::npos) find_in(percent_decoded(text), needles_->percent, found);
    find_in(base64_letters(text), needles_->base64, found);
    find_in(hex_digits(text), needles_->hex, found);
    std::ranges::sort(found, {}, &Place::end);
    std::vector<Place> joined;
    for (const Place& place : found) join_place(joined, place);
    std::vector<std::pair<std::size_t, std::size_t>> out;
    for (const Place& place : joined) out.emplace_back(place.begin, place.end);
    return out;
}

}  // namespace ec::agent
