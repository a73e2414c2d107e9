// HTTP Message Signatures (RFC 9421) with Ed25519, in the one profile that EdgeCoder speaks, and Content-Digest
// (RFC 9530).
//
// Covered are "@method", "@authority", "@path", "@query" and "content-digest", in this order, with the parameters
// created, nonce, keyid, alg="ed25519" and tag="edgecoder". Anything less, or in another order, is refused: a signature
// that covers less means less. The digest of a body is SHA-256. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/crypto/signing.hpp>
#include <string>
#include <string_view>

namespace ec::crypto {

/// What of a request is signed. Everything as it goes over the wire: `authority` in lower case with the port unless it
/// is the scheme's own, `query` with its '?' and "?" where there is none.
struct SignedParts {
    std::string method;
    std::string authority;
    std::string path;
    std::string query = "?";
};

/// The headers a signed request carries.
struct SignatureHeaders {
    std::string content_digest;   ///< Content-Digest
    std::string signature_input;  ///< Signature-Input
    std::string signature;        ///< Signature
};

/// What a signature says of itself, before it was checked.
struct SignatureClaim {
    std::int64_t created_s = 0;  ///< seconds since the epoch
    std::string nonce;           ///< 16 to 64 characters of base64url
    std::string key_id;
};

/// `sha-256=:…:`
std::string content_digest(std::string_view body);

SignatureHeaders sign_request(const SecretKey& key, const SignedParts& parts, std::string_view body,
                              const SignatureClaim& claim);

/// Reads the headers; `corrupt` for what is not of this profile. Checks nothing yet.
Result<SignatureClaim> read_claim(const SignatureHeaders& headers);

/// Whether the owner of `key` signed exactly these parts and this body with this claim: `denied` otherwise. Time and
/// nonce are the caller's to judge.
Status check_signature(const PublicKey& key, const SignedParts& parts, std::string_view body,
                       const SignatureHeaders& headers);

}  // namespace ec::crypto
