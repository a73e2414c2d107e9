#include <algorithm>
#include <charconv>
#include <cstdint>
#include <ec/core/text.hpp>
#include <ec/model/tool_repair.hpp>

namespace ec::model {
namespace {

constexpr int kMostDepth = 32;

void put_utf8(std::string& out, std::uint32_t c) {
    if (c >= 0xd800 && c < 0xe000) c = 0xfffd;
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += static_cast<char>(0xc0 | (c >> 6));
        out += static_cast<char>(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        out += static_cast<char>(0xe0 | (c >> 12));
        out += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
        out += static_cast<char>(0x80 | (c & 0x3f));
    } else {
        out += static_cast<char>(0xf0 | (c >> 18));
        out += static_cast<char>(0x80 | ((c >> 12) & 0x3f));
        out += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
        out += static_cast<char>(0x80 | (c & 0x3f));
    }
}

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

// Whether a word that the end of the text cut may have been going to be a number or a constant.
bool may_become_value(std::string_view word) {
    if (word.front() == '-' || (word.front() >= '0' && word.front() <= '9')) return true;
    return std::ranges::any_of(
        std::initializer_list<std::string_view>{"true", "True", "false", "False", "null", "None"},
        [&](std::string_view whole) { return whole.starts_with(word); });
}

class LenientParser {
public:
    /// `bare_quotes`: a quote ends a string only where something that follows a string comes next.
    LenientParser(std::string_view text, std::size_t& budget, bool bare_quotes)
        : text_(text), budget_(budget), bare_quotes_(bare_quotes) {}

    std::optional<LenientJson> run() {
        skip_space();
        json::Value value;
        if (done() || !parse_value(value, 0)) return {};
        return LenientJson{std::move(value), at_, end_, std::move(cut_key_)};
    }

private:
    using End = LenientJson::End;

    [[nodiscard]] bool done() const { return at_ >= text_.size(); }
    [[nodiscard]] char here() const { return text_[at_]; }
    bool step() {
        if (budget_ == 0) return false;
        --budget_;
        ++at_;
        return true;
    }
    void skip_space() {
        while (!done() && std::string_view(" \t\r\n").contains(here()) && step()) {
        }
    }
    // The text ends here; what is open is closed. False keeps the value as it is so far.
    bool cut(End where) {
        if (end_ == End::complete) end_ = where;
        return true;
    }

    bool parse_value(json::Value& out, int depth) {
        if (depth > kMostDepth || budget_ == 0) return false;
        skip_space();
        if (done()) return cut(End::inside_value);
        const char c = here();
        if (c == '{') return parse_object(out, depth);
        if (c == '[') return parse_array(out, depth);
        if (c == '"' || c == '\'') {
            std::string string;
            if (!parse_string(string)) return false;
            out = string;
            return true;
        }
        return parse_word(out);
    }

    bool parse_object(json::Value& out, int depth) {
        json::Object& object = out.emplace_object();
        if (!step()) return false;
        for (;;) {
            skip_space();
            while (!done() && here() == ',' && step()) skip_space();
            if (done()) return cut(End::between_values);
            if (here() == '}') return step();
            std::string key;
            if (!parse_key(key)) return false;
            if (end_ != End::complete) return true;
            skip_space();
            if (done()) return cut(End::inside_value);
            if (here() != ':' || !step()) return false;
            const bool was_whole = end_ == End::complete;
            json::Value value;
            if (!parse_value(value, depth + 1)) return false;
            if (was_whole && end_ == End::inside_value && cut_key_.empty()) cut_key_ = key;
            object[key] = std::move(value);
            if (end_ != End::complete) return true;
            skip_space();
            if (!done() && here() != ',' && here() != '}') return false;
        }
    }

    bool parse_array(json::Value& out, int depth) {
        json::Array& array = out.emplace_array();
        if (!step()) return false;
        for (;;) {
            skip_space();
            while (!done() && here() == ',' && step()) skip_space();
            if (done()) return cut(End::between_values);
            if (here() == ']') return step();
            json::Value value;
            if (!parse_value(value, depth + 1)) return false;
            array.push_back(std::move(value));
            if (end_ != End::complete) return true;
            skip_space();
            if (!done() && here() != ',' && here() != ']') return false;
        }
    }

