#include "sampler.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace ec::model::embedded {
namespace {

// A nucleus of code seldom has ten tokens; sorting a whole vocabulary for it costs more than a tenth of a small model.
constexpr std::size_t kShortlist = 100;
constexpr std::size_t kBlock = 64;

SamplerHandle make_chain(const Sampling& sampling, std::uint64_t seed) {
    SamplerHandle chain(llama_sampler_chain_init({true}));
    llama_sampler_chain_add(chain.get(), llama_sampler_init_top_k(static_cast<std::int32_t>(kShortlist)));
    llama_sampler_chain_add(chain.get(), llama_sampler_init_top_p(static_cast<float>(sampling.top_p), 1));
    llama_sampler_chain_add(chain.get(), llama_sampler_init_temp(static_cast<float>(sampling.temperature)));
    auto folded = static_cast<std::uint32_t>(seed ^ (seed >> 32));
    if (folded == LLAMA_DEFAULT_SEED) folded = 0;  // that one stands for "any"
    llama_sampler_chain_add(chain.get(), llama_sampler_init_dist(folded));
    return chain;
}

Result<SamplerHandle> make_grammar(const LoadedModel& model, const Rendered& rendered) {
    if (rendered.grammar.empty()) return SamplerHandle();
    if (rendered.grammar_at_once) {
        SamplerHandle grammar(llama_sampler_init_grammar(model.vocab(), rendered.grammar.c_str(), "root"));
        if (grammar) return grammar;
        return fail(ErrorCode::invalid_argument, "llama.cpp takes no such schema of an answer: " + take_complaint());
    }
    std::vector<const char*> words;
    for (const std::string& word : rendered.trigger_words) words.push_back(word.c_str());
    SamplerHandle grammar(llama_sampler_init_grammar_lazy_patterns(
        model.vocab(), rendered.grammar.c_str(), "root", words.data(), words.size(), rendered.trigger_tokens.data(),
        rendered.trigger_tokens.size()));
    if (!grammar)
        return fail(ErrorCode::invalid_argument, "the grammar of the tools cannot be read: " + take_complaint());
    return grammar;
}

}  // namespace

Result<Sampler> Sampler::create(const LoadedModel& model, const Sampling& sampling, const Rendered& rendered,
                                std::uint64_t seed) {
    Sampler sampler;
    sampler.greedy_ = sampling.temperature <= 0;
    sampler.chain_ = make_chain(sampling, seed);
    EC_ASSIGN(sampler.grammar_, make_grammar(model, rendered));
    sampler.forced_ = model.tokenize(rendered.forced);
    std::ranges::reverse(sampler.forced_);
    sampler.forced_is_in_grammar_ = !rendered.grammar_at_once;
    sampler.end_ = llama_vocab_eos(model.vocab());
    std::int32_t n = 0;
    const llama_token* suppressed = llama_vocab_get_suppress_tokens(model.vocab(), &n);
    sampler.suppressed_.assign(suppressed, suppressed + n);
    return sampler;
}

llama_token Sampler::pick(std::span<const float> logits, bool in_answer) {
    if (in_answer && !forced_.empty()) return forced();
    llama_token token = choose(logits);
    if (!grammar_ || !in_answer) return token;
    // Checking one token is cheap, masking a vocabulary is not; most of what a model picks is allowed.
    if (!allowed(token)) token = choose_by_grammar(logits);
    if (over_) return end_;
    llama_sampler_accept(grammar_.get(), token);
    return token;
}

llama_token Sampler::forced() {
    const llama_token token = forced_.back();
    forced_.pop_back();
    if (grammar_ && forced_is_in_grammar_) llama_sampler_accept(grammar_.get(), token);
    return token;
}

llama_token Sampler::choose(std::span<const float> logits) {
    shortlist(logits);
    llama_token_data_array list{candidates_.data(), candidates_.size(), -1, false};
    if (greedy_) return std::ranges::max_element(candidates_, {}, &llama_token_data::logit)->id;
    llama_sampler_apply(chain_.get(), &list);
    return list.data[list.selected].id;
}

// The best few by a heap. Whole blocks below its least member are passed over without looking at each.
void Sampler::shortlist(std::span<const float> logits) {
    const auto better = [](const llama_token_data& a, const llama_token_data& b) { return a.logit > b.logit; };
    const std::size_t size = greedy_ ? 1 : kShortlist;
    candidates_.clear();
    for (std::size_t block = 0; block < logits.size(); block += kBlock) {
        const auto part = logits.subspan(block, std::min(kBlock, logits.size() - block));
        float best = part[0];
        for (const float logit : part) best = best < logit ? logit : best;
        if (candidates_.size() == size && best <= candidates_.front().logit) continue;
        for (std::size_t i = 0; i < part.size(); ++i) {
            const llama_token_data candidate{static_cast<llama_token>(block + i), part[i], 0};
            if (std::isnan(candidate.logit)) continue;
            if (candidates_.size() == size && !better(candidate, candidates_.front())) continue;
            if (!suppressed_.empty() && std::ranges::find(suppressed_, candidate.id) != suppressed_.end()) continue;
            if (candidates_.size() == size) {
                std::ranges::pop_heap(candidates_, better);
                candidates_.pop_back();
            }
            candidates_.push_back(candidate);
            std::ranges::push_heap(candidates_, better);
        }
    }
    if (candidates_.empty()) candidates_.push_back({0, 0, 0});  // logits that are no numbers
    std::ranges::sort(candidates_, [](const llama_token_data& a, const llama_token_data& b) {
        return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
    });
}

bool Sampler::allowed(llama_token token) {
    llama_token_data one{token, 1, 0};
    llama_token_data_array list{&one, 1, -1, false};
    llama_sampler_apply(grammar_.get(), &list);
    return one.logit != -std::numeric_limits<float>::infinity();
}

llama_token Sampler::choose_by_grammar(std::span<const float> logits) {
    candidates_.clear();
    for (std::size_t i = 0; i < logits.size(); ++i) {
        const float logit = std::isnan(logits[i]) ? -std::numeric_limits<float>::infinity() : logits[i];
        candidates_.push_back({static_cast<llama_token>(i), logit, 0});
    }
    llama_token_data_array list{candidates_.data(), candidates_.size(), -1, false};
    llama_sampler_apply(grammar_.get(), &list);
    const auto best = std::ranges::max_element(candidates_, {}, &llama_token_data::logit);
    // No word of the vocabulary goes on with it: accepting one would end the process.
    over_ = best->logit == -std::numeric_limits<float>::infinity();
    if (greedy_ || over_) return best->id;
    llama_sampler_apply(chain_.get(), &list);
    return list.data[list.selected].id;
}

}  // namespace ec::model::embedded
