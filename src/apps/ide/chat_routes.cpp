#include <algorithm>

#include "../web.hpp"
#include "answer_work.hpp"
#include "ide.hpp"
#include "openai_api/forms.hpp"
#include "openai_api/requests.hpp"

namespace ec::apps::ide {
namespace {

using net::Responder;
using net::Route;
using net::ServerRequest;
using openai::ChatAsk;

enum class Api { chat, responses };

std::unique_ptr<openai::AnswerForm> form_of(Api api, const ChatAsk& ask, openai::AnswerHead head) {
    if (api == Api::chat) return openai::make_chat_form(std::move(head), ask.include_usage);
    return openai::make_responses_form(std::move(head), ask.echo);
}

void answer_with_agent(Ide& ide, const ServerRequest& request, ChatAsk ask, Api api,
                       std::shared_ptr<Responder> responder) {
    auto form = form_of(api, ask, {draw().id, unix_seconds(), std::string(kAgentModel)});
    auto room = ide.agents.task(request, ask);
    if (!room) return responder->answer(error_response(room.error()));
    AnswerSettings settings{
        .stream = ask.stream, .headers = {{"x-edgecoder-route", room->where.route()}}, .keep_alive = ide.keep_alive};
    const auto work = std::make_shared<AnswerWork>(responder, std::move(form), std::move(room->ask), settings);
    if (!room->lane->put(work)) responder->answer(too_many());
}

void answer(Ide& ide, Api api, ServerRequest request, std::shared_ptr<Responder> responder) {
    auto ask = api == Api::chat ? openai::decode_chat(request.body) : openai::decode_responses(request.body);
    if (!ask) return responder->answer(error_response(ask.error()));
    request.body = {};  // what waits is small
    if (ask->model == kAgentModel) return answer_with_agent(ide, request, *std::move(ask), api, std::move(responder));
    const auto where = ide.models.chat(ask->model);
    if (!where) return responder->answer(error_response(where.error()));
    Draw fresh = draw();
    if (!ask->seeded) ask->request.sampling.seed = fresh.seed;
    auto form = form_of(api, *ask, {std::move(fresh.id), unix_seconds(), where->id});
    Seat& seat = ide.models.seat(*where, Purpose::chat);
    AnswerSettings settings{
        .stream = ask->stream, .headers = {{"x-edgecoder-route", where->route()}}, .keep_alive = ide.keep_alive};
    const auto work = std::make_shared<AnswerWork>(
        responder, std::move(form),
        [&seat, question = std::move(ask->request)](const model::OnDelta& on_delta, std::stop_token stop) {
            return seat.model().complete(question, on_delta, std::move(stop));
        },
        settings);
    if (!seat.lane().put(work)) responder->answer(too_many());
}

openai::ModelEntry entry_of(const Destination& model) {
    return {model.id, 0, model.local ? "edgecoder-local" : "edgecoder-remote"};
}

net::ServerResponse list_models(const Ide& ide) {
    json::Array data;
    data.emplace_back(openai::model_object({std::string(kAgentModel), 0, "edgecoder"}));
    for (const Destination& each : ide.models.list()) data.emplace_back(openai::model_object(entry_of(each)));
    return json_answer(json::write(json::Object{{"object", "list"}, {"data", std::move(data)}}));
}

net::ServerResponse show_model(const Ide& ide, const std::string& id) {
    if (id == kAgentModel) return json_answer(json::write(openai::model_object({id, 0, "edgecoder"})));
    const auto found = ide.models.find(id);
    return found ? json_answer(json::write(openai::model_object(entry_of(*found)))) : error_response(found.error());
}

json::Object lane_object(const LaneStatus& status) {
    return {{"state", name(status.state)},    {"waiting", status.waiting},     {"answered", status.answered},
            {"failed", status.failed},        {"cancelled", status.cancelled}, {"refused", status.refused},
            {"last_error", status.last_error}};
}

/// Every model that is offered or was used, with the lanes before it.
json::Array model_reports(const Ide& ide) {
    std::vector<Destination> all = ide.models.list();
    const std::vector<Seat*> seats = ide.models.seats();
    for (const Seat* seat : seats) {
        const auto is_it = [&](const Destination& other) { return other.words == seat->where().words; };
        if (std::ranges::none_of(all, is_it)) all.push_back(seat->where());
    }
    json::Array models;
    for (const Destination& each : all) {
        json::Array lanes;
        for (Seat* seat : seats) {
            if (seat->where().words != each.words) continue;
            json::Object lane = lane_object(seat->lane().status());
            lane["purpose"] = name(seat->purpose());
            lanes.emplace_back(std::move(lane));
        }
        models.emplace_back(json::Object{{"model", each.id},
                                         {"runs", each.local ? "local" : "remote"},
                                         {"embeddings", each.embeds},
                                         {"lanes", std::move(lanes)}});
    }
    return models;
}

net::ServerResponse router_status(const Ide& ide) {
    json::Array workspaces;
    for (const AgentRooms::Report& room : ide.agents.report()) {
        json::Object object = lane_object(room.status);
        object["workspace"] = room.workspace;
        workspaces.emplace_back(std::move(object));
    }
    const auto chosen = ide.models.chat("default");
    json::Object body{{"models", model_reports(ide)},
                      {"agent", json::Object{{"model", kAgentModel}, {"workspaces", std::move(workspaces)}}},
                      {"mesh", json::Object{{"state", "not joined"}}},
                      {"rule", "local models first; a remote one only when it is the default or is asked for by name"}};
    body["default"] = chosen ? json::Value(json::Object{{"model", chosen->id}, {"route", chosen->route()}})
                             : json::Value(json::Object{{"model", nullptr}, {"why", chosen.error().message}});
    return json_answer(json::write(body));
}

Route conversing(Ide& ide, Api api, std::string path, std::string summary) {
    return asking(std::move(path), std::move(summary),
                  [&ide, api](ServerRequest request, std::shared_ptr<Responder> responder) {
                      answer(ide, api, std::move(request), std::move(responder));
                  });
}

Route reading(std::string path, std::string summary, std::vector<int> statuses,
              std::function<net::ServerResponse(const ServerRequest&)> handle) {
    return {.method = "GET",
            .path = std::move(path),
            .summary = std::move(summary),
            .statuses = std::move(statuses),
            .request_type = "",
            .handle = std::move(handle)};
}

}  // namespace

std::vector<Route> chat_routes(Ide& ide) {
    return {conversing(ide, Api::chat, "/v1/chat/completions", "The next message of a conversation"),
            conversing(ide, Api::responses, "/v1/responses", "The next items of a conversation"),
            reading("/v1/models", "The models that are offered", {200},
                    [&ide](const ServerRequest&) { return list_models(ide); }),
            reading("/v1/models/{id}", "One of them", {200, 404},
                    [&ide](const ServerRequest& request) { return show_model(ide, request.params.at("id")); }),
            reading("/v1/router/status", "Where answers are made, and how it goes there", {200},
                    [&ide](const ServerRequest&) { return router_status(ide); })};
}

}  // namespace ec::apps::ide
