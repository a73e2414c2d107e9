#include "context/values_in.hpp"

#include <algorithm>
#include <array>
#include <ec/core/text.hpp>
#include <ec/json/json.hpp>

#include "context/secret_shapes.hpp"

namespace ec::agent {
namespace {

using std::string;
using std::string_view;

constexpr std::size_t kShortest = 6;  // what is shorter stands in ordinary text too
constexpr std::size_t kLongestWord = 12;

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_quote(char c) { return c == '"' || c == '\''; }
bool is_vowel(char c) { return string_view("aeiouyAEIOUY").find(c) != string_view::npos; }

/// Generous: a key taken for a secret one costs a masked word, the other way round it costs the secret.
bool tells_of_a_secret(string_view key) {
    constexpr std::array<string_view, 14> kParts = {"pass", "pwd",  "secret", "token", "key",    "cred", "auth",
                                                    "priv", "salt", "cookie", "seed",  "phrase", "sign", "login"};
    const string low = lowered(key);
    return std::ranges::any_of(kParts, [&](string_view part) { return low.find(part) != string::npos; });
}

string_view without_quotes(string_view value) {
    while (!value.empty() && is_quote(value.front())) value.remove_prefix(1);
    while (!value.empty() && (is_quote(value.back()) || value.back() == ',')) value.remove_suffix(1);
    return value;
}

/// Where the quotation ends that begins `text`.
std::size_t closing_quote(string_view text) {
    for (std::size_t at = 1; at < text.size(); ++at) {
        if (text[at] == text.front()) return at;
        if (text[at] == '\\' && text.front() == '"') ++at;
    }
    return string_view::npos;
}

/// The value as dotenv reads it: the quotation alone, or what stands before a comment.
string_view before_comment(string_view value) {
    if (!value.empty() && is_quote(value.front())) {
        const std::size_t end = closing_quote(value);
        return end == string_view::npos ? value.substr(1) : value.substr(1, end - 1);
    }
    for (std::size_t at = 1; at < value.size(); ++at) {
        const bool comment = value[at] == '#' || value[at] == ';';
        if (comment && (value[at - 1] == ' ' || value[at - 1] == '\t')) return trim(value.substr(0, at));
    }
    return value;
}

class Values {
public:
    void add(string_view key, string_view value) {
        if (value.size() < kShortest) return;
        if (is_ordinary_word(value) && !key.empty() && !tells_of_a_secret(key)) return;
        found_.emplace_back(value);
    }

    /// The right side of NAME=VALUE and NAME: VALUE, as a whole and as its format reads it.
    void add_line(string_view line) {
        const std::size_t at = line.find_first_of("=:");
        const string_view key = at == string_view::npos ? string_view() : trim(line.substr(0, at));
        const string_view right = trim(at == string_view::npos ? line : line.substr(at + 1));
        if (right.starts_with("-----BEGIN ") || right.starts_with("-----END ")) return;
        add(key, without_quotes(right));
        const string_view value = before_comment(right);
        add(key, value);
        add_password_of_address(value);
    }

    /// SCHEME://USER:PASSWORD@HOST (RFC 3986, section 3.2.1).
    void add_password_of_address(string_view value) {
        const std::size_t slashes = value.find("//");
        if (slashes == string_view::npos) return;
        const string_view authority = value.substr(slashes + 2, value.find('/', slashes + 2) - slashes - 2);
        const std::size_t at = authority.rfind('@');
        const std::size_t colon = authority.find(':');
        if (at != string_view::npos && colon < at) add("password", authority.substr(colon + 1, at - colon - 1));
    }

    /// HOST:PORT:DATABASE:USER:PASSWORD, as PostgreSQL's password file has it.
    void add_last_field(string_view line) { add("password", trim(line.substr(line.rfind(':') + 1))); }

    /// Every string of JSON, broken JSON too, with the key that stands before it.
    void add_strings(string_view text) {
        string key;
        for (std::size_t at = text.find('"'); at != string_view::npos; at = text.find('"', at)) {
            const std::size_t end = closing_quote(text.substr(at));
            if (end == string_view::npos) return;
            const string_view quoted = text.substr(at, end + 1);
            at += end + 1;
            const std::size_t next = text.find_first_not_of(" \t\r\n", at);
            if (next != string_view::npos && text[next] == ':') {
                key = quoted;
                continue;
            }
            add(key, quoted.substr(1, quoted.size() - 2));
            const auto value = json::parse(quoted);
            if (const auto* meant = value ? value->if_string() : nullptr) {
                add(key, *meant);
                add_password_of_address(*meant);
            }
        }
    }

    /// "machine HOST login NAME password VALUE", over any number of lines.
    void add_words(string_view text) {
        string_view before;
        for (std::size_t at = text.find_first_not_of(" \t\r\n"); at != string_view::npos;) {
            const std::size_t end = std::min(text.find_first_of(" \t\r\n", at), text.size());
            const string_view word = text.substr(at, end - at);
            if (before != "machine") add(before.empty() ? "machine" : before, without_quotes(word));
            before = word;
            at = text.find_first_not_of(" \t\r\n", end);
        }
    }

    std::vector<string> take() { return std::move(found_); }

private:
    std::vector<string> found_;
};

}  // namespace

bool is_ordinary_word(string_view value) {
    if (value.empty() || value.size() > kLongestWord) return false;
    const string_view tail = value.substr(1);
    const bool one_case = std::ranges::all_of(value, is_upper) || std::ranges::all_of(tail, is_lower);
    if (!one_case || !(is_upper(value.front()) || is_lower(value.front()))) return false;
    int vowels = 0;
    int consonants = 0;
    for (const char c : value) {
        vowels = is_vowel(c) ? vowels + 1 : 0;
        consonants = is_vowel(c) ? 0 : consonants + 1;
        if (vowels > 3 || consonants > 4) return false;
    }
    return true;
}

std::vector<string> values_in(string_view path, string_view text) {
    Values values;
    const string_view name = path.substr(path.rfind('/') + 1);
    for (const string_view line : split_lines(text)) {
        values.add_line(line);
        if (name == ".pgpass") values.add_last_field(line);
    }
    const string_view content = trim(text);
    if (name == ".netrc" || name == "_netrc") values.add_words(text);
    if (content.starts_with('{') || content.starts_with('[')) values.add_strings(text);
    return values.take();
}

}  // namespace ec::agent
