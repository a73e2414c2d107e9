#include "text_vectors.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace ec::model::embedded {
namespace {

// With the special tokens that such a model expects around a text.
Tokens framed(const LoadedModel& model, const std::string& text) {
    const auto most = static_cast<std::size_t>(model.context_tokens());
    // A token is at least a byte but for the few added; more text than this is never read.
    const std::string_view front = std::string_view(text).substr(0, most * 32);
    Tokens tokens(front.size() + 8);
    const std::int32_t n = llama_tokenize(model.vocab(), front.data(), static_cast<std::int32_t>(front.size()),
                                          tokens.data(), static_cast<std::int32_t>(tokens.size()), true, false);
    tokens.resize(static_cast<std::size_t>(std::max(n, 0)));
    if (tokens.size() > most) {
        const llama_token last = tokens.back();
        tokens.resize(most);
        tokens.back() = last;
    }
    return tokens;
}

std::vector<float> unit(const float* values, std::size_t n) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += static_cast<double>(values[i]) * static_cast<double>(values[i]);
    const double scale = sum > 0 ? 1 / std::sqrt(sum) : 0;
    std::vector<float> out(n);
    for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<float>(static_cast<double>(values[i]) * scale);
    return out;
}

class Batch {
public:
    explicit Batch(LoadedModel& model) : model_(model) {}

    [[nodiscard]] bool fits(const Tokens& tokens) const {
        return texts_ < kSequences &&
               steps_.size() + tokens.size() <= static_cast<std::size_t>(llama_n_ubatch(model_.context()));
    }
    void add(const Tokens& tokens) {
        for (std::size_t i = 0; i < tokens.size(); ++i) {
            steps_.push_back({tokens[i], static_cast<llama_pos>(i), texts_, true});
        }
        ++texts_;
    }
    Status flush(std::vector<std::vector<float>>& out) {
        if (texts_ == 0) return {};
        EC_TRY(model_.controls().checkpoint());
        if (llama_memory_t memory = model_.memory(); memory != nullptr) llama_memory_clear(memory, true);
        EC_ASSIGN(const Evaluated evaluated, model_.evaluate(steps_));
        if (evaluated == Evaluated::aborted) return fail(ErrorCode::cancelled, "the request was cancelled");
        if (evaluated == Evaluated::no_room) return fail(ErrorCode::too_large, "a text does not fit into the model");
        const auto width = static_cast<std::size_t>(llama_model_n_embd_out(model_.model()));
        for (llama_seq_id text = 0; text < texts_; ++text) {
            const float* vector = llama_get_embeddings_seq(model_.context(), text);
            if (vector == nullptr) return fail(ErrorCode::internal, "the model made no vector of a text");
            out.push_back(unit(vector, width));
        }
        steps_.clear();
        texts_ = 0;
        return {};
    }

private:
    LoadedModel& model_;
    std::vector<Step> steps_;
    llama_seq_id texts_ = 0;
};

}  // namespace

Result<std::vector<std::vector<float>>> text_vectors(LoadedModel& model, std::span<const std::string> texts) {
    std::vector<std::vector<float>> vectors;
    Batch batch(model);
    for (const std::string& text : texts) {
        const Tokens tokens = framed(model, text);
        if (tokens.empty()) return fail(ErrorCode::invalid_argument, "an empty text has no vector");
        if (!batch.fits(tokens)) EC_TRY(batch.flush(vectors));
        batch.add(tokens);
    }
    EC_TRY(batch.flush(vectors));
    return vectors;
}

}  // namespace ec::model::embedded
