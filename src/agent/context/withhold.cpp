#include <algorithm>
#include <array>
#include <ec/agent/withhold.hpp>
#include <ec/codeindex/syntax.hpp>

#include "context/secret_shapes.hpp"

namespace ec::agent {
namespace {

using std::string_view;

constexpr std::size_t kNone = string_view::npos;
constexpr std::size_t kLongestValue = 4096;
constexpr std::size_t kLongestAddress = 512;
constexpr std::size_t kLongestKeyBlock = 32 << 10;
constexpr std::size_t kShortestKeyLine = 24;
constexpr string_view kPlaceholderStart = "[withheld: ";

bool is_name_byte(char c) { return is_token_byte(c) && c != '+' && c != '/' && c != '=' && c != '~'; }
bool is_quote(char c) { return c == '"' || c == '\'' || c == '`'; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// Files that consist of hashes: strings without a shape tell nothing there.
bool holds_hashes(string_view path) {
    const string_view name = path.substr(path.rfind('/') + 1);
    constexpr std::array<string_view, 5> kNames = {"package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml",
                                                   ".package-lock.json", "go.sum"};
    constexpr std::array<string_view, 6> kEndings = {".lock", ".sum", ".map", ".svg", ".pub", ".ipynb"};
    return std::ranges::find(kNames, name) != kNames.end() ||
           std::ranges::any_of(kEndings, [&](string_view ending) { return name.ends_with(ending); });
}

class Scanner {
public:
    Scanner(string_view path, string_view text)
        : path_(path),
          text_(text),
          with_random_(!holds_hashes(path)),
          with_bare_values_(!codeindex::language_of(path).has_value()) {}

    std::vector<Withheld> run(const SecretValues& values) {
        for (const auto& [begin, end] : values.find(text_)) add("value of a secret", begin, end);
        for (std::size_t at = 0; at < text_.size();) {
            if (text_.compare(at, 11, "-----BEGIN ") == 0)
                at = key_block(at);
            else if (is_token_byte(text_[at]))
                at = words(at);
            else
                at = text_.compare(at, 3, "://") == 0 ? address(at + 3) : at + 1;
        }
        return merged();
    }

private:
    char byte(std::size_t at) const { return at < text_.size() ? text_[at] : '\n'; }
    void add(string_view kind, std::size_t begin, std::size_t end) {
        found_.push_back({std::string(path_), std::string(kind), 0, begin, end});
    }
    std::size_t end_of_run(std::size_t at, bool (*inside)(char)) const {
        while (at < text_.size() && inside(text_[at])) ++at;
        return at;
    }

    /// An armoured block (RFC 7468, RFC 4880): a private key is withheld whole, another block is passed over, and a
    /// header that no block follows (code that looks for keys) is a few words like all others.
    std::size_t key_block(std::size_t begin) {
        const std::size_t label_end = text_.find("-----", begin + 11);
        if (label_end == kNone || label_end - begin > 100) return begin + 11;
        const bool is_private = text_.substr(begin, label_end - begin).find("PRIVATE KEY") != kNone;
        const std::size_t body = label_end + 5;
        const std::size_t footer = footer_after(body);
        std::size_t end = body;
        if (footer != kNone && footer - body <= kLongestKeyBlock && text_.find("-----BEGIN ", body) > footer) {
            const std::size_t close = text_.find("-----", footer + 9);
            end = close != kNone && close - footer < 100 ? close + 5 : footer + 9;
            if (!is_private && !is_armour(text_.substr(body, footer - body))) return body;
        } else if (is_private) {
            end = end_of_run(body, [](char c) { return is_token_byte(c) || c == '\n' || c == '\r' || c == '\\'; });
        }
        if (!is_private) return end;
        if (!has_key_line(text_.substr(body, end - body))) return body;
        add("private key", begin, end);
        return end;
    }

    /// Base64, headers, and what quoting puts around their lines.
    static bool is_armour(string_view body) {
        return std::ranges::all_of(body, [](char c) {
            return is_token_byte(c) || is_blank(c) || is_quote(c) || string_view("\n\r\\,:").find(c) != kNone;
        });
    }
    static bool has_key_line(string_view body) {
        std::size_t run = 0;
        for (const char c : body) {
            run = is_token_byte(c) && c != '-' && c != '.' && c != '_' && c != '~' ? run + 1 : 0;
            if (run == kShortestKeyLine) return true;
        }
        return false;
    }

    /// The next "-----END ". Looked for once only, however many headers stand before it.
    std::size_t footer_after(std::size_t at) {
        if (footer_ != kNone && footer_ < at) footer_ = text_.find("-----END ", at);
        return footer_;
    }

    /// A run of token bytes: tokens of known shape, names that are given a value, strings too random to be anything
    /// else.
    std::size_t words(std::size_t begin) {
        const std::size_t run_end = end_of_run(begin, is_token_byte);
        // In an escaped string the letter of "\n" is no part of the word behind it.
        if (begin > 0 && text_[begin - 1] == '\\' &&
            (text_[begin] == 'n' || text_[begin] == 't' || text_[begin] == 'r'))
            ++begin;
        for (std::size_t at = begin; at < run_end;) {
            if (!is_name_byte(text_[at])) {
                ++at;
                continue;
            }
            const std::size_t end = std::min(end_of_run(at, is_name_byte), run_end);
            word(at, end);
            at = end;
        }
        if (with_random_) random_string(begin, run_end);
        return std::max(run_end, begin);
    }

    void word(std::size_t begin, std::size_t end) {
        string_view text = text_.substr(begin, end - begin);
        while (!text.empty() && (text.back() == '.' || text.back() == '-')) text.remove_suffix(1);
        if (const string_view kind = token_kind(text); !kind.empty()) add(kind, begin, begin + text.size());
        // "config.password", "--api-key": what counts is the end of the name.
        if (const string_view kind = secret_name_kind(text.substr(text.size() > 64 ? text.size() - 64 : 0));
            !kind.empty())
            value_of(kind, begin, end);
    }

    /// The parts between '=' and at the ends; '+' and '/' belong to base64.
    void random_string(std::size_t begin, std::size_t end) {
        while (begin < end) {
            std::size_t stop = begin;
            while (stop < end && text_[stop] != '=' && text_[stop] != '.' && text_[stop] != '~') ++stop;
            const bool alone = begin == 0 || string_view("\"'`=: \t\n\r,[({>|@n;").find(text_[begin - 1]) != kNone;
            const bool ended = string_view("\"'`=: \t\n\r,])}<|@&;\\").find(byte(stop)) != kNone;
            const string_view before = text_.substr(begin > 7 ? begin - 7 : 0, std::min<std::size_t>(begin, 7));
            const bool data = before == "base64," || before == "SHA256:" || before.ends_with("h1:") ||
                              before == "sha256=" || before == "sha384=" || before == "sha512=" ||
                              text_.compare(begin, 4, "AAAA") == 0;  // a public key as ssh writes it
            if (alone && ended && !data && !is_data_line(begin, stop) &&
                looks_random(text_.substr(begin, stop - begin)))
                add("random string", begin, stop);
            begin = stop + 1;
        }
    }

    /// A full line of MIME or PEM text: 60 to 76 bytes of base64 and nothing beside.
    bool is_data_line(std::size_t begin, std::size_t end) const {
        const std::size_t size = end - begin;
        return size >= 60 && size <= 76 && size % 4 == 0 && (begin == 0 || text_[begin - 1] == '\n') &&
               (byte(end) == '\n' || byte(end) == '\r');
    }

    /// user:password@host behind "://" (RFC 3986, 3.2.1).
    std::size_t address(std::size_t begin) {
        std::size_t colon = kNone;
        for (std::size_t at = begin; at < std::min(text_.size(), begin + kLongestAddress); ++at) {
            const char c = text_[at];
            if (c == ':' && colon == kNone) colon = at;
            if (c == '@' && colon != kNone && is_secret_value(text_.substr(colon + 1, at - colon - 1), true))
                add("password", colon + 1, at);
            if (c == '@' || c == '/' || c == ' ' || c == '\n' || c == '<' || is_quote(c)) break;
        }
        return begin;
    }

    /// Where the value begins that is given to the name in [begin, end); kNone when none is.
    std::size_t value_begin(std::size_t begin, std::size_t end) const {
        const bool element = begin > 0 && text_[begin - 1] == '<';
        std::size_t at = end;
        if (element) return byte(at) == '>' ? at + 1 : kNone;
        if (byte(at) == '\\') ++at;  // JSON inside a string
        if (is_quote(byte(at))) ++at;
        if (byte(at) == ']') ++at;
        const bool spaced = is_blank(byte(at));
        at = end_of_run(at, is_blank);
        const char sign = byte(at);
        const bool option = text_.compare(begin, 2, "--") == 0;
        if (sign != '=' && sign != ':') return option && spaced ? at : kNone;
        ++at;
        if (byte(at) == '=' && sign == '=') return kNone;  // a comparison
        if ((sign == ':' && byte(at) == '=') || (sign == '=' && byte(at) == '>')) ++at;
        at = end_of_run(at, is_blank);
        // A type between name and value: `password: str = "…"`.
        if (sign == ':') {
            const std::size_t type = end_of_run(at, [](char c) { return is_name_byte(c); });
            const std::size_t equals = end_of_run(type, is_blank);
            if (type > at && type - at < 40 && byte(equals) == '=' && byte(equals + 1) != '=')
                return end_of_run(equals + 1, is_blank);
        }
        return at;
    }

    void value_of(string_view kind, std::size_t name_begin, std::size_t name_end) {
        std::size_t at = value_begin(name_begin, name_end);
        if (at == kNone || at >= text_.size()) return;
        if (byte(at) == '\\') ++at;
        if ((byte(at) == 'b' || byte(at) == 'r' || byte(at) == 'u') && is_quote(byte(at + 1))) ++at;
        const char quote = is_quote(byte(at)) ? byte(at) : '\0';
        if (quote != '\0') ++at;
        for (const string_view scheme : {"Bearer ", "Basic ", "bearer ", "basic ", "Token ", "token "})
            if (text_.compare(at, scheme.size(), scheme) == 0) at += scheme.size();
        // Names in a bare value ("token=token=…") share its end, which is looked for once.
        std::size_t end = quote == '\0' && at >= bare_begin_ && at < bare_end_ ? bare_end_ : at;
        const std::size_t limit = quote == '\0' ? text_.size() : std::min(text_.size(), at + kLongestValue + 1);
        while (end < limit && text_[end] != '\n' && text_[end] != '\r' && text_[end] != quote &&
               !(quote == '\0' && bare_value_ends(text_[end])))
            ++end;
        if (quote == '\0') {
            bare_begin_ = at;
            bare_end_ = end;
        }
        if (quote != '\0' && byte(end) != quote) return;
        if (quote != '\0' && end > at && text_[end - 1] == '\\') --end;
        string_view value = text_.substr(at, end - at);
        if (value.size() > kLongestValue || (quote == '\0' && !(with_bare_values_ && may_be_bare(value)))) return;
        if (value.find(' ') == kNone && is_secret_value(value, quote != '\0')) add(kind, at, end);
    }

    static bool bare_value_ends(char c) {
        return is_blank(c) || c == ',' || c == '"' || c == '\'' || c == '<' || c == ';';
    }
    /// Not `user.password2`, `sha256.new`: names joined by dots are code or settings that point elsewhere.
    static bool may_be_bare(string_view value) {
        const std::size_t dot = value.find('.');
        if (dot == kNone || dot == 0) return true;
        return !std::ranges::all_of(value, [](char c) { return is_name_byte(c) && c != '-'; }) || looks_random(value);
    }

    std::vector<Withheld> merged() {
        std::ranges::stable_sort(found_, [](const Withheld& a, const Withheld& b) {
            return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
        });
        std::vector<Withheld> out;
        int line = 1;
        std::size_t counted = 0;
        for (Withheld& one : found_) {
            if (!out.empty() && one.begin < out.back().end) {
                out.back().end = std::max(out.back().end, one.end);
                continue;
            }
            line += static_cast<int>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(counted),
                                                text_.begin() + static_cast<std::ptrdiff_t>(one.begin), '\n'));
            counted = one.begin;
            one.line = line;
            out.push_back(std::move(one));
        }
        return out;
    }

