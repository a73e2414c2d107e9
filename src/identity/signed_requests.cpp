#include <fmt/format.h>

#include <algorithm>
#include <ec/crypto/base64.hpp>
#include <ec/crypto/random.hpp>
#include <ec/identity/refusals.hpp>
#include <ec/identity/signed_requests.hpp>

#include "nonce_memory.hpp"

namespace ec::identity {
namespace {

constexpr std::size_t kNonceBytes = 16;
constexpr std::string_view kDigest = "content-digest";
constexpr std::string_view kInput = "signature-input";
constexpr std::string_view kSignature = "signature";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower_case(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), lower);
    return out;
}

bool is_signed_header(std::string_view name) {
    const std::string low = lower_case(name);
    return low == kDigest || low == kInput || low == kSignature;
}

/// "host:port" as the client sends it in Host.
std::string authority_of(const net::Url& url) {
    const std::string text = url.text();
    const std::size_t start = url.scheme.size() + 3;
    return text.substr(start, text.size() - start - url.target.size());
}

Error not_trusted() {
    return {ErrorCode::denied, std::string(kUnknownNode), "join first, or sign it with the key that joined"};
}

/// The one header of this name.
Result<std::string> only(const net::ServerRequest& request, std::string_view name) {
    const std::string* found = nullptr;
    for (const auto& [key, value] : request.headers) {
        if (key != name) continue;
        if (found != nullptr) return fail(not_trusted());
        found = &value;
    }
    if (found == nullptr) return fail(not_trusted());
    return *found;
}

Result<crypto::SignatureHeaders> signature_of(const net::ServerRequest& request) {
    crypto::SignatureHeaders headers;
    EC_ASSIGN(headers.content_digest, only(request, kDigest));
    EC_ASSIGN(headers.signature_input, only(request, kInput));
    EC_ASSIGN(headers.signature, only(request, kSignature));
    return headers;
}

Result<crypto::SignedParts> parts_of(const net::ServerRequest& request) {
    EC_ASSIGN(const std::string host, only(request, "host"));
    return crypto::SignedParts{request.method, lower_case(host), request.path, "?" + request.query};
}

/// Who says that they sent it, and when; shown by nothing yet.
struct Claimed {
    crypto::SignatureHeaders headers;
    crypto::SignatureClaim claim;
    NodeId id;
};

Result<Claimed> claimed_by(const net::ServerRequest& request) {
    Claimed claimed;
    EC_ASSIGN(claimed.headers, signature_of(request));
    auto claim = crypto::read_claim(claimed.headers);
    if (!claim) return fail(not_trusted());
    claimed.claim = *std::move(claim);
    auto id = NodeId::parse(claimed.claim.key_id);
    if (!id) return fail(not_trusted());
    claimed.id = *std::move(id);
    return claimed;
}

Status check_key(const crypto::PublicKey& key, const Claimed& claimed, const net::ServerRequest& request) {
    EC_ASSIGN(const crypto::SignedParts parts, parts_of(request));
    if (!crypto::check_signature(key, parts, request.body, claimed.headers)) return fail(not_trusted());
    return {};
}

Status check_state(const Node& node) {
    switch (node.state) {
        case NodeState::approved:
            return {};
        case NodeState::pending:
            return fail(ErrorCode::denied, std::string(kPendingNode),
                        fmt::format("on the coordinator: edgecoder node approve {}", node.id.text()));
        case NodeState::suspended:
            return fail(ErrorCode::denied, "this node is suspended", "ask the coordinator's operator");
        case NodeState::revoked:
            return fail(ErrorCode::denied, "this node's key was revoked", "join with a new key");
    }
    return fail(not_trusted());
}

}  // namespace

RequestSigner::RequestSigner(crypto::SecretKey key, std::function<std::int64_t()> now_s)
    : key_(std::move(key)), id_(NodeId::of(key_.public_key())), now_s_(std::move(now_s)) {}

