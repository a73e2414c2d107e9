#include "openai/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>

#include "openai/fields.hpp"
#include "openai/reply_reader.hpp"

namespace ec::model {
namespace {

constexpr std::chrono::milliseconds kQuick{1500};
constexpr std::uint64_t kLargestReport = 8ULL << 20;
constexpr std::size_t kMostNames = 40;
constexpr std::size_t kShownNames = 10;
constexpr std::uint16_t kOllamaPort = 11434;

std::string lower_words(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return text;
}

// "maximum context length is 8192 tokens", "exceeds the available context size": every server has its own words.
bool is_about_context(const std::string& words) {
    const std::string text = lower_words(words);
    if (text.find("context") == std::string::npos && text.find("prompt") == std::string::npos) return false;
    for (const char* word : {"exceed", "too long", "maximum", "too large", "longer than", "does not fit"}) {
        if (text.find(word) != std::string::npos) return true;
    }
    return false;
}

std::string in_words(const std::vector<std::string>& names) {
    std::vector<std::string> shown(names.begin(),
                                   names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kShownNames)));
    const std::string more = names.size() > kShownNames ? fmt::format(" and {} more", names.size() - kShownNames) : "";
    return join(shown, ", ") + more;
}

const json::Object* find_model(const json::Object& list, const std::string& model) {
    const json::Array* data = array_at(list, "data");
    if (data == nullptr) return nullptr;
    for (const json::Value& value : *data) {
        const json::Object* entry = value.if_object();
        if (entry != nullptr && (text_at(*entry, "id") == model || data->size() == 1)) return entry;
    }
    return nullptr;
}

}  // namespace

net::HttpRequest Server::post(const std::string& url, std::string body) const {
    net::HttpRequest request;
    request.method = "POST";
    request.url = url;
    request.headers = {{"Content-Type", "application/json"}};
    if (!options_.api_key.empty()) {
        request.headers.emplace_back("Authorization", fmt::format("Bearer {}", options_.api_key.reveal()));
    }
    request.body = std::move(body);
    request.why = "model";
    request.connect_timeout = options_.connect_timeout;
    request.first_byte_timeout = options_.first_byte_timeout;
    request.idle_timeout = options_.idle_timeout;
    return request;
}

Result<net::HttpResponse> Server::send(const net::HttpRequest& request, const net::ResponseSink& sink,
                                       std::stop_token stop) {
    auto response = http_.send(request, sink, std::move(stop));
    if (!response && response.error().code == ErrorCode::unavailable) {
        Error error = std::move(response).error();
        error.message = "the model cannot be reached: " + error.message;
        error.remedy = options_.address.port == kOllamaPort
                           ? "start it with `ollama serve`, or use --model none"
                           : "start the server there or correct the address, or use --model none";
        return fail(std::move(error));
    }
    return response;
}

Result<net::HttpResponse> Server::ask(const std::string& method, const std::string& url, std::string body,
                                      std::stop_token stop) {
    net::HttpRequest request = post(url, std::move(body));
    request.method = method;
    request.first_byte_timeout = kQuick;
    request.idle_timeout = kQuick;
    request.body_limit = kLargestReport;
    return send(request, {}, std::move(stop));
}

Status Server::look(ServerNotes& notes, std::stop_token stop) {
    const auto version = ask("GET", options_.address.root() + "/api/version", {}, stop);
    if (!version) {
        const ErrorCode code = version.error().code;
        if (code == ErrorCode::unavailable || code == ErrorCode::cancelled || code == ErrorCode::denied)
            return fail(version.error());
        return {};  // it will have to be asked again
    }
    const auto report = parse_object(version->body);
    const bool ollama = version->status == 200 && report && !text_at(*report, "version").empty();
    notes.kind = ollama ? ServerKind::ollama : ServerKind::openai;
    if (ollama) look_at_model(notes, stop);
    return {};
}

// https://github.com/ollama/ollama/blob/main/docs/api.md#show-model-information
void Server::look_at_model(ServerNotes& notes, std::stop_token stop) {
    json::Object question;
    question["model"] = options_.address.model;
    const auto answer = ask("POST", options_.address.root() + "/api/show", json::write(json::Value(question)), stop);
    if (!answer || answer->status != 200) return;
    const auto report = parse_object(answer->body);
    if (!report) return;
    if (const json::Object* info = object_at(*report, "model_info")) {
        const std::string context_key = std::string(text_at(*info, "general.architecture")) + ".context_length";
        notes.context = std::max<std::int64_t>(0, integer_at(*info, context_key));
        notes.parameters = std::max<std::int64_t>(0, integer_at(*info, "general.parameter_count"));
    }
    if (const json::Array* abilities = array_at(*report, "capabilities"); abilities != nullptr && !abilities->empty()) {
        notes.refusals.tools = std::ranges::find(*abilities, json::Value("tools")) == abilities->end();
    }
}

