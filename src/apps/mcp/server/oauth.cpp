#include "oauth.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>
#include <ec/core/token.hpp>
#include <ec/json/json.hpp>

#include "../../web.hpp"

namespace ec::apps::mcp {
namespace {

using net::problem;
using net::Route;
using net::ServerRequest;
using net::ServerResponse;

constexpr std::uint64_t kMostBody = 16 << 10;
constexpr std::size_t kMostRedirects = 8;
constexpr std::size_t kLongestName = 80;
constexpr std::string_view kResourcePath = "/mcp";
constexpr std::string_view kResourceMetadata = "/.well-known/oauth-protected-resource/mcp";

ServerResponse json_response(int status, const json::Object& object) {
    return {.status = status, .type = "application/json", .body = json::write(object) + "\n", .headers = {}};
}

ServerResponse oauth_error(const OAuthError& error) {
    return json_response(error.code == "invalid_client" ? 401 : 400,
                         {{"error", error.code}, {"error_description", error.description}});
}

ServerResponse refused_page() {
    return problem(403, "page_refused", "this server does nothing for web pages of another origin");
}

json::Array strings(const Scopes& scopes) {
    json::Array array;
    for (const std::string& scope : scopes) array.emplace_back(scope);
    return array;
}

std::string resource_of(const ServerRequest& request) { return own_origin(request) + std::string(kResourcePath); }

std::string challenge_field(const ServerRequest& request, std::string_view more) {
    return fmt::format("Bearer resource_metadata=\"{}{}\"{}", own_origin(request), kResourceMetadata, more);
}

/// To the client's own address, with an answer in the query (RFC 6749, 4.1.2; `iss` of RFC 9207).
ServerResponse redirect(const ServerRequest& request, const AccessRequest& asked,
                        const std::vector<std::pair<std::string_view, std::string>>& answer) {
    std::string target = asked.redirect_uri;
    char separator = target.find('?') == std::string::npos ? '?' : '&';
    const auto add = [&](std::string_view name, std::string_view value) {
        target += fmt::format("{}{}={}", separator, name, percent_encoded(value));
        separator = '&';
    };
    for (const auto& [name, value] : answer) add(name, value);
    if (asked.has_state) add("state", asked.state);
    add("iss", own_origin(request));
    return {.status = 303,
            .type = "text/plain",
            .body = {},
            .headers = {{"Location", target}, {"Referrer-Policy", "no-referrer"}}};
}

ServerResponse refuse_client(const ServerRequest& request, const AccessRequest& asked, std::string error,
                             std::string why) {
    return redirect(request, asked, {{"error", std::move(error)}, {"error_description", std::move(why)}});
}

std::string origin_of(std::string_view uri) { return std::string(uri.substr(0, uri.find_first_of("/?", 8))); }

ServerResponse page_response(int status, const AuthorizePage& page) {
    ServerResponse response = html_response(status, render(page), origin_of(page.redirect_uri));
    // With no-referrer a browser would call the origin of this page's own form "null".
    response.headers.emplace_back("Referrer-Policy", "same-origin");
    return response;
}

bool is_challenge(std::string_view text) {
    const auto good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    return text.size() == 43 && std::ranges::all_of(text, good);
}

}  // namespace

OAuth::OAuth(Grants& grants, std::string token, Scopes offered, Scopes usual,
             std::function<void(const std::string&)> tell)
    : grants_(grants),
      token_(std::move(token)),
      offered_(std::move(offered)),
      usual_(std::move(usual)),
      tell_(std::move(tell)) {}

std::expected<Bearer, ServerResponse> OAuth::admit(const ServerRequest& request) {
    const std::string given = bearer_token(request);
    if (same_secret(given, token_)) return Bearer{"person", offered_};
    if (!given.empty()) {
        if (auto bearer = grants_.admit(given)) return *std::move(bearer);
    }
    ServerResponse response = problem(401, "unauthorized", "this needs a token");
    response.headers.emplace_back(
        "WWW-Authenticate", challenge_field(request, fmt::format(", scope=\"{}\"{}", scope_text(usual_),
                                                                 given.empty() ? "" : ", error=\"invalid_token\"")));
    return std::unexpected(std::move(response));
}

ServerResponse OAuth::forbid(const ServerRequest& request, std::string_view scope) {
    Scopes needed = usual_;
    needed.emplace(scope);
    ServerResponse response = problem(403, "insufficient_scope", fmt::format("this needs the scope {}", scope));
    response.headers.emplace_back(
        "WWW-Authenticate",
        challenge_field(request, fmt::format(", error=\"insufficient_scope\", scope=\"{}\"", scope_text(needed))));
    return response;
}

ServerResponse OAuth::resource_metadata(const ServerRequest& request) const {
    return json_response(200, {{"resource", resource_of(request)},
                               {"authorization_servers", json::Array{json::Value(own_origin(request))}},
                               {"scopes_supported", strings(offered_)},
                               {"bearer_methods_supported", json::Array{json::Value("header")}},
                               {"resource_name", "EdgeCoder"}});
}

ServerResponse OAuth::server_metadata(const ServerRequest& request) const {
    const std::string origin = own_origin(request);
    return json_response(
        200, {{"issuer", origin},
              {"authorization_endpoint", origin + "/authorize"},
              {"token_endpoint", origin + "/token"},
              {"registration_endpoint", origin + "/register"},
              {"revocation_endpoint", origin + "/revoke"},
              {"scopes_supported", strings(offered_)},
              {"response_types_supported", json::Array{json::Value("code")}},
              {"response_modes_supported", json::Array{json::Value("query")}},
              {"grant_types_supported", json::Array{json::Value("authorization_code"), json::Value("refresh_token")}},
              {"token_endpoint_auth_methods_supported", json::Array{json::Value("none")}},
              {"revocation_endpoint_auth_methods_supported", json::Array{json::Value("none")}},
              {"code_challenge_methods_supported", json::Array{json::Value("S256")}},
              {"authorization_response_iss_parameter_supported", true}});
}

ServerResponse OAuth::register_client(const ServerRequest& request) {
    if (from_other_page(request)) return refused_page();
    const auto body = json::parse(request.body);
    if (!body) return oauth_error({"invalid_client_metadata", body.error().message});
    json::Reader reader(*body);
    std::string name = reader.string("client_name", "a client without a name");
    std::vector<std::string> uris = reader.require("redirect_uris").strings("redirect_uris");
    if (!reader.status()) return oauth_error({"invalid_client_metadata", reader.status().error().message});
    if (uris.empty() || uris.size() > kMostRedirects || !std::ranges::all_of(uris, may_redirect_to)) {
        return oauth_error({"invalid_redirect_uri",
                            "redirect_uris must be one to eight https addresses, or http ones of this machine"});
    }
    // What is shown to a person is one short line, whatever a stranger calls himself.
    std::ranges::replace_if(name, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }, ' ');
    name = ellipsize(trim(name).empty() ? "a client without a name" : trim(name), kLongestName);
    const auto client = grants_.add_client(name, uris);
    if (!client) return problem(client.error());
    json::Array redirects;
    for (const std::string& uri : client->redirect_uris) redirects.emplace_back(uri);
    return json_response(201,
                         {{"client_id", client->id},
                          {"client_name", client->name},
                          {"redirect_uris", std::move(redirects)},
                          {"grant_types", json::Array{json::Value("authorization_code"), json::Value("refresh_token")}},
                          {"response_types", json::Array{json::Value("code")}},
                          {"token_endpoint_auth_method", "none"}});
}

