// What stands in a sequence: text in runs between control tokens, and the tokens that each run was made of.
//
// A prompt that repeats an earlier one finds its runs there by their bytes and takes over their tokens. So text that
// the model generated keeps the tokens it was generated as, which tokenising it again need not give. Pure values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ec::model::embedded {

struct Run {
    std::string bytes;
    std::size_t tokens = 0;  ///< how many
    bool operator==(const Run&) const = default;
};

struct Transcript {
    std::vector<Run> runs;
    std::vector<std::int32_t> tokens;
    bool operator==(const Transcript&) const = default;

    /// Takes in a generated token: `bytes` as they stand in the text, `control` when it begins a run of its own.
    void append(std::int32_t token, std::string_view bytes, bool control);
};

using Tokenizer = std::function<std::vector<std::int32_t>(std::string_view)>;

/// Cuts text before and after every control token. Longer ones win where two begin at the same place.
class RunSplitter {
public:
    explicit RunSplitter(std::vector<std::string> controls);
    [[nodiscard]] std::vector<std::string_view> split(std::string_view text) const;

private:
    std::vector<std::string> controls_;  ///< longest first
    bool starts_[256] = {};              ///< which bytes begin one
};

/// The transcript of a prompt whose runs are given, with tokens taken over from `known` as far as its runs are the
/// same.
Transcript transcribe(const std::vector<std::string_view>& runs, const Transcript& known, const Tokenizer& tokenize);

/// How many tokens two transcripts share at their front.
std::size_t common_tokens(const Transcript& a, const Transcript& b);

}  // namespace ec::model::embedded
