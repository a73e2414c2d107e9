#include "generator.hpp"

#include <algorithm>
#include <ec/core/clock.hpp>
#include <optional>
#include <set>

#include "sampler.hpp"
#include "text_stream.hpp"

namespace ec::model::embedded {
namespace {

constexpr std::size_t kLongestDraft = 31;
constexpr std::size_t kShortestLikely = 64;
constexpr std::int64_t kBytesPerToken = 3;  // of code, rather too few than too many
constexpr std::size_t kFewestBytes = 64;

std::chrono::milliseconds since(std::chrono::nanoseconds begun) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(SystemClock().now() - begun);
}

}  // namespace

/// One sample on its way.
struct Generator::Branch {
    Branch(unsigned number, Sequence& where, Sampler picks, TextStream shows)
        : index(number), sequence(&where), sampler(std::move(picks)), stream(std::move(shows)) {}

    unsigned index;
    Sequence* sequence;
    Sampler sampler;
    TextStream stream;
    ChatReply reply;
    std::string raw;
    bool done = false;
};

/// Samples that grow together.
class Generator::Wave {
public:
    Wave(Generator& owner, const Chat& chat, const Rendered& rendered, const Output& output)
        : own_(owner), chat_(chat), rendered_(rendered), output_(output) {
        for (const std::string& text : rendered.preserved) {
            const Tokens tokens = own_.model_.tokenize(text);
            if (tokens.size() == 1) preserved_.insert(tokens.front());
        }
        if (chat.n == 1 && chat.request.likely_text.size() >= kShortestLikely) {
            drafter_.emplace(own_.model_.tokenize(chat.request.likely_text), own_.cost_);
        }
    }
    ~Wave() {
        for (Branch& branch : branches_) own_.sequences_.release(*branch.sequence);
    }
    Wave(const Wave&) = delete;
    Wave& operator=(const Wave&) = delete;

    Status run(unsigned first, unsigned n) {
        const auto begun = SystemClock().now();
        EC_ASSIGN(Sequence * sequence, own_.sequences_.begin(rendered_.prompt, rendered_.fleeting));
        usage_.prompt_tokens = static_cast<std::int64_t>(sequence->transcript.tokens.size());
        usage_.cached_tokens = static_cast<std::int64_t>(sequence->evaluated);
        EC_TRY(add_branch(first, *sequence));
        EC_TRY(own_.sequences_.fill(*sequence, output_.progress));
        usage_.prompt_time = since(begun);
        decoding_since_ = SystemClock().now();
        for (unsigned i = 1; i < n; ++i) {
            Sequence* copy = own_.sequences_.fork(*sequence);
            if (copy == nullptr) return fail(ErrorCode::internal, "every sequence of the cache is in use");
            EC_TRY(add_branch(first + i, *copy));
        }
        // All of them pick from the logits of the prompt's last token before anything else is evaluated.
        const std::span<const float> logits = own_.model_.logits(-1);
        for (Branch& branch : branches_) take(branch, pick(branch, logits));
        return grow();
    }

private:
    Status add_branch(unsigned index, Sequence& sequence) {
        Result<Sampler> sampler =
            Sampler::create(own_.model_, chat_.request.sampling, rendered_, chat_.request.sampling.seed + index);
        if (!sampler) {
            own_.sequences_.release(sequence);
            return fail(sampler.error());
        }
        std::vector<std::string> stops = chat_.request.sampling.stop;
        stops.insert(stops.end(), rendered_.stops.begin(), rendered_.stops.end());
        branches_.emplace_back(index, sequence, *std::move(sampler),
                               TextStream({std::move(stops), rendered_.thinking_start, rendered_.thinking_end,
                                           rendered_.starts_thinking}));
        return {};
    }

    Status grow() {
        for (;;) {
            steps_.clear();
            growing_.clear();
            for (Branch& branch : branches_) {
                if (!branch.done) add_steps(branch);
            }
            if (growing_.empty()) return {};
            if (const Status status = own_.sequences_.evaluate(steps_); !status) {
                for (Branch* branch : growing_) own_.sequences_.trim(*branch->sequence);
                if (status.error().code != ErrorCode::too_large) return status;
                for (Branch* branch : growing_) {
                    branch->reply.warnings.emplace_back("the answer ends where the model's context is full");
                    finish(*branch, Finish::length);
                }
                return {};
            }
            int step = 0;
            for (Branch* branch : growing_) step = advance(*branch, step);
        }
    }

    void add_steps(Branch& branch) {
        const Sequence& sequence = *branch.sequence;
        const auto at = static_cast<llama_pos>(sequence.evaluated);
        steps_.push_back({sequence.transcript.tokens.back(), at, sequence.id, true});
        growing_.push_back(&branch);
        draft_ = {};
        if (!drafter_) return;
        const auto room = static_cast<std::size_t>(
            std::max<std::int64_t>(0, std::min<std::int64_t>(left(branch), own_.model_.context_tokens() - at - 2)));
        draft_ = drafter_->propose(sequence.transcript.tokens, std::min(kLongestDraft, room));
        for (std::size_t i = 0; i < draft_.size(); ++i) {
            steps_.push_back({draft_[i], at + 1 + static_cast<llama_pos>(i), sequence.id, true});
        }
    }

