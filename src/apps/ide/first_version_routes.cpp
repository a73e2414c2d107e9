// POST /run and GET /models: what the first version's clients ask for.
#include <fmt/format.h>

#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/model/openai.hpp>

#include "../project_sandbox.hpp"
#include "../web.hpp"
#include "answer_work.hpp"
#include "ide.hpp"
#include "openai_api/fields.hpp"
#include "program_loop.hpp"

namespace ec::apps::ide {
namespace {

using net::Responder;
using net::Route;
using net::ServerRequest;
using openai::ApiError;

constexpr std::string_view kLocal = "edgecoder-local";
constexpr std::string_view kOllama = "ollama-local";

struct RunAsk {
    ProgramTask program;
    std::string provider;
};

openai::Decoded<RunAsk> decode_run(std::string_view bytes) {
    const auto object = openai::parse_body(bytes);
    if (!object) return std::unexpected(object.error());
    std::optional<ApiError> failure;
    openai::Fields body(*object, "", failure);
    RunAsk ask;
    ask.program.task = body.text("task");
    if (trim(ask.program.task).empty())
        body.reject("task", "missing_required_parameter", "task must say what the program is to do");
    ask.program.language = body.text("language", "python");
    if (ask.program.language != "python" && ask.program.language != "javascript")
        body.reject("language", "invalid_value", "language is python or javascript");
    ask.provider = body.text("provider", std::string(kLocal));
    if (ask.provider != kLocal && ask.provider != kOllama)
        body.reject("provider", "invalid_value", "provider is edgecoder-local or ollama-local");
    if (failure) return std::unexpected(*std::move(failure));
    return ask;
}

std::string variable(const char* name, std::string_view fallback) {
    const char* value = std::getenv(name);
    return value == nullptr || *value == '\0' ? std::string(fallback) : std::string(value);
}

/// Ollama where it listens on this machine; OLLAMA_HOST may name another port.
openai::Decoded<Destination> ollama() {
    std::string host = variable("OLLAMA_HOST", "127.0.0.1:11434");
    if (!host.contains("://")) host = "http://" + host;
    const std::string words = fmt::format("{}#{}", host, variable("OLLAMA_MODEL", "qwen2.5-coder:latest"));
    const auto address = model::parse_model_address(words);
    if (!address) return std::unexpected(openai::api_error(address.error()));
    if (!address->local)
        return std::unexpected(
            ApiError{403, "not_local", "OLLAMA_HOST is not on this machine, and this provider is", "provider"});
    return Destination{
        .id = address->model, .words = words, .local = true, .embeds = false, .why = "the provider ollama-local"};
}

class RunWork final : public Work {
public:
    RunWork(std::shared_ptr<Responder> responder, Seat& seat, Destination where, ProgramTask task)
        : responder_(std::move(responder)), seat_(seat), where_(std::move(where)), task_(std::move(task)) {}

    Status run(std::stop_token stop) override {
        const auto result = write(std::move(stop));
        if (!result) {
            if (result.error().code != ErrorCode::cancelled) refuse(openai::api_error(result.error()));
            return fail(result.error());
        }
        net::ServerResponse response = json_answer(json::write(program_object(*result)));
        response.headers = {{"x-edgecoder-route", where_.route()}};
        responder_->answer(std::move(response));
        return {};
    }
    void refuse(const ApiError& error) override { responder_->answer(error_response(error)); }
    void supersede() override { refuse({409, "superseded", "a newer request took its place", {}}); }
    void beat() override {}
    [[nodiscard]] std::stop_token gone() const override { return responder_->gone(); }

private:
    Result<ProgramResult> write(std::stop_token stop) {
        EC_ASSIGN(const TempDir folder, TempDir::create("edgecoder-run-"));
        EC_ASSIGN(const auto sandbox, open_project_sandbox(folder.path()));
        const RunProgram run = [&](const executor::RunSpec& spec, std::stop_token token) {
            return sandbox->run(spec, std::move(token));
        };
        return write_program(task_, seat_.model(), run, std::move(stop));
    }

    std::shared_ptr<Responder> responder_;
    Seat& seat_;
    Destination where_;
    ProgramTask task_;
};

void run(Ide& ide, const ServerRequest& request, std::shared_ptr<Responder> responder) {
    auto ask = decode_run(request.body);
    if (!ask) return responder->answer(error_response(ask.error()));
    const auto where = ask->provider == kLocal ? ide.models.chat("default") : ollama();
    if (!where) return responder->answer(error_response(where.error()));
    Seat& seat = ide.models.seat(*where, Purpose::chat);
    const auto work = std::make_shared<RunWork>(responder, seat, *where, std::move(ask->program));
    if (!seat.lane().put(work)) responder->answer(too_many());
}

}  // namespace

std::vector<Route> first_version_routes(Ide& ide) {
    constexpr std::uint64_t kMostTask = 256 << 10;
    constexpr unsigned kRunsPerMinute = 120;
    Route run_route{.method = "POST",
                    .path = "/run",
                    .summary = "A program for a task, written and run in the sandbox",
                    .statuses = {200, 400, 403, 429, 503},
                    .request_type = "application/json",
                    .body_limit = kMostTask,
                    .per_minute = kRunsPerMinute,
                    .handle = nullptr};
    run_route.take = [&ide](const ServerRequest& request, std::shared_ptr<Responder> responder) {
        run(ide, request, std::move(responder));
    };
    Route models{.method = "GET",
                 .path = "/models",
                 .summary = "The providers that /run knows",
                 .statuses = {200},
                 .request_type = "",
                 .handle = [](const ServerRequest&) {
                     return json_answer(json::write(json::Object{{"providers", json::Array{kLocal, kOllama}}}));
                 }};
    return {std::move(run_route), std::move(models)};
}

}  // namespace ec::apps::ide