Status RequestSigner::sign(net::HttpRequest& request) const {
    EC_ASSIGN(const net::Url url, net::Url::parse(request.url));
    const std::string_view target = url.target;
    const std::size_t mark = std::min(target.find('?'), target.size());
    const crypto::SignedParts parts{.method = request.method,
                                    .authority = authority_of(url),
                                    .path = std::string(target.substr(0, mark)),
                                    .query = mark == target.size() ? "?" : std::string(target.substr(mark))};
    crypto::SignatureHeaders headers = crypto::sign_request(
        key_, parts, request.body,
        {.created_s = now_s_(), .nonce = crypto::base64url(crypto::random_bytes(kNonceBytes)), .key_id = id_.text()});
    // One that is sent again is signed again.
    std::erase_if(request.headers, [](const auto& header) { return is_signed_header(header.first); });
    request.headers.emplace_back("Content-Digest", std::move(headers.content_digest));
    request.headers.emplace_back("Signature-Input", std::move(headers.signature_input));
    request.headers.emplace_back("Signature", std::move(headers.signature));
    return {};
}

struct RequestVerifier::State {
    VerifierRules rules;
    std::function<Result<Node>(const NodeId&)> find;
    std::function<std::int64_t()> now_s;
    NonceMemory nonces;

    Status check_time(std::int64_t created_s, std::int64_t now) const {
        const std::int64_t ahead = created_s - now;
        const std::int64_t off = ahead < 0 ? -ahead : ahead;
        if (off <= rules.skew.count()) return {};
        return fail(
            ErrorCode::conflict,
            fmt::format("the clock that this request was signed by is {} s {} the coordinator's, and {} s are allowed",
                        off, ahead < 0 ? "behind" : "ahead of", rules.skew.count()),
            "set that machine's clock (on Linux: timedatectl set-ntp true), or sign with the coordinator's time");
    }

    /// The node that the claim names, when its time is near: no cryptography is done for anybody else.
    Result<Node> node_of(const Claimed& claimed, std::int64_t now) const {
        EC_TRY(check_time(claimed.claim.created_s, now));
        auto node = find(claimed.id);
        if (!node && node.error().code == ErrorCode::not_found) return fail(not_trusted());
        return node;
    }
};

RequestVerifier::RequestVerifier(VerifierRules rules, std::function<Result<Node>(const NodeId&)> find,
                                 std::function<std::int64_t()> now_s)
    : state_(new State{rules, std::move(find), std::move(now_s), {rules.skew.count(), rules.nonces}}) {}

RequestVerifier::~RequestVerifier() = default;

Status RequestVerifier::admit(const net::ServerRequest& head) const {
    EC_ASSIGN(const Claimed claimed, claimed_by(head));
    EC_ASSIGN(const Node node, state_->node_of(claimed, state_->now_s()));
    return check_state(node);
}

Result<Node> RequestVerifier::verify(const net::ServerRequest& request) {
    const std::int64_t now = state_->now_s();
    EC_ASSIGN(const Claimed claimed, claimed_by(request));
    EC_ASSIGN(Node node, state_->node_of(claimed, now));
    EC_TRY(check_key(node.key, claimed, request));
    EC_TRY(check_state(node));
    switch (state_->nonces.remember(claimed.id.text(), claimed.claim.nonce, claimed.claim.created_s, now)) {
        case NonceMemory::Seen::first:
            return node;
        case NonceMemory::Seen::again:
            return fail(ErrorCode::conflict, "this request was sent before", "sign it again");
        case NonceMemory::Seen::full:
            break;
    }
    return fail({ErrorCode::unavailable, "more requests come than can be remembered", "ask again in a minute", {}, 60});
}

Status RequestVerifier::verify_joining(const crypto::PublicKey& key, const net::ServerRequest& request) const {
    EC_ASSIGN(const Claimed claimed, claimed_by(request));
    EC_TRY(state_->check_time(claimed.claim.created_s, state_->now_s()));
    if (claimed.id != NodeId::of(key)) return fail(not_trusted());
    return check_key(key, claimed, request);
}

}  // namespace ec::identity
