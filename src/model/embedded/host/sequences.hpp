// The key-value cache as a set of values: which tokens stand evaluated in which sequence, what a new prompt shares with
// them, forks and roll-backs. Sequences share the cells of what they have in common, so a fork costs nothing.
//
// A sequence that is not part of a running request is cache: it is taken back, the longest unused first, when cells or
// numbers run out. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <ec/core/result.hpp>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "loaded_model.hpp"
#include "transcript.hpp"

namespace ec::model::embedded {

struct Sequence {
    llama_seq_id id = 0;
    Transcript transcript;      ///< what it holds, and behind it what was generated but not evaluated yet
    std::size_t evaluated = 0;  ///< tokens of it whose keys and values are in the cache
    std::uint64_t used = 0;     ///< when it last was part of a request; 0 never
    std::size_t saved = 0;      ///< tokens of it that are on disk
    bool busy = false;
    bool fleeting = false;  ///< holds a text that is typed
};

class Sequences {
public:
    explicit Sequences(LoadedModel& model);

    /// A sequence for a prompt, with all of it that is evaluated already in place; at least one token never is. It is
    /// busy until release(). `too_large` when the prompt cannot fit.
    /// `fleeting`: of few sequences, each of which follows a text that is typed and keeps nothing that it left.
    Result<Sequence*> begin(std::string_view prompt, bool fleeting = false);
    /// Another busy sequence with the evaluated tokens of `from`; null when all are busy.
    Sequence* fork(const Sequence& from);
    /// Forgets what was evaluated beyond the first `tokens`, and the transcript with it.
    void roll_back(Sequence& sequence, std::size_t tokens);
    void release(Sequence& sequence);
    /// Drops what an evaluate() that failed, or a draft that was wrong, left beyond what counts as evaluated.
    void trim(const Sequence& sequence);

    /// Evaluates what is not of the transcript of one sequence; the logits of the last token are the last output.
    /// `cancelled`, `too_large`; what was evaluated until then is kept.
    Status fill(Sequence& sequence, const std::function<void(double share)>& on_progress);
    /// Evaluates a batch, making room where there is none. `too_large` when there is none to be made.
    Status evaluate(std::span<const Step> steps);

    /// How many tokens of the prompt a begin() would find.
    [[nodiscard]] std::size_t known(std::string_view prompt) const;
    /// The same for a transcript that stands elsewhere, in whole runs.
    [[nodiscard]] std::size_t shared(std::string_view prompt, const Transcript& held) const;
    /// An unused sequence, emptied, to restore a saved prefix into; null when all are busy.
    Sequence* blank();
    /// Those that hold something and are not busy, the longest unused first.
    std::vector<Sequence*> idle();

    [[nodiscard]] bool is_control(llama_token token) const;
    /// The bytes by which a generated token stands in a transcript.
    [[nodiscard]] std::string bytes_of(llama_token token) const { return model_.piece(token, true); }

private:
    [[nodiscard]] std::string whole(std::string_view prompt) const;
    /// Which sequence shares most with those runs; nothing when none shares anything.
    [[nodiscard]] std::optional<std::size_t> best_match(const std::vector<std::string_view>& runs) const;
    Sequence* oldest(const Sequence* but_not);
    /// The same among fleeting ones, where there are enough of them.
    Sequence* oldest_fleeting(const Sequence* but_not);
    void forget(Sequence& sequence);
    bool make_room();
    void resynchronise(Sequence& sequence) const;

    LoadedModel& model_;
    std::string front_;  ///< what stands before every prompt: the beginning-of-sequence token's text, or nothing
    RunSplitter splitter_;
    Tokenizer tokenizer_;
    std::array<Sequence, kSequences> sequences_;
    std::uint64_t clock_ = 0;
};

}  // namespace ec::model::embedded
