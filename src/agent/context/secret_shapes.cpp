#include "context/secret_shapes.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <string>

namespace ec::agent {
namespace {

bool upper(char c) { return c >= 'A' && c <= 'Z'; }
bool lower(char c) { return c >= 'a' && c <= 'z'; }
bool digit(char c) { return c >= '0' && c <= '9'; }
bool alnum(char c) { return upper(c) || lower(c) || digit(c); }
bool hex(char c) { return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool upper_or_digit(char c) { return upper(c) || digit(c); }
bool word_byte(char c) { return alnum(c) || c == '_' || c == '-'; }

struct Shape {
    std::string_view prefix;
    std::size_t least;  // bytes after the prefix
    std::size_t most;
    bool (*allowed)(char);
    std::string_view kind;
};

// The vendors' own documentation of their token formats; GitHub's list of secret scanning patterns has them all.
constexpr std::size_t kAny = 400;
constexpr std::size_t kShortestToken = 20;
constexpr std::array kShapes = std::to_array<Shape>({
    {"AKIA", 16, 16, upper_or_digit, "api key"},
    {"ASIA", 16, 16, upper_or_digit, "api key"},
    {"ghp_", 36, kAny, alnum, "access token"},
    {"gho_", 36, kAny, alnum, "access token"},
    {"ghu_", 36, kAny, alnum, "access token"},
    {"ghs_", 36, kAny, alnum, "access token"},
    {"ghr_", 36, kAny, alnum, "access token"},
    {"github_pat_", 22, kAny, word_byte, "access token"},
    {"glpat-", 20, kAny, word_byte, "access token"},
    {"sk-", 20, kAny, word_byte, "api key"},
    {"sk_live_", 16, kAny, alnum, "api key"},
    {"sk_test_", 16, kAny, alnum, "api key"},
    {"rk_live_", 16, kAny, alnum, "api key"},
    {"whsec_", 24, kAny, alnum, "api key"},
    {"xoxb-", 16, kAny, word_byte, "access token"},
    {"xoxa-", 16, kAny, word_byte, "access token"},
    {"xoxp-", 16, kAny, word_byte, "access token"},
    {"xoxr-", 16, kAny, word_byte, "access token"},
    {"xoxs-", 16, kAny, word_byte, "access token"},
    {"xapp-", 16, kAny, word_byte, "access token"},
    {"AIza", 35, 35, word_byte, "api key"},
    {"ya29.", 20, kAny, word_byte, "access token"},
    {"GOCSPX-", 20, kAny, word_byte, "api key"},
    {"npm_", 36, 36, alnum, "access token"},
    {"pypi-", 32, kAny, word_byte, "access token"},
    {"hf_", 30, 60, alnum, "access token"},
    {"gsk_", 40, kAny, alnum, "api key"},
    {"xai-", 40, kAny, alnum, "api key"},
    {"dop_v1_", 64, 64, hex, "access token"},
    {"shpat_", 32, 32, hex, "access token"},
    {"AGE-SECRET-KEY-1", 40, kAny, alnum, "private key"},
});

bool has_digit(std::string_view text) { return std::ranges::any_of(text, digit); }

/// header.payload.signature of RFC 7519: three base64url parts, the first two of them JSON objects ("{" is "ey").
bool is_json_web_token(std::string_view word) {
    if (!word.starts_with("eyJ") || word.size() < 36) return false;
    const std::size_t first = word.find('.');
    if (first == std::string_view::npos || !word.substr(first + 1).starts_with("ey")) return false;
    const std::size_t second = word.find('.', first + 1);
    return second != std::string_view::npos && std::ranges::all_of(word.substr(0, first), word_byte);
}

/// SG.<22>.<43>
bool is_mail_service_key(std::string_view word) {
    return word.starts_with("SG.") && word.size() == 69 && word[25] == '.' && has_digit(word);
}

int kind_of_byte(char c) { return upper(c) ? 0 : lower(c) ? 1 : digit(c) ? 2 : 3; }

struct Classes {
    std::array<std::size_t, 4> count{};
    std::size_t changes = 0;
};

Classes classes_of(std::string_view word) {
    Classes out;
    for (std::size_t i = 0; i < word.size(); ++i) {
        ++out.count[static_cast<std::size_t>(kind_of_byte(word[i]))];
        if (i > 0 && kind_of_byte(word[i]) != kind_of_byte(word[i - 1])) ++out.changes;
    }
    return out;
}

bool contains_any(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

}  // namespace

std::string lowered(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (upper(c)) c = static_cast<char>(c - 'A' + 'a');
    return out;
}

bool is_token_byte(char byte) {
    return word_byte(byte) || byte == '.' || byte == '+' || byte == '/' || byte == '=' || byte == '~';
}

std::string_view token_kind(std::string_view word) {
    if (word.size() < kShortestToken) return {};
    if (is_json_web_token(word)) return "access token";
    if (is_mail_service_key(word)) return "api key";
    for (const Shape& shape : kShapes) {
        if (!word.starts_with(shape.prefix)) continue;
        const std::string_view body = word.substr(shape.prefix.size());
        if (body.size() < shape.least || body.size() > shape.most || !std::ranges::all_of(body, shape.allowed))
            continue;
        // "sk-learn-model-selection-utils" and "hf_aaaa…" are no keys: those have digits and are not one letter.
        if (has_digit(body) && entropy(body) >= 2.5) return shape.kind;
    }
    return {};
}

double entropy(std::string_view text) {
    if (text.empty()) return 0;
    std::array<std::size_t, 256> count{};
    for (const char c : text) ++count[static_cast<unsigned char>(c)];
    double bits = 0;
    for (const std::size_t n : count) {
        if (n == 0) continue;
        const double share = static_cast<double>(n) / static_cast<double>(text.size());
        bits -= share * std::log2(share);
    }
    return bits;
}

bool looks_random(std::string_view word) {
    // Shorter ones cannot be told from names; longer ones are data (pictures, fonts, wasm), whose bytes no login takes.
    if (word.size() < 32 || word.size() > 128) return false;
    const Classes classes = classes_of(word);
    const auto [uppers, lowers, digits, others] = classes.count;
    // All 64 letters equally likely change class at 0.6 of the positions; names and paths stay in one class for a word.
    if (uppers < 4 || lowers < 4 || digits < 3 || others > word.size() / 6) return false;
    if (classes.changes * 20 < word.size() * 9) return false;
    if (word.starts_with("sha1-") || word.starts_with("sha256-") || word.starts_with("sha384-") ||
        word.starts_with("sha512-")) {
        return false;  // subresource integrity: a hash
    }
    return entropy(word) >= 4.2;
}

std::string_view secret_name_kind(std::string_view name) {
    if (name.size() > 64) return {};
    std::string flat;
    for (const char c : lowered(name))
        if (c != '_' && c != '-' && c != '.') flat += c;
    const std::string_view text = flat;
    const auto ends = [&](std::initializer_list<std::string_view> tails) {
        return std::ranges::any_of(tails, [&](std::string_view tail) { return text.ends_with(tail); });
    };
    if (ends({"password", "passwd", "passphrase", "pwd"})) return "password";
    if (ends({"apikey", "accesskey", "secretkey", "accesskeyid", "accountkey", "signingkey", "encryptionkey",
              "apisecret", "secretaccesskey", "connectionstring", "keydata"}))
        return "api key";
    if (ends({"privatekey"})) return "private key";
    if (ends({"secret", "credential", "credentials"})) return "secret";
    if (ends({"token", "authorization"})) return "access token";
    return {};
}

bool is_secret_value(std::string_view value, bool quoted) {
    if (value.size() < (quoted ? 8U : 12U) || value.size() > 4096) return false;
    if (value.front() == '<' || value.front() == '$' || value.front() == '&' || value.front() == '*') return false;
    const std::string low = lowered(value);
    if (contains_any(low, {"example",   "changeme", "change-me",   "change_me", "placeholder", "dummy", "your",
                           "xxxx",      "****",     "....",        "${",        "{{",          "%(",    "%s",
                           "[withheld", "redacted", "process.env", "environ",   "getenv",      "://",   "insert",
                           "todo",      "sample",   "fake",        "mock"}))
        return false;
    const Classes classes = classes_of(value);
    const std::size_t letters = classes.count[0] + classes.count[1];
    if (classes.count[2] == 0 && classes.count[3] == 0) {
        // Letters alone: a word or a name, unless upper and lower case are mixed as no name mixes them.
        return value.size() >= 20 && classes.changes * 3 > value.size() && entropy(value) >= 3.5;
    }
    if (letters == 0) return quoted && classes.count[2] >= 8 && entropy(value) >= 3;
    // Words joined by separators ("access_token", "user.password", "Content-Type") name something. So does a call.
    if (classes.count[2] == 0 && std::ranges::all_of(value, [](char c) {
            return alnum(c) || c == '_' || c == '-' || c == '.' || c == '/' || c == ':' || c == '[' || c == ']' ||
                   c == '(' || c == ')' || c == ',' || c == '$' || c == '&' || c == '*' || c == '\\' || c == '|';
        }))
        return false;
    if (!quoted && (value.find_first_of("([{") != std::string_view::npos || classes.count[2] == 0)) return false;
    return entropy(value) >= 2.7;
}

}  // namespace ec::agent
