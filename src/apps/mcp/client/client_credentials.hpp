// A token for a remote server by OAuth's client credentials grant (RFC 6749 section 4.4, with the resource of RFC
// 8707): for programs that have an account of their own.
//
// Where the secret goes stands in the entry and is not asked of the server: one that is hostile would name an address
// of its own.
#pragma once

#include <ec/core/result.hpp>
#include <ec/core/secret.hpp>
#include <ec/net/http_client.hpp>
#include <string>

namespace ec::apps::mcp {

struct ClientCredentials {
    std::string token_url;
    std::string client_id;
    Secret secret;
    std::string scope;     ///< may be empty
    std::string resource;  ///< the server's address, for which alone the token is
};

/// Asks once, within ten seconds. `denied` when the credentials are not taken, `corrupt` for an answer that is none.
Result<Secret> fetch_token(net::HttpClient& http, const ClientCredentials& credentials);

}  // namespace ec::apps::mcp
