#include "shell_words.hpp"

#include <glob.h>

#include <algorithm>
#include <array>

namespace ec::executor {
namespace {

constexpr std::size_t kMaxExpanded = 10'000;

class Lexer {
public:
    explicit Lexer(std::string_view text) : text_(text) {}

    std::optional<std::vector<ShellCommand>> run() {
        while (at_ < text_.size()) {
            if (!step()) return std::nullopt;
        }
        end_word();
        if (!current_.words.empty())
            commands_.push_back(std::move(current_));
        else if (!commands_.empty() && commands_.back().separator == "&&")
            return std::nullopt;
        for (const ShellCommand& command : commands_) {
            if (is_reserved(command.words.front().text)) return std::nullopt;
        }
        return std::move(commands_);
    }

private:
    static bool is_reserved(std::string_view word) {
        constexpr std::array<std::string_view, 16> kReserved = {"if",    "then",  "else", "elif", "fi",   "for",
                                                                "while", "until", "do",   "done", "case", "esac",
                                                                "in",    "{",     "}",    "!"};
        return std::ranges::find(kReserved, word) != kReserved.end();
    }

    bool step() {
        const char c = text_[at_];
        if (c == ' ' || c == '\t') {
            end_word();
            ++at_;
            return true;
        }
        if (!in_word_ && skip_redirection()) return true;
        if (c == ';' || c == '&') return separator();
        if (c == '|' && ends_in_formatter()) {
            at_ = text_.size();
            return true;
        }
        if (c == '\'') return single_quoted();
        if (c == '"') return double_quoted();
        if (c == '\\') {
            if (at_ + 1 == text_.size() || text_[at_ + 1] == '\n') return false;
            literal(text_[at_ + 1]);
            at_ += 2;
            return true;
        }
        if (std::string_view("|<>()`$\n").find(c) != std::string_view::npos) return false;
        if (!in_word_ && (c == '#' || c == '~')) return false;
        if (c == '*' || c == '?' || c == '[') is_pattern_ = true;
        in_word_ = true;
        word_ += c;
        pattern_ += c;
        ++at_;
        return true;
    }

    /// "2>&1" only says where a person would read the errors; both streams are captured anyway.
    bool skip_redirection() {
        constexpr std::string_view kBoth = "2>&1";
        if (text_.substr(at_, kBoth.size()) != kBoth) return false;
        const std::size_t end = at_ + kBoth.size();
        if (end < text_.size() && std::string_view(" \t;|&").find(text_[end]) == std::string_view::npos) return false;
        at_ = end;
        return true;
    }

    /// The rest is a pipe into a program that only makes TAP pretty. Without it the TAP itself is there to be read, and
    /// the exit code is the tests' own.
    [[nodiscard]] bool ends_in_formatter() const {
        std::string_view rest = text_.substr(at_ + 1);
        rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
        constexpr std::array<std::string_view, 9> kFormatters = {"tap-spec",    "tap-dot",     "tap-min",
                                                                 "tap-difflet", "tap-summary", "tap-diff",
                                                                 "tap-arc",     "tap-nyan",    "faucet"};
        return std::ranges::find(kFormatters, rest.substr(0, rest.find_last_not_of(" \t") + 1)) != kFormatters.end();
    }

    bool separator() {
        std::string_view found = text_.substr(at_, 1);
        if (text_.substr(at_, 2) == "&&") found = text_.substr(at_, 2);
        if (found == "&" || text_.substr(at_, 2) == ";;") return false;
        end_word();
        if (current_.words.empty()) return false;
        current_.separator = std::string(found);
        commands_.push_back(std::move(current_));
        current_ = {};
        at_ += found.size();
        return true;
    }

    bool single_quoted() {
        const std::size_t end = text_.find('\'', at_ + 1);
        if (end == std::string_view::npos) return false;
        in_word_ = true;
        for (const char c : text_.substr(at_ + 1, end - at_ - 1)) literal(c);
        at_ = end + 1;
        return true;
    }

    bool double_quoted() {
        in_word_ = true;
        for (++at_; at_ < text_.size(); ++at_) {
            char c = text_[at_];
            if (c == '"') {
                ++at_;
                return true;
            }
            if (c == '$' || c == '`') return false;
            if (c == '\\' && at_ + 1 < text_.size() &&
                std::string_view("\"\\$`").find(text_[at_ + 1]) != std::string_view::npos) {
                c = text_[++at_];
            }
            literal(c);
        }
        return false;
    }

    void literal(char c) {
        in_word_ = true;
        word_ += c;
        if (std::string_view("*?[\\]").find(c) != std::string_view::npos) pattern_ += '\\';
        pattern_ += c;
    }

    void end_word() {
        if (in_word_) current_.words.push_back({std::move(word_), is_pattern_ ? std::move(pattern_) : std::string()});
        word_.clear();
        pattern_.clear();
        in_word_ = is_pattern_ = false;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::string word_;
    std::string pattern_;
    bool in_word_ = false;
    bool is_pattern_ = false;
    ShellCommand current_;
    std::vector<ShellCommand> commands_;
};

std::vector<std::string> matches(const std::string& pattern, const std::filesystem::path& directory) {
    const bool absolute = pattern.starts_with('/');
    std::string prefix;
    if (!absolute) {
        for (const char c : directory.native() + "/") {
            if (std::string_view("*?[\\]").find(c) != std::string_view::npos) prefix += '\\';
            prefix += c;
        }
    }
    std::vector<std::string> found;
    glob_t result{};
    if (::glob((prefix + pattern).c_str(), 0, nullptr, &result) == 0) {
        const std::size_t cut = absolute ? 0 : directory.native().size() + 1;
        for (std::size_t i = 0; i < result.gl_pathc && i < kMaxExpanded; ++i)
            found.emplace_back(result.gl_pathv[i] + cut);
    }
    ::globfree(&result);
    return found;
}

}  // namespace

std::optional<std::vector<ShellCommand>> read_shell(std::string_view text) { return Lexer(text).run(); }

std::vector<std::string> expand_words(const std::vector<ShellWord>& words, const std::filesystem::path& directory) {
    std::vector<std::string> out;
    for (const ShellWord& word : words) {
        std::vector<std::string> found;
        if (!word.pattern.empty()) found = matches(word.pattern, directory);
        if (found.empty()) found.push_back(word.text);
        out.insert(out.end(), found.begin(), found.end());
    }
    return out;
}

}  // namespace ec::executor