ServerResponse OAuth::ask(const ServerRequest& request) {
    if (from_other_page(request)) return refused_page();
    const auto form = Form::parse(request.query);
    const auto stop = [](std::string_view why) {
        return html_response(400, render_note("This client asks in a wrong way", why));
    };
    if (!form || !form->repeated().empty()) return stop("Its request says something twice, or too much.");
    // Nobody is sent anywhere before it is known that the address is the client's own.
    const auto client = grants_.client(form->value("client_id"));
    if (!client) return stop("It is not registered here. A restart forgets all clients: have it connect anew.");
    AccessRequest asked;
    asked.client = client->id;
    asked.redirect_uri = form->value("redirect_uri");
    if (std::ranges::find(client->redirect_uris, asked.redirect_uri) == client->redirect_uris.end())
        return stop("The address that it wants your answer at is none that it registered.");
    asked.state = form->value("state");
    asked.has_state = form->has("state");
    const auto refuse = [&](std::string error, std::string why) {
        return refuse_client(request, asked, std::move(error), std::move(why));
    };
    if (form->value("response_type") != "code")
        return refuse("unsupported_response_type", "response_type must be code");
    asked.challenge = form->value("code_challenge");
    if (form->value("code_challenge_method") != "S256" || !is_challenge(asked.challenge))
        return refuse("invalid_request", "a code_challenge of method S256 is needed");
    asked.resource = form->has("resource") ? form->value("resource") : resource_of(request);
    if (asked.resource != resource_of(request)) return refuse("invalid_target", "resource is not this server");
    const auto scopes = parse_scopes(form->value("scope"));
    if (!scopes || !std::ranges::includes(offered_, *scopes))
        return refuse("invalid_scope", fmt::format("there are {}", scope_text(offered_)));
    asked.scopes = scopes->empty() ? usual_ : *scopes;
    AuthorizePage page{client->name, asked.redirect_uri, asked.scopes, {}, false};
    auto entry = grants_.ask(std::move(asked));
    if (!entry) return problem(entry.error());
    page.request = entry->id;
    tell_(fmt::format("\"{}\" asks to be let in; if that is you, type this code on its page: {}", client->name,
                      entry->code));
    return page_response(200, page);
}

