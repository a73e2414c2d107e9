// Authorization of the HTTP transport (MCP revision 2025-11-25, authorization): /mcp is an OAuth 2.1 protected
// resource, and the authorization server stands at the same origin, for there is no other on a person's own machine.
//
// Who may do what: anybody on this machine may register a client and ask for access, both bounded and for themselves
// useless; only the person gives it, by typing the code that the terminal shows (or their token) on the page of
// /authorize. A client's token then allows what the page said, for a quarter of an hour at a time. The person's own
// token from DATA_DIR/secrets/mcp-token is taken as it is, for clients that know no OAuth.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gate.hpp"

namespace ec::apps::mcp {

class OAuth final : public Gate {
public:
    /// `offered`: the scopes there are, `usual` those a client gets that names none. `tell` shows a line on the
    /// terminal. `grants` outlives this.
    OAuth(Grants& grants, std::string token, Scopes offered, Scopes usual,
          std::function<void(const std::string& line)> tell);

    std::expected<Bearer, net::ServerResponse> admit(const net::ServerRequest& request) override;
    net::ServerResponse forbid(const net::ServerRequest& request, std::string_view scope) override;

    /// RFC 9728, RFC 8414, RFC 7591, /authorize, /token, RFC 7009. This outlives the server that has them.
    std::vector<net::Route> routes();

private:
    net::ServerResponse resource_metadata(const net::ServerRequest& request) const;
    net::ServerResponse server_metadata(const net::ServerRequest& request) const;
    net::ServerResponse register_client(const net::ServerRequest& request);
    net::ServerResponse ask(const net::ServerRequest& request);
    net::ServerResponse decide(const net::ServerRequest& request);
    net::ServerResponse token(const net::ServerRequest& request);
    net::ServerResponse revoke(const net::ServerRequest& request);

    Grants& grants_;
    const std::string token_;
    const Scopes offered_;
    const Scopes usual_;
    const std::function<void(const std::string&)> tell_;
};

/// The page on which the person says who may come in.
struct AuthorizePage {
    std::string client;
    std::string redirect_uri;
    Scopes scopes;
    std::string request;  ///< Grants::Asked::id
    bool again = false;   ///< what was typed was wrong
};
std::string render(const AuthorizePage& page);
std::string render_note(std::string_view title, std::string_view text);

}  // namespace ec::apps::mcp
