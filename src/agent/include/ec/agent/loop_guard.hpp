// Notices that a model goes round in circles: the same call with the same result again and again, also when it
// succeeds; two or three calls taking turns; and the same lines or phrases in what it writes or thinks.
//
// A value that is fed and asked; no clock, no threads. What it remembers is bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <ec/core/hash.hpp>
#include <ec/json/json.hpp>
#include <string>
#include <string_view>
#include <unordered_map>

namespace ec::agent {

class LoopGuard {
public:
    enum class Verdict { fine, warn, stop };

    struct Limits {
        unsigned warn_calls = 3;  ///< the same call with the same result, in a row
        unsigned stop_calls = 5;
        unsigned warn_rounds = 3;  ///< the same two or three calls in turn
        unsigned stop_rounds = 5;
        unsigned warn_lines = 8;  ///< lines in a row that the answer had three times already
        unsigned stop_lines = 20;
        unsigned warn_words = 60;  ///< words in a row that end a phrase which it had three times already
        unsigned stop_words = 150;
    };

    LoopGuard() = default;
    explicit LoopGuard(const Limits& limits) : limits_(limits) {}

    /// A call that was made. `result` is a hash of what it gave; a call whose result changes makes progress.
    Verdict call(std::string_view tool, const json::Object& arguments, Hash128 result);
    /// A piece of what the model writes or thinks, in any cut.
    Verdict text(std::string_view piece);
    /// A new answer begins: repetition in text is counted within one answer.
    void new_answer();

    /// What repeats, for the model and the person: "the call read was made 3 times with the same result".
    [[nodiscard]] const std::string& reason() const { return reason_; }

private:
    Verdict turns(std::size_t period);
    Verdict line(std::string_view text);
    Verdict words(std::string_view text);
    Verdict verdict(std::size_t count, unsigned warn, unsigned stop, std::string reason);

    Limits limits_;
    std::deque<Hash128> calls_;  // the last ones, newest at the back
    std::unordered_map<std::uint64_t, unsigned> lines_;
    std::unordered_map<std::uint64_t, unsigned> phrases_;
    struct Word {
        std::uint64_t hash = 0;
        bool letters = false;
    };
    std::deque<Word> last_words_;
    unsigned repeated_lines_ = 0;  // the run that the text ends with
    unsigned repeated_words_ = 0;
    std::string open_line_;
    std::string open_word_;
    std::string reason_;
};

}  // namespace ec::agent
