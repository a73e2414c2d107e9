// The headers of a signed request, one a line: Content-Digest, Signature-Input, Signature, then the body. Whatever
// comes, a claim that is read keeps its bounds, and only the request that the key's owner signed holds.
#include <ec/crypto/http_signature.hpp>
#include <string>

#include "fuzzing.hpp"

namespace {

using namespace ec::crypto;
using ec::fuzzing::require;

std::string take_line(std::string_view& text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

bool is_base64url(std::string_view text) {
    return text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == text.npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 16384) return 0;
    std::string_view text(reinterpret_cast<const char*>(data), size);
    SignatureHeaders headers;
    headers.content_digest = take_line(text);
    headers.signature_input = take_line(text);
    headers.signature = take_line(text);
    static const SecretKey key =
        SecretKey::parse("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").value();
    const SignedParts parts{"POST", "127.0.0.1:4301", "/v1/claim", "?"};
    const auto claim = read_claim(headers);
    const bool holds = check_signature(key.public_key(), parts, text, headers).has_value();
    if (!claim) {
        require(claim.error().code == ec::ErrorCode::corrupt && !holds);
        return 0;
    }
    require(claim->created_s > 0 && claim->created_s < 100'000'000'000);
    require(claim->nonce.size() >= 16 && claim->nonce.size() <= 64 && is_base64url(claim->nonce));
    require(!claim->key_id.empty() && claim->key_id.size() <= 64 && is_base64url(claim->key_id));
    // Ed25519 is deterministic and the profile has one form: what holds is what the owner would have sent.
    const SignatureHeaders own = sign_request(key, parts, text, *claim);
    require(own.signature_input == headers.signature_input);
    require(holds == (own.signature == headers.signature && own.content_digest == headers.content_digest));
    return 0;
}
