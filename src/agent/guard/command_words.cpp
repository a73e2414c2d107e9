#include "command_words.hpp"

#include <algorithm>
#include <cctype>

namespace ec::agent {
namespace {

class LineReader {
public:
    explicit LineReader(std::string_view text) : text_(text) {}

    ShellLine read() {
        while (at_ < text_.size()) step();
        end_command();
        return std::move(line_);
    }

private:
    [[nodiscard]] char peek(std::size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }

    void step() {
        const char c = peek();
        if (c == ' ' || c == '\t' || c == '\r') {
            end_word();
            ++at_;
        } else if (c == '\n' || c == ';' || c == '|' || c == '(' || c == ')') {
            end_command();
            ++at_;
        } else if (c == '&' && peek(1) != '>') {
            // `>&2` was read with its redirection.
            end_command();
            ++at_;
        } else if (c == '#' && !in_word_) {
            at_ = std::min(text_.find('\n', at_), text_.size());
        } else if (c == '<' || c == '>' || (c == '&' && peek(1) == '>')) {
            redirection();
        } else {
            in_word_ = true;
            part();
        }
    }

    // A piece of a word: a quoted string, an expansion, an escape, or one character.
    void part() {
        const char c = peek();
        if (c == '\'') {
            const std::size_t end = text_.find('\'', at_ + 1);
            if (end == std::string_view::npos) return unreadable();
            word_.text += text_.substr(at_ + 1, end - at_ - 1);
            at_ = end + 1;
        } else if (c == '"') {
            ++at_;
            while (peek() != '"') {
                if (at_ >= text_.size()) return unreadable();
                inside_double();
            }
            ++at_;
        } else if (c == '\\') {
            if (peek(1) != '\n' && at_ + 1 < text_.size()) word_.text += peek(1);
            at_ = std::min(at_ + 2, text_.size());
        } else if (c == '$' || c == '`') {
            expansion();
        } else {
            if (c == '*' || c == '?' || c == '[' || (c == '~' && word_.text.empty()) || c == '{') word_.expands = true;
            word_.text += c;
            ++at_;
        }
    }

    void inside_double() {
        const char c = peek();
        if (c == '\\' && at_ + 1 < text_.size()) {
            const char next = peek(1);
            if (next != '"' && next != '\\' && next != '$' && next != '`' && next != '\n') word_.text += c;
            if (next != '\n') word_.text += next;
            at_ += 2;
        } else if (c == '$' || c == '`') {
            expansion();
        } else {
            word_.text += c;
            ++at_;
        }
    }

    void expansion() {
        if (peek() == '`') {
            const std::size_t end = text_.find('`', at_ + 1);
            if (end == std::string_view::npos) return unreadable();
            line_.nested.emplace_back(text_.substr(at_ + 1, end - at_ - 1));
            at_ = end + 1;
            word_.expands = true;
            word_.text += '$';
        } else if (peek(1) == '(') {
            at_ += 2;
            bracketed();
            word_.text += '$';
        } else if (peek(1) == '\'') {
            // $'…' with its escapes could be anything.
            word_.expands = true;
            ++at_;
        } else {
            word_.expands = true;
            word_.text += '$';
            ++at_;
        }
    }

    // Up to the bracket that closes; quotes in between are stepped over.
    void bracketed() {
        const std::size_t begin = at_;
        int depth = 1;
        for (char quote = '\0'; at_ < text_.size(); ++at_) {
            const char c = peek();
            if (c == '\\' && quote != '\'') {
                ++at_;
            } else if (quote != '\0') {
                if (c == quote) quote = '\0';
            } else if (c == '\'' || c == '"') {
                quote = c;
            } else if (c == '(') {
                ++depth;
            } else if (c == ')' && --depth == 0) {
                line_.nested.emplace_back(text_.substr(begin, at_ - begin));
                ++at_;
                word_.expands = true;
                return;
            }
        }
        unreadable();
    }

    void redirection() {
        // The digits of `2>` are no argument.
        if (!word_.text.empty() && std::ranges::all_of(word_.text, [](unsigned char c) { return std::isdigit(c); })) {
            word_ = {};
            in_word_ = false;
        }
        end_word();
        const std::size_t begin = at_;
        while (peek() == '<' || peek() == '>' || peek() == '&' || peek() == '|') ++at_;
        if (text_[at_ - 1] != '&' && peek() == '(') {
            ++at_;
            bracketed();
            word_ = {};
            in_word_ = false;
            return;
        }
        const std::string_view sign = text_.substr(begin, at_ - begin);
        if (sign.starts_with("<<") && peek() == '-') ++at_;
        while (peek() == ' ' || peek() == '\t') ++at_;
        while (at_ < text_.size() && std::string_view(" \t\r\n;|&()<>").find(peek()) == std::string_view::npos) part();
        const bool copies =
            sign.ends_with('&') &&
            (word_.text == "-" ||
             (!word_.text.empty() && std::ranges::all_of(word_.text, [](unsigned char c) { return std::isdigit(c); })));
        if (sign.find('>') != std::string_view::npos && !copies) command_.written.push_back(std::move(word_));
        word_ = {};
        in_word_ = false;
    }

    void end_word() {
        if (in_word_) command_.words.push_back(std::move(word_));
        word_ = {};
        in_word_ = false;
    }

    void end_command() {
        end_word();
        if (!command_.words.empty() || !command_.written.empty()) line_.commands.push_back(std::move(command_));
        command_ = {};
    }

    void unreadable() {
        line_.readable = false;
        at_ = text_.size();
    }

    std::string_view text_;
    std::size_t at_ = 0;
    ShellLine line_;
    SimpleCommand command_;
    CommandWord word_;
    bool in_word_ = false;
};

}  // namespace

ShellLine read_shell_line(std::string_view line) { return LineReader(line).read(); }

}  // namespace ec::agent
