// The state of a small OAuth 2.1 authorization server (draft-ietf-oauth-v2-1) for one protected resource of one person:
// registered clients, requests that wait for the person's word, codes, and the tokens that came of them.
//
// Everything lives in memory: a restart forgets every client and token. Of tokens and codes only hashes are kept. What
// one client has belongs to it alone; a code or a refresh token that turns up twice ends all that came of it.
// Everything is bounded: where one more would be too many, the one that was used longest ago gives way.
//
// Threads: any; one lock.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/core/clock.hpp>
#include <ec/core/result.hpp>
#include <expected>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace ec::apps::mcp {

using Scopes = std::set<std::string>;
/// "a b" of a set, and back; words beyond RFC 6749's alphabet make it nothing.
std::string scope_text(const Scopes& scopes);
std::optional<Scopes> parse_scopes(std::string_view text);

struct Client {
    std::string id;
    std::string name;
    std::vector<std::string> redirect_uris;
};

/// Whether a client may have this registered: https, or http to this machine by address or as localhost; no user, no
/// fragment, nothing but printable ASCII.
bool may_redirect_to(std::string_view uri);

/// What a client asks the person for; checked before it comes here.
struct AccessRequest {
    std::string client;
    std::string redirect_uri;
    std::string state;  ///< handed back as it came
    bool has_state = false;
    std::string challenge;  ///< PKCE, S256
    Scopes scopes;
    std::string resource;
};

struct Tokens {
    std::string access;
    std::string refresh;
    std::chrono::seconds lifetime{0};
    Scopes scopes;
};

/// The error codes of RFC 6749, section 5.2.
struct OAuthError {
    std::string code;
    std::string description;
};
template <class T>
using OAuthResult = std::expected<T, OAuthError>;

/// Who sends a request: `owner` is the same for all tokens of one client.
struct Bearer {
    std::string owner;
    Scopes scopes;
};

class Grants {
public:
    static constexpr std::chrono::minutes kAskLives{5};
    static constexpr std::chrono::seconds kCodeLives{60};
    static constexpr std::chrono::minutes kAccessLives{15};
    static constexpr std::chrono::hours kRefreshLives{24 * 7};
    static constexpr unsigned kTries = 5;  ///< of typing a code, for each request
    static constexpr std::size_t kMostClients = 64;
    static constexpr std::size_t kMostAsking = 16;
    static constexpr std::size_t kMostGrants = 128;

    /// `token`: what the person may type instead of a code.
    Grants(const Clock& clock, std::string token) : clock_(clock), token_(std::move(token)) {}

    Result<Client> add_client(std::string name, std::vector<std::string> redirect_uris);
    std::optional<Client> client(std::string_view id);

    struct Asked {
        std::string id;    ///< unguessable; the page carries it
        std::string code;  ///< for the person's eyes, on the terminal
    };
    Result<Asked> ask(AccessRequest request);
    struct Allowed {
        AccessRequest request;
        std::string code;
    };
    enum class Wrong { code, gone };
    /// What was typed on the page. `gone` for a request that is unknown, too old, answered, or was guessed at too
    /// often.
    std::expected<Allowed, Wrong> allow(std::string_view id, std::string_view typed);
    std::optional<AccessRequest> deny(std::string_view id);
    /// What still waits for the person's word.
    std::optional<AccessRequest> asked(std::string_view id);

    OAuthResult<Tokens> redeem(std::string_view code, std::string_view client, std::string_view redirect_uri,
                               std::string_view verifier, std::string_view resource);
    /// `scopes` empty: as before; never more.
    OAuthResult<Tokens> refresh(std::string_view token, std::string_view client, const Scopes& scopes,
                                std::string_view resource);
    /// Ends what either kind of token came from; of one that is not this client's nothing happens.
    void revoke(std::string_view token, std::string_view client);
    std::optional<Bearer> admit(std::string_view access);

private:
    using Hash = std::string;
    using Time = std::chrono::nanoseconds;
    struct Asking {
        AccessRequest request;
        std::string code;
        Time ends{};
        unsigned tries = 0;
    };
    /// All that came of one word of the person.
    struct Grant {
        AccessRequest request;
        Hash code;
        Time code_ends{};
        bool redeemed = false;
        Hash access;
        Time access_ends{};
        Scopes access_scopes;
        Hash refresh;
        std::set<Hash> spent;  ///< refresh tokens that were exchanged
        Time refresh_ends{};
        Time used{};
    };
    OAuthResult<Tokens> issue(Grant& grant, const Scopes& scopes);
    void drop_old();
    template <class Match>
    std::map<std::uint64_t, Grant>::iterator find(Match match);

    const Clock& clock_;
    std::string token_;
    std::mutex mutex_;
    // Under mutex_ what follows.
    struct KnownClient {
        Client client;
        Time used{};
    };
    std::map<std::string, KnownClient, std::less<>> clients_;
    std::map<std::string, Asking, std::less<>> asking_;
    std::map<std::uint64_t, Grant> grants_;
    std::uint64_t next_ = 1;
};

}  // namespace ec::apps::mcp
