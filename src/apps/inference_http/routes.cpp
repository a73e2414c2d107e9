#include "routes.hpp"

#include <fmt/format.h>

#include <ec/inference/plan.hpp>
#include <memory>

#include "document.hpp"
#include "requests.hpp"
#include "web.hpp"

namespace ec::apps::inference_http {
namespace {

using net::Responder;
using net::Route;
using net::ServerRequest;
using net::ServerResponse;

constexpr std::uint64_t kMostBody = 2 << 20;
constexpr unsigned kAsksPerMinute = 120;

// What a model does for one request: gives the body of the answer.
using Answer = std::function<Result<std::string>(model::ChatModel& model, std::stop_token stop)>;

class ModelWork final : public ide::Work {
public:
    ModelWork(std::shared_ptr<Responder> responder, ide::Seat& seat, Answer answer)
        : responder_(std::move(responder)), seat_(seat), answer_(std::move(answer)) {}

    Status run(std::stop_token stop) override {
        const auto body = answer_(seat_.model(), std::move(stop));
        if (!body) {
            if (body.error().code != ErrorCode::cancelled) responder_->answer(net::problem(body.error()));
            return fail(body.error());
        }
        responder_->answer(json_answer(*body));
        return {};
    }
    void refuse(const openai::ApiError& error) override {
        responder_->answer(net::problem(error.status, error.code, error.message));
    }
    void supersede() override { refuse({409, "superseded", "a newer request took its place", {}}); }
    void beat() override {}
    [[nodiscard]] std::stop_token gone() const override { return responder_->gone(); }

private:
    std::shared_ptr<Responder> responder_;
    ide::Seat& seat_;
    Answer answer_;
};

void ask_model(InferenceHttp& service, const ide::Destination& where, std::shared_ptr<Responder> responder,
               Answer answer) {
    ide::Seat& seat = service.models.seat(where, ide::Purpose::chat);
    if (!seat.lane().put(std::make_shared<ModelWork>(responder, seat, std::move(answer))))
        responder->answer(net::problem(429, "queue_full", "too many requests wait for this already"));
}

// A plan without a model is always to be had: where the model gives none, that is the answer.
void decompose(InferenceHttp& service, const ServerRequest& request, std::shared_ptr<Responder> responder) {
    const auto ask = read_decompose(request.body);
    if (!ask) return responder->answer(net::problem(ask.error()));
    const auto where = service.models.chat("default");
    if (!where) return responder->answer(json_answer(write(inference::plan_without_model(ask->question), *ask)));
    ask_model(service, *where, std::move(responder),
              [ask = *ask](model::ChatModel& model, std::stop_token stop) -> Result<std::string> {
                  auto plan = inference::plan_with_model(model, ask.question, stop);
                  if (!plan && plan.error().code == ErrorCode::cancelled) return fail(plan.error());
                  return write(plan ? *plan : inference::plan_without_model(ask.question), ask);
              });
}

void escalate(InferenceHttp& service, const ServerRequest& request, std::shared_ptr<Responder> responder) {
    const auto ask = read_escalate(request.body);
    if (!ask) return responder->answer(net::problem(ask.error()));
    const auto where = service.models.chat("default");
    if (!where) {
        return responder->answer(net::problem(503, "no_model",
                                              "an escalation needs a model, and none is chosen here; edgecoder model "
                                              "use NAME chooses one"));
    }
    ask_model(service, *where, std::move(responder),
              [ask = *ask](model::ChatModel& model, std::stop_token stop) -> Result<std::string> {
                  model::ChatRequest question;
                  question.messages = {{model::Role::user, escalation_prompt(ask), {}, {}}};
                  EC_ASSIGN(const model::ChatReply reply, model.complete(question, {}, stop));
                  EC_ASSIGN(const Escalated escalated, read_escalation(reply.text));
                  return write(escalated);
              });
}

ServerResponse metrics(const InferenceHttp& service) {
    std::string text =
        "# HELP edgecoder_inference_requests_total Requests by how they ended.\n"
        "# TYPE edgecoder_inference_requests_total counter\n";
    for (ide::Seat* seat : service.models.seats()) {
        const ide::LaneStatus status = seat->lane().status();
        for (const auto& [how, count] : {std::pair{"answered", status.answered},
                                         {"failed", status.failed},
                                         {"cancelled", status.cancelled},
                                         {"refused", status.refused}})
            text += fmt::format("edgecoder_inference_requests_total{{outcome=\"{}\"}} {}\n", how, count);
    }
    return metrics_answer(text);
}

Route asking(std::string path, std::string summary,
             std::function<void(const ServerRequest&, std::shared_ptr<Responder>)> take) {
    return {.method = "POST",
            .path = std::move(path),
            .summary = std::move(summary),
            .statuses = {200, 400, 409, 422, 429, 503},
            .request_type = "application/json",
            .body_limit = kMostBody,
            .per_minute = kAsksPerMinute,
            .handle = nullptr,
            .take = std::move(take)};
}

}  // namespace

std::vector<Route> inference_routes(InferenceHttp& service, const std::string& token) {
    const auto guarded = [&](Route route) {
        return behind_bearer(std::move(route), token, "secrets/inference-token of the data directory");
    };
    std::vector<Route> routes{
        get_route("/health", "Whether the service runs, as the first version told it",
                  [](const ServerRequest&) { return json_answer("{\"ok\":true}"); }),
        get_route("/healthz", "Whether the service runs", [](const ServerRequest&) { return text_answer("ok\n"); }),
        get_route("/readyz", "Whether it serves, and what it leases",
                  [&service](const ServerRequest&) { return text_answer("ready, " + service.leasing() + "\n"); }),
        guarded(asking("/decompose", "Parts of a task with files, tests and dependencies",
                       [&service](const ServerRequest& request, std::shared_ptr<Responder> responder) {
                           decompose(service, request, std::move(responder));
                       })),
        guarded(asking("/escalate", "Better code for a task that a smaller model failed at",
                       [&service](const ServerRequest& request, std::shared_ptr<Responder> responder) {
                           escalate(service, request, std::move(responder));
                       })),
        get_route("/metrics", "Counts for Prometheus", [&service](const ServerRequest&) { return metrics(service); })};
    add_openapi(routes, inference_document);
    return routes;
}

}  // namespace ec::apps::inference_http