    string_view path_;
    string_view text_;
    bool with_random_;
    bool with_bare_values_;
    std::size_t bare_begin_ = 0;  // the bare value looked at last
    std::size_t bare_end_ = 0;
    std::size_t footer_ = 0;  // the footer found last; before the text when none was looked for
    std::vector<Withheld> found_;
};

/// A placeholder in a redacted text and what stands there in the unredacted one.
struct Slot {
    std::size_t begin = 0;
    std::size_t end = 0;
    string_view shown;
    string_view real;
    std::size_t line_ends = 0;  // that follow the placeholder in place of those inside the secret
};

std::size_t line_ends_in(string_view text) { return static_cast<std::size_t>(std::ranges::count(text, '\n')); }

/// The placeholder that begins at `at`, empty when none does. Only what redact() writes is one.
string_view placeholder_at(string_view text, std::size_t at) {
    constexpr std::array<string_view, 7> kKinds = {"api key", "access token",  "password",         "private key",
                                                   "secret",  "random string", "value of a secret"};
    const string_view rest = text.substr(at + kPlaceholderStart.size());
    for (const string_view kind : kKinds)
        if (rest.starts_with(kind) && rest.substr(kind.size()).starts_with(']'))
            return text.substr(at, kPlaceholderStart.size() + kind.size() + 1);
    return {};
}

/// The placeholders in `text` as slots that stand for themselves.
void literal_slots(string_view text, std::size_t offset, std::vector<Slot>& slots) {
    for (std::size_t at = text.find(kPlaceholderStart); at != kNone; at = text.find(kPlaceholderStart, at + 1)) {
        const string_view shown = placeholder_at(text, at);
        if (!shown.empty()) slots.push_back({offset + at, offset + at + shown.size(), shown, shown, 0});
    }
}

}  // namespace

