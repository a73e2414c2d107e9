#include "embed_work.hpp"

#include <ec/model/tokens.hpp>

#include "answer_work.hpp"
#include "openai_api/embeddings.hpp"

namespace ec::apps::ide {
namespace {

class EmbedWork final : public Work {
public:
    EmbedWork(std::shared_ptr<net::Responder> responder, Seat& seat, Destination where, openai::EmbeddingsAsk ask)
        : responder_(std::move(responder)), seat_(seat), where_(std::move(where)), ask_(std::move(ask)) {}

    Status run(std::stop_token stop) override {
        const auto vectors = seat_.embedder().embed(ask_.input, std::move(stop));
        if (!vectors) {
            if (vectors.error().code != ErrorCode::cancelled) refuse(openai::api_error(vectors.error()));
            return fail(vectors.error());
        }
        std::size_t tokens = 0;
        for (const std::string& text : ask_.input) tokens += model::estimate_tokens(text);
        responder_->answer({.status = 200,
                            .type = "application/json",
                            .body = openai::embeddings_body(where_.id, *vectors, ask_.base64, tokens),
                            .headers = {{"x-edgecoder-route", where_.route()}}});
        return {};
    }
    void refuse(const openai::ApiError& error) override { responder_->answer(error_response(error)); }
    void supersede() override { refuse({409, "superseded", "a newer request took its place", {}}); }
    void beat() override {}
    [[nodiscard]] std::stop_token gone() const override { return responder_->gone(); }

private:
    std::shared_ptr<net::Responder> responder_;
    Seat& seat_;
    Destination where_;
    openai::EmbeddingsAsk ask_;
};

}  // namespace

std::shared_ptr<Work> embed_work(std::shared_ptr<net::Responder> responder, Seat& seat, Destination where,
                                 openai::EmbeddingsAsk ask) {
    return std::make_shared<EmbedWork>(std::move(responder), seat, std::move(where), std::move(ask));
}

}  // namespace ec::apps::ide
