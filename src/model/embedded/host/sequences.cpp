#include "sequences.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ec::model::embedded {
namespace {

// A branch that would lose more tokens than this is kept, and the new one forked off.
constexpr std::size_t kWorthKeeping = 64;
constexpr std::size_t kChunk = 256;
// Texts that are typed at the same time in several windows: more would push out conversations.
constexpr int kMostFleeting = 3;

bool control(const llama_vocab* vocab, llama_token token) {
    const llama_token_attr attributes = llama_vocab_get_attr(vocab, token);
    return (attributes & LLAMA_TOKEN_ATTR_CONTROL) != 0 &&
           (attributes & (LLAMA_TOKEN_ATTR_LSTRIP | LLAMA_TOKEN_ATTR_RSTRIP)) == 0;
}

std::vector<std::string> control_texts(const LoadedModel& model) {
    std::vector<std::string> texts;
    for (llama_token token = 0; token < llama_vocab_n_tokens(model.vocab()); ++token) {
        if (control(model.vocab(), token)) texts.push_back(model.piece(token, true));
    }
    return texts;
}

}  // namespace

Sequences::Sequences(LoadedModel& model)
    : model_(model),
      splitter_(control_texts(model)),
      tokenizer_([&model](std::string_view text) { return model.tokenize(text); }) {
    const llama_token first = llama_vocab_bos(model.vocab());
    if (llama_vocab_get_add_bos(model.vocab()) && first != LLAMA_TOKEN_NULL) front_ = model.piece(first, true);
    for (llama_seq_id id = 0; id < kSequences; ++id) sequences_[static_cast<std::size_t>(id)].id = id;
}

bool Sequences::is_control(llama_token token) const { return control(model_.vocab(), token); }

std::string Sequences::whole(std::string_view prompt) const {
    return prompt.starts_with(front_) ? std::string(prompt) : front_ + std::string(prompt);
}

std::optional<std::size_t> Sequences::best_match(const std::vector<std::string_view>& runs) const {
    std::optional<std::size_t> best;
    std::pair<std::size_t, std::size_t> most{0, 0};
    for (const Sequence& sequence : sequences_) {
        std::pair<std::size_t, std::size_t> shared{0, 0};  // tokens of equal runs, then bytes of the first other one
        const std::vector<Run>& held = sequence.transcript.runs;
        std::size_t i = 0;
        for (; i < runs.size() && i < held.size() && held[i].bytes == runs[i]; ++i) shared.first += held[i].tokens;
        if (i < runs.size() && i < held.size()) {
            shared.second =
                static_cast<std::size_t>(std::ranges::mismatch(held[i].bytes, runs[i]).in2 - runs[i].begin());
        }
        shared.first = std::min(shared.first, sequence.evaluated);
        if (shared > most) {
            most = shared;
            best = static_cast<std::size_t>(sequence.id);
        }
    }
    return best;
}

std::size_t Sequences::known(std::string_view prompt) const {
    const std::string text = whole(prompt);
    const auto runs = splitter_.split(text);
    const std::optional<std::size_t> best = best_match(runs);
    if (!best) return 0;
    const Sequence& held = sequences_[*best];
    return std::min(held.evaluated, common_tokens(transcribe(runs, held.transcript, tokenizer_), held.transcript));
}

std::size_t Sequences::shared(std::string_view prompt, const Transcript& held) const {
    const std::string text = whole(prompt);
    const auto runs = splitter_.split(text);
    std::size_t tokens = 0;
    for (std::size_t i = 0; i < runs.size() && i < held.runs.size() && held.runs[i].bytes == runs[i]; ++i) {
        tokens += held.runs[i].tokens;
    }
    return tokens;
}

Result<Sequence*> Sequences::begin(std::string_view prompt, bool fleeting) {
    const std::string text = whole(prompt);
    const auto runs = splitter_.split(text);
    const std::optional<std::size_t> best = best_match(runs);
    Sequence* source = best ? &sequences_[*best] : nullptr;
    Transcript wanted = transcribe(runs, source != nullptr ? source->transcript : Transcript{}, tokenizer_);
    if (wanted.tokens.empty()) return fail(ErrorCode::invalid_argument, "the prompt is empty");
    const auto room = static_cast<std::size_t>(model_.context_tokens());
    if (wanted.tokens.size() + 1 > room) {
        return fail(ErrorCode::too_large, fmt::format("the prompt has {} tokens, and the model's context holds {}",
                                                      wanted.tokens.size(), room));
    }
    std::size_t shared = 0;
    if (source != nullptr) {
        shared = std::min({common_tokens(wanted, source->transcript), source->evaluated, wanted.tokens.size() - 1});
    }
    Sequence* target = source;
    const bool follows = source != nullptr && fleeting && source->fleeting && shared > source->evaluated / 2;
    if (source == nullptr || source->busy || (!follows && source->evaluated - shared > kWorthKeeping)) {
        target = fleeting ? oldest_fleeting(source) : nullptr;
        if (target == nullptr) target = oldest(source);
        if (target == nullptr) return fail(ErrorCode::internal, "every sequence of the cache is in use");
        forget(*target);
        if (shared > 0) {
            llama_memory_seq_cp(model_.memory(), source->id, target->id, -1, -1);
            target->evaluated = source->evaluated;
            target->saved = std::min(source->saved, shared);
        }
    }
    roll_back(*target, shared);
    target->transcript = std::move(wanted);
    target->fleeting = fleeting;
    target->busy = true;
    target->used = ++clock_;
    return target;
}