std::vector<Withheld> scan(string_view path, string_view text, const SecretValues& values) {
    return Scanner(path, text).run(values);
}

std::string placeholder(string_view kind) { return std::string(kPlaceholderStart).append(kind).append("]"); }

std::string redact(string_view text, std::vector<Withheld>* found, string_view path, const SecretValues& values) {
    std::vector<Withheld> secrets = scan(path, text, values);
    std::string out;
    out.reserve(text.size());
    std::size_t at = 0;
    for (const Withheld& secret : secrets) {
        out.append(text.substr(at, secret.begin - at)).append(placeholder(secret.kind));
        out.append(line_ends_in(text.substr(secret.begin, secret.end - secret.begin)), '\n');
        at = secret.end;
    }
    out.append(text.substr(at));
    if (found != nullptr) std::ranges::move(secrets, std::back_inserter(*found));
    return out;
}

Result<std::string> restore_withheld(string_view edited, string_view original, string_view path,
                                     const SecretValues& values) {
    std::vector<Slot> real;
    std::vector<std::string> shown;
    const std::vector<Withheld> secrets = scan(path, original, values);
    shown.reserve(secrets.size());
    std::size_t at = 0;
    for (const Withheld& secret : secrets) {
        literal_slots(original.substr(at, secret.begin - at), at, real);
        shown.push_back(placeholder(secret.kind));
        const string_view value = original.substr(secret.begin, secret.end - secret.begin);
        real.push_back({secret.begin, secret.end, shown.back(), value, line_ends_in(value)});
        at = secret.end;
    }
    literal_slots(original.substr(at), at, real);
    std::vector<Slot> wanted;
    literal_slots(edited, 0, wanted);
    if (!std::ranges::equal(wanted, real, {}, &Slot::shown, &Slot::shown)) {
        return fail(ErrorCode::conflict, "the edit adds, removes or moves a place where a secret was withheld",
                    "leave every [withheld: …] where it is");
    }
    std::string out;
    at = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        out.append(edited.substr(at, wanted[i].begin - at)).append(real[i].real);
        at = wanted[i].end;
        for (std::size_t n = 0; n < real[i].line_ends && at < edited.size() && edited[at] == '\n'; ++n) ++at;
    }
    return out.append(edited.substr(at));
}

}  // namespace ec::agent
