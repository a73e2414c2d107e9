#include <fmt/format.h>

#include <algorithm>
#include <ec/agent/loop_guard.hpp>
#include <ec/core/text.hpp>

namespace ec::agent {
namespace {

constexpr std::size_t kKeptCalls = 64;
constexpr std::size_t kPhraseWords = 8;
constexpr std::size_t kLeastLetters = 8;         // of a line that counts: brackets and blank lines repeat in any code
constexpr unsigned kRepeated = 3;                // times that a line or phrase was there before it counts as repeated
constexpr std::size_t kMostRemembered = 20'000;  // lines or phrases of one answer
constexpr std::size_t kMostOfLine = 4096;        // bytes; a longer line is counted in pieces

using Verdict = LoopGuard::Verdict;

Verdict worse(Verdict a, Verdict b) { return std::max(a, b); }

bool letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}
bool space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::size_t letters(std::string_view text) { return static_cast<std::size_t>(std::ranges::count_if(text, letter)); }

// Keys in order, so that the same arguments in another order are the same call.
std::string canonical(const json::Object& arguments) {
    std::vector<std::string> fields;
    for (const auto& [key, value] : arguments) fields.push_back(std::string(key) + "\x1f" + json::write(value));
    std::ranges::sort(fields);
    return join(fields, "\x1e");
}

// Counts one more; the memory is bounded by forgetting everything when it is full.
unsigned counted(std::unordered_map<std::uint64_t, unsigned>& counts, std::uint64_t key) {
    if (counts.size() >= kMostRemembered) counts.clear();
    return ++counts[key];
}

}  // namespace

Verdict LoopGuard::verdict(std::size_t count, unsigned warn, unsigned stop, std::string reason) {
    if (count < warn) return Verdict::fine;
    reason_ = std::move(reason);
    return count >= stop ? Verdict::stop : Verdict::warn;
}

Verdict LoopGuard::call(std::string_view tool, const json::Object& arguments, Hash128 result) {
    calls_.push_back(hash128(std::string(tool) + "\x1d" + canonical(arguments) + "\x1d" + result.hex()));
    if (calls_.size() > kKeptCalls) calls_.pop_front();
    const auto other =
        std::find_if(calls_.rbegin(), calls_.rend(), [&](const Hash128& made) { return made != calls_.back(); });
    const auto in_row = static_cast<std::size_t>(other - calls_.rbegin());
    const Verdict same =
        verdict(in_row, limits_.warn_calls, limits_.stop_calls,
                fmt::format("the call {} was made {} times in a row with the same result", tool, in_row));
    if (same != Verdict::fine) return same;
    return worse(turns(2), turns(3));
}

// How many whole rounds of `period` calls the history ends with.
Verdict LoopGuard::turns(std::size_t period) {
    std::size_t same = 0;
    for (std::size_t i = calls_.size(); i > period && calls_[i - 1] == calls_[i - 1 - period]; --i) ++same;
    const std::size_t rounds = same / period + 1;
    if (same < period) return Verdict::fine;
    return verdict(rounds, limits_.warn_rounds, limits_.stop_rounds,
                   fmt::format("the same {} calls were made {} times in turn", period, rounds));
}

Verdict LoopGuard::text(std::string_view piece) {
    Verdict worst = Verdict::fine;
    for (const char c : piece) {
        if (c == '\n' || open_line_.size() >= kMostOfLine) {
            worst = worse(worst, line(open_line_));
            open_line_.clear();
        }
        if (c != '\n') open_line_ += c;
        if (!space(c) && open_word_.size() < kMostOfLine) {
            open_word_ += c;
        } else if (!open_word_.empty()) {
            worst = worse(worst, words(open_word_));
            open_word_.clear();
        }
    }
    return worst;
}

Verdict LoopGuard::line(std::string_view text) {
    text = trim(text);
    if (letters(text) < kLeastLetters) return Verdict::fine;
    const unsigned count = counted(lines_, hash128(text).low);
    repeated_lines_ = count >= kRepeated ? repeated_lines_ + 1 : 0;
    return verdict(
        repeated_lines_, limits_.warn_lines, limits_.stop_lines,
        fmt::format("the same lines are written again and again, such as \"{}\"", ellipsize(to_valid_utf8(text), 80)));
}

// Phrases of a text without line breaks: every run of eight words is counted.
Verdict LoopGuard::words(std::string_view word) {
    last_words_.push_back({hash128(word).low, letters(word) > 0});
    if (last_words_.size() > kPhraseWords) last_words_.pop_front();
    // A phrase of signs alone (a table's rule, a row of numbers) says nothing.
    const auto meaning = static_cast<std::size_t>(std::ranges::count_if(last_words_, &Word::letters));
    if (meaning < kPhraseWords / 2 || last_words_.size() < kPhraseWords) return Verdict::fine;
    std::uint64_t key = 0;
    for (const Word& one : last_words_) key = (key ^ one.hash) * 0x100000001b3ULL + 1;
    repeated_words_ = counted(phrases_, key) >= kRepeated ? repeated_words_ + 1 : 0;
    return verdict(repeated_words_, limits_.warn_words, limits_.stop_words,
                   "the same words are written again and again");
}

void LoopGuard::new_answer() {
    lines_.clear();
    phrases_.clear();
    last_words_.clear();
    repeated_lines_ = repeated_words_ = 0;
    open_line_.clear();
    open_word_.clear();
}

}  // namespace ec::agent