    // Picks as many tokens as the batch had right. What the sampler picks decides, never the draft.
    int advance(Branch& branch, int step) {
        const std::size_t drafted = draft_.size();
        std::size_t right = 0;
        for (;;) {
            ++branch.sequence->evaluated;
            const llama_token token = pick(branch, own_.model_.logits(step + static_cast<int>(right)));
            take(branch, token);
            if (branch.done || right == drafted || draft_[right] != token) break;
            ++right;
        }
        if (drafted > 0) {
            drafter_->learn(drafted, right);
            own_.sequences_.trim(*branch.sequence);
        }
        return step + 1 + static_cast<int>(drafted);
    }

    llama_token pick(Branch& branch, std::span<const float> logits) {
        return branch.sampler.pick(logits, branch.stream.in_answer());
    }

    [[nodiscard]] std::int64_t left(const Branch& branch) const {
        return chat_.request.sampling.max_tokens - branch.reply.usage.completion_tokens;
    }

    void take(Branch& branch, llama_token token) {
        if (left(branch) <= 0) return finish(branch, Finish::length);
        if (llama_vocab_is_eog(own_.model_.vocab(), token)) return finish(branch, Finish::stop);
        if (rendered_.fleeting && own_.sequences_.is_control(token)) return finish(branch, Finish::stop);
        ++branch.reply.usage.completion_tokens;
        branch.sequence->transcript.append(token, own_.sequences_.bytes_of(token), own_.sequences_.is_control(token));
        const std::string bytes = own_.model_.piece(token, preserved_.contains(token));
        branch.raw += bytes;
        show(branch, branch.stream.feed(bytes));
        if (branch.stream.stopped()) return finish(branch, Finish::stop);
        if (left(branch) <= 0) finish(branch, Finish::length);
    }

    void show(Branch& branch, const TextStream::Piece& piece) {
        branch.reply.text += piece.text;
        branch.reply.thinking += piece.thinking;
        if (chat_.n > 1 || !output_.chunk) return;
        if (!piece.thinking.empty()) output_.chunk(true, piece.thinking);
        if (!piece.text.empty()) output_.chunk(false, piece.text);
    }

    void finish(Branch& branch, Finish why) {
        const bool cut = branch.stream.stopped();
        show(branch, branch.stream.finish());
        branch.done = true;
        branch.reply.finish = why;
        Usage& usage = branch.reply.usage;
        usage.prompt_tokens = usage_.prompt_tokens;
        usage.cached_tokens = &branch == &branches_.front() ? usage_.cached_tokens : usage_.prompt_tokens;
        usage.prompt_time = usage_.prompt_time;
        usage.completion_time = since(decoding_since_);
        // What follows a stop text is no part of the conversation.
        if (!cut && !chat_.request.messages.empty()) own_.memory_.remember(chat_.request, branch.raw);
        output_.reply(branch.index, branch.reply);
    }

    Generator& own_;
    const Chat& chat_;
    const Rendered& rendered_;
    const Output& output_;
    std::set<llama_token> preserved_;
    std::optional<Drafter> drafter_;
    std::vector<Branch> branches_;
    std::vector<Branch*> growing_;
    std::vector<Step> steps_;
    std::span<const llama_token> draft_;
    Usage usage_;
    std::chrono::nanoseconds decoding_since_{0};
};

Status Generator::run(const Chat& chat, const Output& output) {
    EC_ASSIGN(const Rendered rendered, format_.render(chat.request, memory_));
    store_.restore(sequences_, rendered.prompt);
    for (unsigned first = 0; first < chat.n; first += kTogether) {
        Wave wave(*this, chat, rendered, output);
        EC_TRY(wave.run(first, std::min(kTogether, chat.n - first)));
    }
    return {};
}

Status Generator::run(const Text& text, const Output& output) {
    Chat as_chat;
    as_chat.id = text.id;
    as_chat.request.sampling = text.request.sampling;
    if (!text.request.suffix) {
        Rendered rendered;
        rendered.prompt = text.request.prompt;
        rendered.fleeting = true;
        return Wave(*this, as_chat, rendered, output).run(0, 1);
    }
    const std::int64_t context = model_.context_tokens();
    const std::int64_t room = context - std::min<std::int64_t>(text.request.sampling.max_tokens, context / 4);
    // How many bytes a token has is known only once they are made of it.
    for (auto bytes = static_cast<std::size_t>(room * kBytesPerToken);; bytes /= 2) {
        EC_ASSIGN(Rendered rendered, gaps_.render(text.request, bytes));
        rendered.fleeting = true;
        const Status status = Wave(*this, as_chat, rendered, output).run(0, 1);
        if (status || status.error().code != ErrorCode::too_large || bytes < kFewestBytes) return status;
    }
}

}  // namespace ec::model::embedded