std::int64_t Server::ask_context(std::stop_token stop) {
    if (const auto answer = ask("GET", options_.address.base_url + "/models", {}, stop);
        answer && answer->status == 200) {
        const auto list = parse_object(answer->body);
        const json::Object* entry = list ? find_model(*list, options_.address.model) : nullptr;
        for (const char* key : {"max_model_len", "context_length", "max_context_length"}) {
            if (entry != nullptr && integer_at(*entry, key) > 0) return integer_at(*entry, key);
        }
    }
    const auto answer = ask("GET", options_.address.root() + "/props", {}, stop);  // llama-server
    if (!answer || answer->status != 200) return 0;
    const auto report = parse_object(answer->body);
    const json::Object* settings = report ? object_at(*report, "default_generation_settings") : nullptr;
    return settings == nullptr ? 0 : std::max<std::int64_t>(0, integer_at(*settings, "n_ctx"));
}

std::vector<std::string> Server::offered(std::stop_token stop) {
    std::vector<std::string> names;
    const auto answer = ask("GET", options_.address.base_url + "/models", {}, std::move(stop));
    if (!answer || answer->status != 200) return names;
    const auto list = parse_object(answer->body);
    const json::Array* data = list ? array_at(*list, "data") : nullptr;
    if (data == nullptr) return names;
    for (const json::Value& value : *data) {
        const json::Object* entry = value.if_object();
        if (entry == nullptr || names.size() == kMostNames) continue;
        if (const std::string_view id = text_at(*entry, "id"); !id.empty()) names.push_back(ellipsize(id, 100));
    }
    return names;
}

Error Server::no_such_model(const std::string& words, std::stop_token stop) {
    const ModelAddress& address = options_.address;
    const std::vector<std::string> names = offered(std::move(stop));
    if (names.empty() || std::ranges::find(names, address.model) != names.end()) {
        return {ErrorCode::unavailable,
                fmt::format("{} answers that there is no such thing: {}", address.base_url, words),
                "check the address and the model's name"};
    }
    const std::string pull = address.port == kOllamaPort ? fmt::format(", or run `ollama pull {}`", address.model) : "";
    return {ErrorCode::not_found, fmt::format("{} has no model {}", address.base_url, address.model),
            fmt::format("it offers {}: choose one of these{}", in_words(names), pull)};
}

Error Server::explain(std::int64_t status, std::string_view body, std::stop_token stop) {
    std::string words = complaint_words(body);
    if (!options_.api_key.empty()) words = replace_all(words, options_.api_key.reveal(), "***");
    if (words.empty()) words = "no reason given";
    const std::string& where = options_.address.base_url;
    if (status == 401 || status == 403) {
        return {ErrorCode::denied, fmt::format("{} refuses us (HTTP {}): {}", where, status, words),
                options_.api_key.empty() ? "give the server's key in EDGECODER_API_KEY" : "check EDGECODER_API_KEY"};
    }
    if (status == 404) return no_such_model(words, std::move(stop));
    if (status == 402) return {ErrorCode::denied, fmt::format("{} wants to be paid first: {}", where, words), {}};
    if (status == 413 || is_about_context(words)) {
        return {ErrorCode::unavailable, fmt::format("the prompt is too large for the model: {}", words),
                "start the server with a larger context, or use a model that has one"};
    }
    if (status >= 300 && status < 400) {
        return {ErrorCode::unavailable, fmt::format("{} redirects elsewhere (HTTP {})", where, status),
                "give the address that it redirects to"};
    }
    if (status == 429) {
        return {ErrorCode::unavailable, fmt::format("{} has too much to do or wants no more of us: {}", where, words),
                "try again later"};
    }
    if (status >= 500 || status == 0) {
        return {ErrorCode::unavailable, fmt::format("{} failed (HTTP {}): {}", where, status, words),
                "look at what the server prints"};
    }
    return {
        ErrorCode::unavailable, fmt::format("{} does not take the request (HTTP {}): {}", where, status, words), {}};
}

}  // namespace ec::model
