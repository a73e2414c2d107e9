// What the HTTP surfaces of EdgeCoder share: form bodies, bearer tokens, usual routes and answers, pages, and whether a
// web page of somebody else's is asking. Pure functions over requests, for any thread.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/net/http_server.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ec::apps {

/// The fields of an application/x-www-form-urlencoded body or query (WHATWG URL, section 5.1).
class Form {
public:
    static constexpr std::size_t kMostFields = 64;
    /// `too_large` for more fields than that.
    static Result<Form> parse(std::string_view body);

    /// The first field of that name; empty when there is none.
    [[nodiscard]] std::string value(std::string_view name) const;
    [[nodiscard]] bool has(std::string_view name) const;
    /// The name of a field that is there twice; empty when each is there once.
    [[nodiscard]] std::string repeated() const;

private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

/// A field's text as a whole number; `invalid_argument`, with the field's name, for anything else.
[[nodiscard]] Result<std::int64_t> parse_number(std::string_view text, std::string_view name, std::int64_t low,
                                                std::int64_t most);

/// The text as one value of a query or form: everything but unreserved characters in percents.
[[nodiscard]] std::string percent_encoded(std::string_view text);

/// As it may stand in HTML, in text and in quoted attributes.
[[nodiscard]] std::string html_escaped(std::string_view text);

/// What follows "Bearer ", in letters of any case (RFC 9110, section 11.1); empty without.
[[nodiscard]] std::string bearer_token(const net::ServerRequest& request);

/// A GET that takes no body and answers 200.
[[nodiscard]] net::Route get_route(std::string path, std::string summary,
                                   std::function<net::ServerResponse(const net::ServerRequest&)> handle);
/// The route for whoever has the token as a bearer; anybody else gets 401 before a byte of the body is read. `where` is
/// where the token lies, for the person who reads the refusal.
[[nodiscard]] net::Route behind_bearer(net::Route route, const std::string& token, std::string_view where);
/// The 401 of behind_bearer(), for a route with further keys.
[[nodiscard]] net::ServerResponse bearer_wanted(std::string_view where);
/// Adds GET /openapi.json, which describes all of `routes` and itself, as `guard` leaves it.
void add_openapi(
    std::vector<net::Route>& routes, std::string_view title,
    const std::function<net::Route(net::Route)>& guard = [](net::Route route) { return route; });
/// The same with a document that says more than the routes do.
void add_openapi(std::vector<net::Route>& routes, std::string (*describe)(const std::vector<net::Route>&));

[[nodiscard]] net::ServerResponse text_answer(std::string text);
/// `body` is a JSON document without its last line's end.
[[nodiscard]] net::ServerResponse json_answer(std::string body, int status = 200);
/// In Prometheus' text format.
[[nodiscard]] net::ServerResponse metrics_answer(std::string text);

/// A page that loads nothing, runs nothing and stands in no frame. `form_targets` are further origins that a form of it
/// may lead to.
[[nodiscard]] net::ServerResponse html_response(int status, std::string body, std::string_view form_targets = {});

/// "http://127.0.0.1:4304", as this client calls us. The server has checked the Host field.
[[nodiscard]] std::string own_origin(const net::ServerRequest& request);

/// Whether a browser says that a page of another origin is behind a request.
[[nodiscard]] bool from_other_page(const net::ServerRequest& request);

}  // namespace ec::apps
