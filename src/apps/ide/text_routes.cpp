#include <fmt/format.h>

#include "answer_work.hpp"
#include "embed_work.hpp"
#include "fill_question.hpp"
#include "ide.hpp"
#include "openai_api/forms.hpp"
#include "openai_api/requests.hpp"

namespace ec::apps::ide {
namespace {

using net::Responder;
using net::Route;
using net::ServerRequest;
using openai::ApiError;

constexpr std::size_t kLongestSession = 200;

/// How far a fill reaches: as x-edgecoder-fill says, else `otherwise`.
openai::Decoded<Extent> extent_of(const ServerRequest& request, Extent otherwise) {
    const std::string word = request.header("x-edgecoder-fill");
    if (word.empty()) return otherwise;
    if (const auto named = extent_named(word)) return *named;
    return std::unexpected(ApiError{400, "invalid_value", "x-edgecoder-fill is line, block or raw", {}});
}

/// Whose typing it is: the newest request of a session makes older ones pointless.
std::string session_of(const ServerRequest& request) {
    const std::string session = request.header("x-edgecoder-session");
    return (session.empty() ? request.peer + " " + request.header("user-agent") : session).substr(0, kLongestSession);
}

/// Pieces of other files, where the client sends none of its own and says which file this is.
void add_neighbours(Ide& ide, const ServerRequest& request, model::TextRequest& text) {
    if (text.path.empty()) text.path = request.header("x-edgecoder-file");
    text.neighbours =
        ide.neighbours.visit(request.header("x-edgecoder-workspace"), text.path, text.prompt, text.suffix.value_or(""));
}

AnswerSettings settings_of(const Ide& ide, bool stream, const Destination& where) {
    return {.stream = stream, .headers = {{"x-edgecoder-route", where.route()}}, .keep_alive = ide.keep_alive};
}

/// Streams of fills come in one piece, for where they end is known at the end only.
std::shared_ptr<Work> fill_work(Seat& seat, std::shared_ptr<Responder> responder,
                                std::unique_ptr<openai::AnswerForm> form, FillQuestion question,
                                AnswerSettings settings) {
    return std::make_shared<AnswerWork>(
        std::move(responder), std::move(form),
        [&seat, question = std::move(question)](const model::OnDelta&, const std::stop_token& stop) {
            return fill(seat.model(), question, stop);
        },
        std::move(settings));
}

void complete(Ide& ide, ServerRequest request, std::shared_ptr<Responder> responder) {
    auto ask = openai::decode_completions(request.body);
    if (!ask) return responder->answer(error_response(ask.error()));
    request.body = {};
    const bool fills = ask->request.suffix.has_value();
    const auto where = fills ? ide.models.filler(ask->model) : ide.models.chat(ask->model);
    if (!where) return responder->answer(error_response(where.error()));
    const auto extent = extent_of(request, Extent::raw);
    if (!extent) return responder->answer(error_response(extent.error()));
    Draw fresh = draw();
    if (!ask->seeded) ask->request.sampling.seed = fresh.seed;
    auto form = openai::make_completions_form({std::move(fresh.id), unix_seconds(), where->id}, ask->include_usage,
                                              ask->echo ? ask->request.prompt : std::string());
    Seat& seat = ide.models.seat(*where, fills ? Purpose::fill : Purpose::chat);
    std::shared_ptr<Work> work;
    if (fills) {
        add_neighbours(ide, request, ask->request);
        work = fill_work(seat, responder, std::move(form),
                         {.request = std::move(ask->request), .extent = *extent, .indent = {}},
                         settings_of(ide, ask->stream, *where));
    } else {
        work = std::make_shared<AnswerWork>(
            responder, std::move(form),
            [&seat, question = std::move(ask->request)](const model::OnDelta& on_delta, std::stop_token stop) {
                return seat.model().complete_text(question, on_delta, std::move(stop));
            },
            settings_of(ide, ask->stream, *where));
    }
    const std::string session = fills ? request.header("x-edgecoder-session").substr(0, kLongestSession) : "";
    if (!seat.lane().put(work, session)) responder->answer(too_many());
}

void infill(Ide& ide, ServerRequest request, std::shared_ptr<Responder> responder) {
    auto ask = openai::decode_infill(request.body);
    if (!ask) return responder->answer(error_response(ask.error()));
    request.body = {};
    const auto where = ide.models.filler(ask->model);
    if (!where) return responder->answer(error_response(where.error()));
    const auto extent = extent_of(request, extent_at(ask->request.prompt, ask->request.suffix.value_or("")));
    if (!extent) return responder->answer(error_response(extent.error()));
    if (!ask->seeded) ask->request.sampling.seed = draw().seed;
    if (!ask->names_neighbours) add_neighbours(ide, request, ask->request);
    auto form = openai::make_infill_form(
        {where->id, ask->request.prompt, ask->request.sampling, std::move(ask->response_fields)});
    FillQuestion question{.request = std::move(ask->request), .extent = *extent, .indent = {}};
    if (ask->indent) question.indent = static_cast<std::size_t>(*ask->indent);
    question.predict_time = ask->predict_time;
    question.only_read = question.request.sampling.max_tokens == 0;
    Seat& seat = ide.models.seat(*where, Purpose::fill);
    const std::string session = session_of(request) + (question.only_read ? " reads" : "");
    const auto work =
        fill_work(seat, responder, std::move(form), std::move(question), settings_of(ide, ask->stream, *where));
    if (!seat.lane().put(work, session)) responder->answer(too_many());
}

void embed(Ide& ide, const ServerRequest& request, std::shared_ptr<Responder> responder) {
    auto ask = openai::decode_embeddings(request.body);
    if (!ask) return responder->answer(error_response(ask.error()));
    const auto where = ide.models.embedder(ask->model);
    if (!where) return responder->answer(error_response(where.error()));
    Seat& seat = ide.models.seat(*where, Purpose::embed);
    if (!seat.lane().put(embed_work(responder, seat, *where, *std::move(ask)))) responder->answer(too_many());
}

}  // namespace

std::vector<Route> text_routes(Ide& ide) {
    return {asking("/v1/completions", "A text gone on with, or a gap in it filled",
                   [&ide](ServerRequest request, std::shared_ptr<Responder> responder) {
                       complete(ide, std::move(request), std::move(responder));
                   }),
            asking("/infill", "A gap in code filled, as llama.cpp's server does",
                   [&ide](ServerRequest request, std::shared_ptr<Responder> responder) {
                       infill(ide, std::move(request), std::move(responder));
                   }),
            asking("/v1/embeddings", "Texts as vectors",
                   [&ide](const ServerRequest& request, std::shared_ptr<Responder> responder) {
                       embed(ide, request, std::move(responder));
                   })};
}

}  // namespace ec::apps::ide
