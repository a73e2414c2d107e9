#include "grants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>
#include <ec/core/token.hpp>
#include <ec/crypto/sha256.hpp>

namespace ec::apps::mcp {
namespace {

constexpr std::size_t kMostSpent = 64;  // beyond, an old refresh token is unknown instead of a sign of theft
constexpr std::size_t kShortestVerifier = 43;
constexpr std::size_t kLongestVerifier = 128;

std::string hash_of(std::string_view secret) { return crypto::sha256(secret).hex(); }

OAuthResult<Tokens> refuse(std::string code, std::string why) {
    return std::unexpected(OAuthError{std::move(code), std::move(why)});
}

/// RFC 4648, section 5, without padding.
std::string base64url(std::string_view hex) {
    constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::array<std::uint8_t, crypto::Sha256Digest::kBytes> bytes{};
    static_cast<void>(crypto::from_hex(hex, bytes));
    std::string out;
    unsigned bits = 0;
    unsigned held = 0;
    for (const std::uint8_t byte : bytes) {
        held = (held << 8U) | byte;
        for (bits += 8; bits >= 6;) {
            bits -= 6;
            out += kAlphabet[(held >> bits) & 63U];
        }
        held &= (1U << bits) - 1;
    }
    if (bits > 0) out += kAlphabet[(held << (6 - bits)) & 63U];
    return out;
}

/// RFC 7636, section 4.6.
bool answers(std::string_view verifier, std::string_view challenge) {
    if (verifier.size() < kShortestVerifier || verifier.size() > kLongestVerifier) return false;
    return same_secret(base64url(hash_of(verifier)), challenge);
}

/// Lets the entry that was used longest ago go when there are as many as may be.
template <class Map, class Key>
void make_room(Map& map, std::size_t most, Key key) {
    if (map.size() < most) return;
    map.erase(std::ranges::min_element(map, {}, [&](const auto& entry) { return key(entry.second); }));
}

}  // namespace

std::string scope_text(const Scopes& scopes) {
    return join(std::vector<std::string>(scopes.begin(), scopes.end()), " ");
}

std::optional<Scopes> parse_scopes(std::string_view text) {
    Scopes scopes;
    for (const std::string_view word : split(text, ' ')) {
        const auto good = [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; };
        if (!std::ranges::all_of(word, good)) return std::nullopt;
        if (!word.empty()) scopes.emplace(word);
    }
    return scopes;
}

bool may_redirect_to(std::string_view uri) {
    constexpr std::size_t kLongest = 2000;
    const auto good = [](char c) {
        return c > ' ' && c < 0x7f && std::string_view("\"<>\\^`{|}#").find(c) == std::string_view::npos;
    };
    if (uri.size() > kLongest || !std::ranges::all_of(uri, good)) return false;
    const bool tls = uri.starts_with("https://");
    if (!tls && !uri.starts_with("http://")) return false;
    const std::string_view rest = uri.substr(tls ? 8 : 7);
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
    if (authority.empty() || authority.find('@') != std::string_view::npos) return false;
    const std::size_t bracket = authority.find(']');
    const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
    const std::string_view host = authority.substr(0, colon);
    const std::string_view port = colon == std::string_view::npos ? "" : authority.substr(colon + 1);
    if (host.empty() || port.size() > 5 || !std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; }))
        return false;
    // What a CSP source may be made of; names are written in lower case, so that comparing them is comparing text.
    const auto in_name = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    };
    if (host == "127.0.0.1" || host == "localhost" || host == "[::1]") return true;
    return tls && std::ranges::all_of(host, in_name);
}

Result<Client> Grants::add_client(std::string name, std::vector<std::string> redirect_uris) {
    EC_ASSIGN(const std::string id, random_token());
    Client client{id.substr(0, 32), std::move(name), std::move(redirect_uris)};
    const std::lock_guard lock(mutex_);
    // A stranger who registers many pushes out those that nobody used, not those that a person has let in.
    const auto trusted = [&](const KnownClient& known) {
        return std::ranges::any_of(grants_,
                                   [&](const auto& grant) { return grant.second.request.client == known.client.id; });
    };
    make_room(clients_, kMostClients, [&](const KnownClient& known) { return std::pair(trusted(known), known.used); });
    clients_[client.id] = {client, clock_.now()};
    return client;
}

std::optional<Client> Grants::client(std::string_view id) {
    const std::lock_guard lock(mutex_);
    const auto found = clients_.find(id);
    if (found == clients_.end()) return std::nullopt;
    found->second.used = clock_.now();
    return found->second.client;
}

void Grants::drop_old() {
    const Time now = clock_.now();
    std::erase_if(asking_, [&](const auto& entry) { return entry.second.ends <= now; });
    std::erase_if(grants_, [&](const auto& entry) {
        const Grant& grant = entry.second;
        return grant.redeemed ? grant.refresh_ends <= now && grant.access_ends <= now : grant.code_ends <= now;
    });
}

Result<Grants::Asked> Grants::ask(AccessRequest request) {
    EC_ASSIGN(const std::string id, random_token());
    EC_ASSIGN(const std::string random, random_token());
    const std::string code = random.substr(0, 5) + "-" + random.substr(5, 5);
    const std::lock_guard lock(mutex_);
    drop_old();
    make_room(asking_, kMostAsking, [](const Asking& asking) { return asking.ends; });
    asking_[id] = {std::move(request), code, clock_.now() + kAskLives};
    return Asked{id, code};
}