ServerResponse OAuth::decide(const ServerRequest& request) {
    if (from_other_page(request)) return refused_page();
    const auto over = [] {
        return html_response(404, render_note("Nothing to decide here",
                                              "This request is unknown, too old or answered, or the code was wrong too "
                                              "often. Have the client ask again."));
    };
    const auto form = Form::parse(request.body);
    if (!form) return over();
    const std::string id = form->value("request");
    if (form->value("decision") != "allow") {
        const auto denied = grants_.deny(id);
        return denied ? refuse_client(request, *denied, "access_denied", "the person refused") : over();
    }
    const auto allowed = grants_.allow(id, form->value("code"));
    if (allowed) return redirect(request, allowed->request, {{"code", allowed->code}});
    if (allowed.error() == Grants::Wrong::gone) return over();
    const auto asked = grants_.asked(id);
    if (!asked) return over();
    const auto client = grants_.client(asked->client);
    return page_response(403, {client ? client->name : "?", asked->redirect_uri, asked->scopes, id, true});
}

ServerResponse OAuth::token(const ServerRequest& request) {
    if (from_other_page(request)) return refused_page();
    const auto form = Form::parse(request.body);
    if (!form || !form->repeated().empty())
        return oauth_error({"invalid_request", "the form says something twice, or too much"});
    const std::string client = form->value("client_id");
    if (!grants_.client(client)) return oauth_error({"invalid_client", "this client is not registered here"});
    const std::string type = form->value("grant_type");
    OAuthResult<Tokens> tokens =
        std::unexpected(OAuthError{"unsupported_grant_type", "grant_type must be authorization_code or refresh_token"});
    if (type == "authorization_code") {
        tokens = grants_.redeem(form->value("code"), client, form->value("redirect_uri"), form->value("code_verifier"),
                                form->value("resource"));
    } else if (type == "refresh_token") {
        const auto scopes = parse_scopes(form->value("scope"));
        if (!scopes) return oauth_error({"invalid_scope", "scope is no list of scopes"});
        tokens = grants_.refresh(form->value("refresh_token"), client, *scopes, form->value("resource"));
    }
    if (!tokens) return oauth_error(tokens.error());
    return json_response(200, {{"access_token", tokens->access},
                               {"token_type", "Bearer"},
                               {"expires_in", tokens->lifetime.count()},
                               {"refresh_token", tokens->refresh},
                               {"scope", scope_text(tokens->scopes)}});
}

// RFC 7009: what is not there, or another's, is answered as what was revoked.
ServerResponse OAuth::revoke(const ServerRequest& request) {
    if (from_other_page(request)) return refused_page();
    const auto form = Form::parse(request.body);
    if (!form || !form->has("token")) return oauth_error({"invalid_request", "token is missing"});
    grants_.revoke(form->value("token"), form->value("client_id"));
    return {.status = 200, .type = "text/plain", .body = {}, .headers = {}};
}

std::vector<Route> OAuth::routes() {
    const auto with = [this](auto method) {
        return [this, method](const ServerRequest& request) { return (this->*method)(request); };
    };
    const auto get = [&](std::string path, std::string summary, auto method) {
        return Route{.method = "GET",
                     .path = std::move(path),
                     .summary = std::move(summary),
                     .statuses = {200},
                     .request_type = "",
                     .per_minute = 300,
                     .handle = with(method)};
    };
    const auto post = [&](std::string path, std::string summary, std::string type, unsigned per_minute, auto method) {
        return Route{.method = "POST",
                     .path = std::move(path),
                     .summary = std::move(summary),
                     .statuses = {200, 400, 401, 403},
                     .request_type = std::move(type),
                     .body_limit = kMostBody,
                     .per_minute = per_minute,
                     .handle = with(method)};
    };
    constexpr const char* kFormType = "application/x-www-form-urlencoded";
    Route page = get("/authorize", "The page on which the person lets a client in", &OAuth::ask);
    page.statuses = {200, 303, 400, 403};
    page.per_minute = 30;
    Route decision = post("/authorize", "What the person said on that page", kFormType, 30, &OAuth::decide);
    decision.statuses = {303, 403, 404};
    Route registration =
        post("/register", "Register a client (RFC 7591)", "application/json", 30, &OAuth::register_client);
    registration.statuses = {201, 400, 403};
    return {
        get(std::string(kResourceMetadata), "Who authorizes for /mcp (RFC 9728)", &OAuth::resource_metadata),
        get("/.well-known/oauth-protected-resource", "The same, at the root", &OAuth::resource_metadata),
        get("/.well-known/oauth-authorization-server", "The authorization server (RFC 8414)", &OAuth::server_metadata),
        std::move(registration),
        std::move(page),
        std::move(decision),
        post("/token", "Tokens for a code, or for a refresh token", kFormType, 120, &OAuth::token),
        post("/revoke", "Give a token back (RFC 7009)", kFormType, 60, &OAuth::revoke)};
}

}  // namespace ec::apps::mcp
