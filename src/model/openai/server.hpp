// The server behind an address: requests to it, what its refusals mean, and what it tells about itself.
#pragma once

#include <chrono>
#include <ec/model/openai.hpp>
#include <ec/net/http_client.hpp>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "openai/server_notes.hpp"

namespace ec::model {

class Server {
public:
    Server(net::HttpClient& http, const OpenAiOptions& options) : http_(http), options_(options) {}

    /// A POST of JSON with the key, and the time limits of a completion.
    [[nodiscard]] net::HttpRequest post(const std::string& url, std::string body) const;
    /// Sends it; "nobody listens" comes with what to do about it.
    Result<net::HttpResponse> send(const net::HttpRequest& request, const net::ResponseSink& sink,
                                   std::stop_token stop);

    /// Finds out what kind of server it is; for Ollama also the model's context, size and tools. Small requests with
    /// short time limits; fails only when nobody answers at all or a stop is requested.
    Status look(ServerNotes& notes, std::stop_token stop);
    /// The context of a server that is not Ollama, where it tells (vLLM, llama-server, OpenRouter); 0 otherwise.
    std::int64_t ask_context(std::stop_token stop);
    /// The models it offers, at most a few dozen; empty when it does not say.
    std::vector<std::string> offered(std::stop_token stop);

    /// One clear sentence for an answer that is a refusal. May ask the server for its models.
    Error explain(std::int64_t status, std::string_view body, std::stop_token stop);

private:
    Result<net::HttpResponse> ask(const std::string& method, const std::string& url, std::string body,
                                  std::stop_token stop);
    Error no_such_model(const std::string& words, std::stop_token stop);
    void look_at_model(ServerNotes& notes, std::stop_token stop);

    net::HttpClient& http_;
    const OpenAiOptions& options_;
};

}  // namespace ec::model
