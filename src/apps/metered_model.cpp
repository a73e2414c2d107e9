#include "metered_model.hpp"

#include <fmt/format.h>

#include <ec/model/tokens.hpp>

namespace ec::apps {
namespace {

class MeteredModel final : public model::ChatModel {
public:
    MeteredModel(std::unique_ptr<model::ChatModel> model, agent::ReviewQueue queue, std::optional<agent::Price> price,
                 agent::Budget budget)
        : model_(std::move(model)), queue_(std::move(queue)), price_(price), budget_(std::move(budget)) {}

    [[nodiscard]] const model::ModelFacts& facts() const override { return model_->facts(); }

    Result<model::ChatReply> complete(const model::ChatRequest& request, const model::OnDelta& on_delta,
                                      std::stop_token stop) override {
        return metered(prompt_tokens(request), request.sampling,
                       [&] { return model_->complete(request, on_delta, std::move(stop)); });
    }

    Result<model::ChatReply> complete_text(const model::TextRequest& request, const model::OnDelta& on_delta,
                                           std::stop_token stop) override {
        return metered(prompt_tokens(request), request.sampling,
                       [&] { return model_->complete_text(request, on_delta, std::move(stop)); });
    }

private:
    template <class Ask>
    Result<model::ChatReply> metered(std::int64_t tokens, const model::Sampling& sampling, const Ask& ask) {
        if (!price_) return with_warning(ask());
        const agent::Micros most = agent::cost(*price_, tokens, sampling.max_tokens);
        EC_ASSIGN(const std::int64_t reservation, queue_.reserve(facts().name, most, budget_));
        auto reply = ask();
        if (!reply) {
            // Nobody there: nothing was read. Anything else may have been charged for, and stays reserved.
            if (reply.error().code == ErrorCode::unavailable) EC_TRY(queue_.settle(reservation, 0));
            return reply;
        }
        EC_TRY(queue_.settle(reservation, paid(reply->usage, most)));
        return reply;
    }

    static std::int64_t prompt_tokens(const model::TextRequest& request) {
        std::size_t tokens =
            model::estimate_tokens(request.prompt) + model::estimate_tokens(request.suffix.value_or(""));
        for (const model::Excerpt& neighbour : request.neighbours) {
            tokens += model::estimate_tokens(neighbour.path) + model::estimate_tokens(neighbour.text);
        }
        return static_cast<std::int64_t>(tokens);
    }

    static std::int64_t prompt_tokens(const model::ChatRequest& request) {
        std::size_t tokens = model::estimate_tokens(request.messages);
        for (const model::ToolSpec& tool : request.tools) {
            tokens += model::estimate_tokens(tool.description) + model::estimate_tokens(tool.parameters);
        }
        return static_cast<std::int64_t>(tokens);
    }

    /// A server that counts nothing is taken to have cost the most.
    [[nodiscard]] agent::Micros paid(const model::Usage& usage, agent::Micros most) const {
        if (usage.prompt_tokens <= 0 && usage.completion_tokens <= 0) return most;
        return agent::cost(*price_, usage.prompt_tokens, usage.completion_tokens);
    }

    Result<model::ChatReply> with_warning(Result<model::ChatReply> reply) {
        if (!reply || warned_) return reply;
        warned_ = true;
        reply->warnings.push_back(fmt::format(
            "text goes to {}, and no daily cap applies: set price_in and price_out in [model] of config.toml",
            facts().where));
        return reply;
    }

    std::unique_ptr<model::ChatModel> model_;
    agent::ReviewQueue queue_;
    std::optional<agent::Price> price_;
    agent::Budget budget_;
    bool warned_ = false;
};

}  // namespace

std::unique_ptr<model::ChatModel> make_metered_model(std::unique_ptr<model::ChatModel> model, agent::ReviewQueue queue,
                                                     std::optional<agent::Price> price, agent::Budget budget) {
    return std::make_unique<MeteredModel>(std::move(model), std::move(queue), price, std::move(budget));
}

}  // namespace ec::apps