std::expected<Grants::Allowed, Grants::Wrong> Grants::allow(std::string_view id, std::string_view typed) {
    const auto code = random_token();
    const std::lock_guard lock(mutex_);
    drop_old();
    const auto asking = asking_.find(id);
    if (asking == asking_.end() || !code) return std::unexpected(Wrong::gone);
    if (!same_secret(trim(typed), asking->second.code) && !same_secret(trim(typed), token_)) {
        if (++asking->second.tries < kTries) return std::unexpected(Wrong::code);
        asking_.erase(asking);
        return std::unexpected(Wrong::gone);
    }
    make_room(grants_, kMostGrants, [](const Grant& grant) { return grant.used; });
    Grant& grant = grants_[next_++];
    grant.request = std::move(asking->second.request);
    asking_.erase(asking);
    grant.code = hash_of(*code);
    grant.used = clock_.now();
    grant.code_ends = grant.used + kCodeLives;
    return Allowed{grant.request, *code};
}

std::optional<AccessRequest> Grants::deny(std::string_view id) {
    const std::lock_guard lock(mutex_);
    drop_old();
    const auto asking = asking_.find(id);
    if (asking == asking_.end()) return std::nullopt;
    AccessRequest request = std::move(asking->second.request);
    asking_.erase(asking);
    return request;
}

std::optional<AccessRequest> Grants::asked(std::string_view id) {
    const std::lock_guard lock(mutex_);
    drop_old();
    const auto asking = asking_.find(id);
    return asking == asking_.end() ? std::nullopt : std::optional(asking->second.request);
}

template <class Match>
std::map<std::uint64_t, Grants::Grant>::iterator Grants::find(Match match) {
    return std::ranges::find_if(grants_, [&](const auto& entry) { return match(entry.second); });
}

OAuthResult<Tokens> Grants::issue(Grant& grant, const Scopes& scopes) {
    const auto access = random_token();
    const auto refresh = random_token();
    if (!access || !refresh) return refuse("server_error", "this machine gives no randomness");
    const Time now = clock_.now();
    grant.access = hash_of(*access);
    grant.access_ends = now + kAccessLives;
    grant.access_scopes = scopes;
    grant.refresh = hash_of(*refresh);
    grant.refresh_ends = now + kRefreshLives;
    grant.used = now;
    return Tokens{*access, *refresh, kAccessLives, scopes};
}

OAuthResult<Tokens> Grants::redeem(std::string_view code, std::string_view client, std::string_view redirect_uri,
                                   std::string_view verifier, std::string_view resource) {
    const Hash hash = hash_of(code);
    const std::lock_guard lock(mutex_);
    const auto found = find([&](const Grant& grant) { return grant.code == hash; });
    if (found == grants_.end()) return refuse("invalid_grant", "this code is unknown or too old");
    Grant& grant = found->second;
    // Whoever holds a code that was used, or another client's, has stolen it or been stolen from.
    if (grant.redeemed || grant.request.client != client) {
        grants_.erase(found);
        return refuse("invalid_grant", "this code was used, or is another client's; all that came of it has ended");
    }
    if (grant.code_ends <= clock_.now()) {
        grants_.erase(found);
        return refuse("invalid_grant", "this code is unknown or too old");
    }
    // One try: a code is not there to be guessed around.
    const bool good = grant.request.redirect_uri == redirect_uri && answers(verifier, grant.request.challenge);
    if (!good) {
        grants_.erase(found);
        return refuse("invalid_grant", "redirect_uri or code_verifier are not those of the request");
    }
    if (!resource.empty() && resource != grant.request.resource)
        return refuse("invalid_target", "the code is for another resource");
    grant.redeemed = true;
    return issue(grant, grant.request.scopes);
}

OAuthResult<Tokens> Grants::refresh(std::string_view token, std::string_view client, const Scopes& scopes,
                                    std::string_view resource) {
    const Hash hash = hash_of(token);
    const std::lock_guard lock(mutex_);
    drop_old();
    const auto found = find(
        [&](const Grant& grant) { return grant.redeemed && (grant.refresh == hash || grant.spent.contains(hash)); });
    if (found == grants_.end()) return refuse("invalid_grant", "this refresh token is unknown or too old");
    Grant& grant = found->second;
    if (grant.refresh != hash || grant.request.client != client) {
        grants_.erase(found);
        return refuse("invalid_grant", "this refresh token was used, or is another client's; all of it has ended");
    }
    if (!resource.empty() && resource != grant.request.resource)
        return refuse("invalid_target", "the token is for another resource");
    if (!std::ranges::includes(grant.request.scopes, scopes)) return refuse("invalid_scope", "more than was granted");
    if (grant.spent.size() >= kMostSpent) grant.spent.clear();
    grant.spent.insert(hash);
    return issue(grant, scopes.empty() ? grant.request.scopes : scopes);
}

void Grants::revoke(std::string_view token, std::string_view client) {
    const Hash hash = hash_of(token);
    const std::lock_guard lock(mutex_);
    std::erase_if(grants_, [&](const auto& entry) {
        const Grant& grant = entry.second;
        return grant.request.client == client && grant.redeemed && (grant.access == hash || grant.refresh == hash);
    });
}

std::optional<Bearer> Grants::admit(std::string_view access) {
    const Hash hash = hash_of(access);
    const std::lock_guard lock(mutex_);
    const auto found = find([&](const Grant& grant) { return grant.redeemed && grant.access == hash; });
    if (found == grants_.end() || found->second.access_ends <= clock_.now()) return std::nullopt;
    found->second.used = clock_.now();
    return Bearer{"client:" + found->second.request.client, found->second.access_scopes};
}

}  // namespace ec::apps::mcp