    bool parse_key(std::string& out) {
        if (here() == '"' || here() == '\'') return parse_string(out);
        const std::size_t begin = at_;
        while (!done() && is_word(here()) && step()) {
        }
        out = text_.substr(begin, at_ - begin);
        return !out.empty();
    }

    // Whether the quote at `at` can be the end of a string: a comma, a colon, a bracket or the end follows.
    [[nodiscard]] bool ends_string(std::size_t at) const {
        const std::size_t next = text_.find_first_not_of(" \t\r\n", at + 1);
        return next == std::string_view::npos || std::string_view(",:}]").contains(text_[next]);
    }

    bool parse_string(std::string& out) {
        const char quote = here();
        const std::string_view triple = quote == '"' ? "\"\"\"" : "'''";
        const bool tripled = text_.substr(at_).starts_with(triple);
        for (int i = 0; i < (tripled ? 3 : 1); ++i)
            if (!step()) return false;
        while (!done()) {
            const char c = here();
            if (tripled ? text_.substr(at_).starts_with(triple) : c == quote && (!bare_quotes_ || ends_string(at_))) {
                for (int i = 0; i < (tripled ? 3 : 1); ++i)
                    if (!step()) return false;
                return true;
            }
            if (c == '\\') {
                if (!parse_escape(out)) return false;
                continue;
            }
            out += c;
            if (!step()) return false;
        }
        return cut(End::inside_value);
    }

    bool parse_escape(std::string& out) {
        constexpr std::string_view kLetters = "nrtbf\"'\\/";
        constexpr std::string_view kMeanings = "\n\r\t\b\f\"'\\/";
        if (!step()) return false;
        if (done()) return cut(End::inside_value);
        const char c = here();
        if (!step()) return false;
        if (c == 'u') {
            out_escape(out);
        } else if (const std::size_t index = kLetters.find(c); index != std::string_view::npos) {
            out += kMeanings[index];
        } else if (c != '\n') {
            // No escape of JSON's: a regular expression whose backslash was not doubled.
            out += '\\';
            out += c;
        }
        return true;
    }

    std::optional<std::uint32_t> take_hex() {
        std::uint32_t value = 0;
        const std::string_view digits = text_.substr(at_, 4);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
        if (error != std::errc() || end != digits.data() + 4) return {};
        at_ += 4;
        return value;
    }
    void out_escape(std::string& out) {
        const auto first = take_hex();
        if (!first) {
            out += "\\u";
            return;
        }
        std::uint32_t code = *first;
        if (code >= 0xd800 && code < 0xdc00 && text_.substr(at_).starts_with("\\u")) {
            const std::size_t back = at_;
            at_ += 2;
            const auto second = take_hex();
            if (second && *second >= 0xdc00 && *second < 0xe000)
                code = 0x10000 + ((code - 0xd800) << 10) + (*second - 0xdc00);
            else
                at_ = back;
        }
        put_utf8(out, code);
    }

    bool parse_word(json::Value& out) {
        const std::size_t begin = at_;
        while (!done() && (is_word(here()) || here() == '.' || here() == '+') && step()) {
        }
        const std::string_view word = text_.substr(begin, at_ - begin);
        if (word.empty()) return false;
        if (done()) cut(End::inside_value);
        if (word == "true" || word == "True") return out = true, true;
        if (word == "false" || word == "False") return out = false, true;
        if (word == "null" || word == "None" || word == "undefined") return out = nullptr, true;
        std::int64_t integer = 0;
        if (const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), integer);
            error == std::errc() && end == word.data() + word.size())
            return out = integer, true;
        double number = 0;
        const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
        if (error != std::errc() || end != word.data() + word.size()) return done() && may_become_value(word);
        out = number;
        return true;
    }

    std::string_view text_;
    std::size_t& budget_;
    bool bare_quotes_;
    std::size_t at_ = 0;
    End end_ = End::complete;
    std::string cut_key_;
};

}  // namespace

std::optional<LenientJson> parse_lenient(std::string_view text, std::size_t& budget) {
    auto strict = LenientParser(text, budget, false).run();
    if (strict && strict->end == LenientJson::End::complete) return strict;
    auto loose = LenientParser(text, budget, true).run();
    if (loose && loose->end == LenientJson::End::complete) return loose;
    return strict ? strict : loose;
}

}  // namespace ec::model
