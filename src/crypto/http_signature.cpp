#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ec/crypto/base64.hpp>
#include <ec/crypto/http_signature.hpp>
#include <ec/crypto/sha256.hpp>

#include "signature_base.hpp"

namespace ec::crypto {
namespace {

// One label, one order of components and parameters: what is written otherwise is not of the profile.
constexpr std::string_view kLabel = "sig1=";
constexpr std::string_view kComponents = R"(("@method" "@authority" "@path" "@query" "content-digest"))";
constexpr std::string_view kEnd = R"(;alg="ed25519";tag="edgecoder")";
constexpr std::size_t kMostDigits = 11;  ///< of a time: enough until the year 5138
constexpr std::size_t kSignatureText = 88;

bool is_base64url(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
}

bool is_name(std::string_view text, std::size_t least) {
    return text.size() >= least && text.size() <= 64 && std::ranges::all_of(text, is_base64url);
}

/// Takes `what` from the front of `text`; false when it does not stand there.
bool skip(std::string_view& text, std::string_view what) {
    if (!text.starts_with(what)) return false;
    text.remove_prefix(what.size());
    return true;
}

/// What stands in front of the next `end`, which is taken too; empty when there is none.
std::string_view take_until(std::string_view& text, char end) {
    const std::size_t at = text.find(end);
    if (at == std::string_view::npos) return {};
    const std::string_view taken = text.substr(0, at);
    text.remove_prefix(at + 1);
    return taken;
}

Result<std::int64_t> read_time(std::string_view digits) {
    std::int64_t time = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), time);
    if (digits.size() > kMostDigits || digits.starts_with('0') || error != std::errc{} ||
        end != digits.data() + digits.size() || time <= 0)
        return fail(ErrorCode::corrupt, "the time of a signature is a number of seconds");
    return time;
}

/// The base's lines end where values end: one with a line break in it could stand for several.
bool one_line(std::string_view text) {
    return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string base_of(const SignedParts& parts, std::string_view digest, std::string_view params) {
    const std::array<Covered, 5> covered{{{"@method", parts.method},
                                          {"@authority", parts.authority},
                                          {"@path", parts.path},
                                          {"@query", parts.query},
                                          {"content-digest", digest}}};
    return signature_base(covered, params);
}

Result<Signature> read_signature(std::string_view text) {
    if (!skip(text, kLabel) || text.size() != kSignatureText + 2 || text.front() != ':' || text.back() != ':')
        return fail(ErrorCode::corrupt, "Signature is none of this profile");
    EC_ASSIGN(const std::string bytes, from_base64(text.substr(1, kSignatureText)));
    return Signature::from_bytes(bytes);
}

}  // namespace

std::string signature_base(std::span<const Covered> covered, std::string_view params) {
    std::string base;
    std::size_t size = params.size() + 32;
    for (const Covered& line : covered) size += line.name.size() + line.value.size() + 5;
    base.reserve(size);
    for (const Covered& line : covered) {
        base += '"';
        base += line.name;
        base += "\": ";
        base += line.value;
        base += '\n';
    }
    base += "\"@signature-params\": ";
    base += params;
    return base;
}

std::string content_digest(std::string_view body) {
    std::string field = "sha-256=:";
    field += base64(sha256(body).bytes());
    field += ':';
    return field;
}

SignatureHeaders sign_request(const SecretKey& key, const SignedParts& parts, std::string_view body,
                              const SignatureClaim& claim) {
    SignatureHeaders headers;
    headers.content_digest = content_digest(body);
    headers.signature_input = fmt::format(R"({}{};created={};nonce="{}";keyid="{}"{})", kLabel, kComponents,
                                          claim.created_s, claim.nonce, claim.key_id, kEnd);
    const std::string_view params = std::string_view(headers.signature_input).substr(kLabel.size());
    const Signature signature = key.sign(base_of(parts, headers.content_digest, params));
    headers.signature = fmt::format("{}:{}:", kLabel, base64(signature.bytes()));
    return headers;
}

Result<SignatureClaim> read_claim(const SignatureHeaders& headers) {
    const auto refusal = [] { return fail(ErrorCode::corrupt, "Signature-Input is none of this profile"); };
    std::string_view text = headers.signature_input;
    if (!skip(text, kLabel) || !skip(text, kComponents) || !skip(text, ";created=")) return refusal();
    EC_ASSIGN(const std::int64_t created_s, read_time(take_until(text, ';')));
    if (!skip(text, "nonce=\"")) return refusal();
    const std::string_view nonce = take_until(text, '"');
    if (!is_name(nonce, 16) || !skip(text, ";keyid=\"")) return refusal();
    const std::string_view key_id = take_until(text, '"');
    if (!is_name(key_id, 1) || text != kEnd) return refusal();
    return SignatureClaim{created_s, std::string(nonce), std::string(key_id)};
}

Status check_signature(const PublicKey& key, const SignedParts& parts, std::string_view body,
                       const SignatureHeaders& headers) {
    const auto refusal = [] { return fail(ErrorCode::denied, "this request was not signed so by this key"); };
    if (!read_claim(headers)) return refusal();
    if (!one_line(parts.method) || !one_line(parts.authority) || !one_line(parts.path) || !one_line(parts.query))
        return refusal();
    const Result<Signature> signature = read_signature(headers.signature);
    if (!signature || headers.content_digest != content_digest(body)) return refusal();
    const std::string_view params = std::string_view(headers.signature_input).substr(kLabel.size());
    if (!key.verifies(*signature, base_of(parts, headers.content_digest, params))) return refusal();
    return {};
}

}  // namespace ec::crypto
