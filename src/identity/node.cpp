#include <fmt/format.h>

#include <algorithm>
#include <ec/core/secret.hpp>
#include <ec/core/token.hpp>
#include <ec/crypto/base64.hpp>
#include <ec/crypto/sha256.hpp>
#include <ec/identity/node.hpp>

namespace ec::identity {

// RFC 7638, section 3, with the members that RFC 8037, section 2, requires, in order and without a space.
NodeId NodeId::of(const crypto::PublicKey& key) {
    NodeId id;
    id.text_ = crypto::base64url(
        crypto::sha256(fmt::format(R"({{"crv":"Ed25519","kty":"OKP","x":"{}"}})", crypto::base64url(key.bytes())))
            .bytes());
    return id;
}

Result<NodeId> NodeId::parse(std::string_view text) {
    const auto hash = crypto::from_base64url(text);
    if (!hash || hash->size() != crypto::Sha256Digest::kBytes)
        return fail(ErrorCode::invalid_argument, "a node's id is the 43 characters of its key's thumbprint");
    NodeId id;
    id.text_ = text;
    return id;
}

// What keep_token() makes is 256 random bits in the digits of a seed.
Result<crypto::SecretKey> keep_node_key(const std::filesystem::path& file) {
    // An id that begins with a dash would be an option on a command line.
    const auto fits = [](std::string_view seed) {
        const auto key = crypto::SecretKey::parse(seed);
        return key && !NodeId::of(key->public_key()).text().starts_with('-');
    };
    EC_ASSIGN(std::string text, keep_token(file, fits));
    const Secret seed(std::move(text));
    auto key = crypto::SecretKey::parse(seed.reveal());
    if (!key)
        return fail(ErrorCode::corrupt, fmt::format("{} holds no node's key", file.string()),
                    "put the right file back; without it this machine must join again, with a new key");
    return key;
}

}  // namespace ec::identity