Sequence* Sequences::fork(const Sequence& from) {
    Sequence* target = oldest(&from);
    if (target == nullptr) return nullptr;
    forget(*target);
    llama_memory_seq_cp(model_.memory(), from.id, target->id, -1, -1);
    target->transcript = from.transcript;
    target->evaluated = from.evaluated;
    target->saved = from.saved;
    target->busy = true;
    target->used = ++clock_;
    return target;
}

void Sequences::roll_back(Sequence& sequence, std::size_t tokens) {
    if (sequence.evaluated > tokens) {
        // A recurrent state cannot be cut; then all of it is evaluated anew.
        if (!llama_memory_seq_rm(model_.memory(), sequence.id, static_cast<llama_pos>(tokens), -1)) {
            llama_memory_seq_rm(model_.memory(), sequence.id, -1, -1);
            tokens = 0;
        }
        sequence.evaluated = tokens;
    }
    sequence.saved = std::min(sequence.saved, sequence.evaluated);
}

void Sequences::release(Sequence& sequence) { sequence.busy = false; }

void Sequences::trim(const Sequence& sequence) {
    llama_memory_seq_rm(model_.memory(), sequence.id, static_cast<llama_pos>(sequence.evaluated), -1);
}

Sequence* Sequences::oldest(const Sequence* but_not) {
    Sequence* found = nullptr;
    for (Sequence& sequence : sequences_) {
        if (sequence.busy || &sequence == but_not) continue;
        if (found == nullptr || sequence.used < found->used) found = &sequence;
    }
    return found;
}

Sequence* Sequences::oldest_fleeting(const Sequence* but_not) {
    Sequence* found = nullptr;
    int fleeting = 0;
    for (Sequence& sequence : sequences_) {
        if (!sequence.fleeting) continue;
        ++fleeting;
        if (sequence.busy || &sequence == but_not) continue;
        if (found == nullptr || sequence.used < found->used) found = &sequence;
    }
    return fleeting >= kMostFleeting ? found : nullptr;
}

void Sequences::forget(Sequence& sequence) {
    llama_memory_seq_rm(model_.memory(), sequence.id, -1, -1);
    sequence = Sequence{.id = sequence.id, .transcript = {}};
}

Sequence* Sequences::blank() {
    Sequence* found = oldest(nullptr);
    if (found != nullptr) {
        forget(*found);
        found->used = ++clock_;
    }
    return found;
}

std::vector<Sequence*> Sequences::idle() {
    std::vector<Sequence*> found;
    for (Sequence& sequence : sequences_) {
        if (!sequence.busy && sequence.evaluated > 0) found.push_back(&sequence);
    }
    std::ranges::sort(found, {}, &Sequence::used);
    return found;
}

bool Sequences::make_room() {
    const std::vector<Sequence*> candidates = idle();
    if (candidates.empty()) return false;
    forget(*candidates.front());
    return true;
}

void Sequences::resynchronise(Sequence& sequence) const {
    const llama_pos last = llama_memory_seq_pos_max(model_.memory(), sequence.id);
    sequence.evaluated = std::min(sequence.transcript.tokens.size(), static_cast<std::size_t>(last + 1));
}

Status Sequences::evaluate(std::span<const Step> steps) {
    for (;;) {
        EC_TRY(model_.controls().checkpoint());
        EC_ASSIGN(const Evaluated result, model_.evaluate(steps));
        if (result == Evaluated::all) return {};
        if (result == Evaluated::aborted) return fail(ErrorCode::cancelled, "the request was cancelled");
        if (!make_room() && !model_.controls().let_gap_finish())
            return fail(ErrorCode::too_large, "the model's context is full");
    }
}

Status Sequences::fill(Sequence& sequence, const std::function<void(double share)>& on_progress) {
    const std::vector<std::int32_t>& tokens = sequence.transcript.tokens;
    const std::size_t begun = sequence.evaluated;
    std::vector<Step> steps;
    while (sequence.evaluated < tokens.size()) {
        // The last token goes alone, as it does when all others are cached: kernels for one row and for many round
        // differently, and the same request must give the same answer in both cases.
        const std::size_t before_last = std::max(tokens.size() - 1, sequence.evaluated + 1);
        const std::size_t end = std::min(before_last, sequence.evaluated + kChunk);
        steps.clear();
        for (std::size_t i = sequence.evaluated; i < end; ++i) {
            steps.push_back({tokens[i], static_cast<llama_pos>(i), sequence.id, i + 1 == tokens.size()});
        }
        if (const Status status = evaluate(steps); !status) {
            resynchronise(sequence);
            return status;
        }
        sequence.evaluated = end;
        if (on_progress) on_progress(static_cast<double>(end - begun) / static_cast<double>(tokens.size() - begun));
    }
    return {};
}

}  // namespace ec::model::embedded
