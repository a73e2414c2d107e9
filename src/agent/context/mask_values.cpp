// Finds secrets by value: as they are, reversed, and in the encodings that programs print by themselves or that are one
// command away.
//
// The text is read as each encoding in one pass, which gives a view: bytes, and where in the text each one stands. All
// that is looked for in a view is found in one more pass by the first bytes of each needle, so the cost grows with the
// text and the number of values, not with their product.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <ec/agent/secret_files.hpp>
#include <ec/agent/withhold.hpp>
#include <ec/core/text.hpp>
#include <optional>
#include <span>
#include <unordered_map>

namespace ec::agent {
namespace {

using std::string;
using std::string_view;

constexpr std::size_t kShortestEncoded = 8;  // what is shorter is masked as it is and reversed only
constexpr char kGap = '\0';                  // what belongs to no encoding; stands in no needle of base64 or hex
constexpr string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

struct Span {
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// The text as one encoding: what it says, and which part of the text says each byte.
struct View {
    string bytes;
    std::vector<Span> places;

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

/// Backslash escapes: JSON's (RFC 8259, section 7) and those of C and Python beside them.
View unescaped(string_view text) {
    View view;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] != '\\' || at + 1 == text.size()) {
            view.add(text[at], at, at + 1);
            ++at;
            continue;
        }
        const char letter = text[at + 1];
        if (const auto number = letter == 'u' ? hex_number(text, at + 2, 4) : std::nullopt) {
            const bool high = *number >= 0xd800 && *number < 0xdc00 && text.substr(at + 6, 2) == "\\u";
            const auto low = high ? hex_number(text, at + 8, 4) : std::nullopt;
            const bool pair = low && *low >= 0xdc00 && *low < 0xe000;
            const std::size_t end = at + (pair ? 12 : 6);
            add_utf8(view, pair ? 0x10000 + ((*number - 0xd800) << 10) + (*low - 0xdc00) : *number, at, end);
            at = end;
            continue;
        }
        if (const auto number = letter == 'x' ? hex_number(text, at + 2, 2) : std::nullopt) {
            view.add(static_cast<char>(*number), at, at + 4);
            at += 4;
            continue;
        }
        constexpr string_view kLetters = "nrtbfav0";
        constexpr string_view kMeanings("\n\r\t\b\f\a\v\0", 8);
        const std::size_t known = kLetters.find(letter);
        view.add(known == string_view::npos ? letter : kMeanings[known], at, at + 2);
        at += 2;
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

/// The letters of base64 (RFC 4648, sections 4 and 5, in those of section 4) without line ends between them.
View base64_letters(string_view text) {
    View view;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at] == '-' ? '+' : text[at] == '_' ? '/' : text[at];
        if (kBase64.find(c) != string_view::npos) {
            view.add(c, at, at + 1);
        } else if (c == '\\' && at + 1 < text.size() && (text[at + 1] == 'n' || text[at + 1] == 'r')) {
            ++at;  // a line end in a quoted string
        } else if (!is_space(c)) {
            view.gap(at);
        }
    }
    return view;
}

/// Hexadecimal digits in small letters, without what tools put between bytes: "de:ad", "DE AD", "0xde, 0xad", "\xde".
View hex_digits(string_view text) {
    View view;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        const bool prefix =
            (c == '0' || c == '\\') && at + 1 < text.size() && (text[at + 1] == 'x' || text[at + 1] == 'X');
        if (prefix) {
            ++at;
        } else if (hex_digit(c) >= 0) {
            view.add("0123456789abcdef"[hex_digit(c)], at, at + 1);
        } else if (!is_space(c) && c != ':' && c != '-' && c != ',' && c != '%') {
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

/// Finds any of many strings of at least eight bytes.
class Needles {
public:
    void add(string needle) {
        if (needle.size() < sizeof(std::uint64_t)) return;
        const std::uint64_t key = key_at(needle.data());
        maybe_[slot(key)] = true;
        by_key_[key].push_back(std::move(needle));
    }

    void find_in(const View& view, std::vector<Span>& found) const {
        const string_view bytes = view.bytes;
        each(bytes, [&](std::size_t at, std::size_t size) {
            found.push_back({view.places[at].begin, view.places[at + size - 1].end});
        });
    }
    void find_in(string_view text, std::vector<Span>& found) const {
        each(text, [&](std::size_t at, std::size_t size) { found.push_back({at, at + size}); });
    }

private:
    static std::uint64_t key_at(const char* bytes) {
        std::uint64_t key = 0;
        std::memcpy(&key, bytes, sizeof key);
        return key;
    }
    static std::size_t slot(std::uint64_t key) { return (key * 0x9e3779b97f4a7c15U) >> 48; }

    template <class Found>
    void each(string_view bytes, Found found) const {
        if (by_key_.empty()) return;
        for (std::size_t at = 0; at + sizeof(std::uint64_t) <= bytes.size(); ++at) {
            const std::uint64_t key = key_at(bytes.data() + at);
            if (!maybe_[slot(key)]) continue;
            const auto same = by_key_.find(key);
            if (same == by_key_.end()) continue;
            for (const string& needle : same->second)
                if (bytes.substr(at).starts_with(needle)) found(at, needle.size());
        }
    }

    std::vector<bool> maybe_ = std::vector<bool>(1U << 16);
    std::unordered_map<std::uint64_t, std::vector<string>> by_key_;
};

struct AllNeedles {
    Needles plain;    // of the text and of what its escapes mean
    Needles percent;  // '+' is a space there
    Needles base64;
    Needles hex;
};

AllNeedles needles_of(std::span<const string> values) {
    AllNeedles all;
    for (const string& value : values) {
        if (value.size() < kShortestEncoded) continue;
        for (const string& form : {value, reversed(value)}) {
            all.plain.add(form);
            all.percent.add(replace_all(form, "+", " "));
            all.percent.add(form);
            all.hex.add(hex_of(form));
            for (const std::size_t before : {0U, 1U, 2U}) {
                const string core = base64_core(form, before);
                all.base64.add(core);
                all.base64.add(reversed(core));
            }
        }
    }
    return all;
}

void find_short(string_view text, const string& value, std::vector<Span>& found) {
    for (const string& form : {value, reversed(value)}) {
        for (std::size_t at = text.find(form); at != string_view::npos; at = text.find(form, at + 1))
            found.push_back({at, at + form.size()});
    }
}

string without(string_view text, std::vector<Span> found) {
    std::ranges::sort(found, {}, &Span::begin);
    string out;
    std::size_t at = 0;
    for (std::size_t i = 0; i < found.size();) {
        Span one = found[i];
        while (++i < found.size() && found[i].begin < one.end) one.end = std::max(one.end, found[i].end);
        out.append(text.substr(at, one.begin - at)).append(placeholder("value of a secret"));
        at = one.end;
    }
    return out.append(text.substr(at));
}

}  // namespace

string mask_values(string text, const std::vector<string>& values) {
    if (values.empty()) return text;
    const AllNeedles needles = needles_of(values);
    std::vector<Span> found;
    for (const string& value : values)
        if (value.size() < kShortestEncoded && !value.empty()) find_short(text, value, found);
    needles.plain.find_in(text, found);
    if (text.find('\\') != string::npos) needles.plain.find_in(unescaped(text), found);
    if (text.find_first_of("%+") != string::npos) needles.percent.find_in(percent_decoded(text), found);
    needles.base64.find_in(base64_letters(text), found);
    needles.hex.find_in(hex_digits(text), found);
    return found.empty() ? text : without(text, std::move(found));
}

}  // namespace ec::agent
