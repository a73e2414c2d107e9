#include "note.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/crypto/base64.hpp>

namespace ec::ledger {
namespace {

constexpr std::size_t kMostOrigin = 200;
constexpr char kEd25519 = '\1';

/// The first four bytes of SHA-256(name || "\n" || type || key).
std::string key_id(std::string_view name, const crypto::PublicKey& key) {
    crypto::Sha256 hash;
    hash.update(name);
    hash.update("\n");
    hash.update({&kEd25519, 1});
    hash.update(key.bytes());
    return std::string(hash.finish().bytes().substr(0, 4));
}

}  // namespace

Status check_origin(std::string_view origin) {
    const bool plain = std::ranges::all_of(origin, [](char c) { return c > ' ' && c < '\x7f' && c != '+'; });
    if (plain && !origin.empty() && origin.size() <= kMostOrigin) return {};
    return fail(ErrorCode::invalid_argument,
                fmt::format("the origin of a log is 1 to {} printable characters without spaces and '+'", kMostOrigin),
                "use the address under which the log is served, without the scheme");
}

std::string sign_checkpoint(std::string_view origin, std::uint64_t size, const crypto::Sha256Digest& root,
                            const crypto::SecretKey& key) {
    const std::string text = fmt::format("{}\n{}\n{}\n", origin, size, crypto::base64(root.bytes()));
    const std::string signature = key_id(origin, key.public_key()) + std::string(key.sign(text).bytes());
    return fmt::format("{}\n\u2014 {} {}\n", text, origin, crypto::base64(signature));
}

bool signed_by(std::string_view note, const crypto::PublicKey& key) {
    constexpr std::string_view kBegin = "\n\u2014 ";
    const std::size_t end = note.find("\n\n");
    if (end == std::string_view::npos) return false;
    const std::string_view text = note.substr(0, end + 1);
    for (std::size_t at = note.find(kBegin, end); at != std::string_view::npos; at = note.find(kBegin, at + 1)) {
        const std::string_view line = note.substr(at + 1, note.find('\n', at + 1) - at - 1);
        const std::size_t space = line.rfind(' ');
        const auto bytes = crypto::from_base64(line.substr(space + 1));
        constexpr std::size_t kIdBytes = 4;
        if (!bytes || bytes->size() != kIdBytes + crypto::Signature::kBytes) continue;
        const auto signature = crypto::Signature::from_bytes(std::string_view(*bytes).substr(kIdBytes));
        if (signature && key.verifies(*signature, text)) return true;
    }
    return false;
}

std::string verifier_key(std::string_view origin, const crypto::PublicKey& key) {
    const std::string id = key_id(origin, key);
    const std::string encoded = std::string(1, kEd25519) + std::string(key.bytes());
    return fmt::format("{}+{}+{}", origin,
                       crypto::to_hex({reinterpret_cast<const std::uint8_t*>(id.data()), id.size()}),
                       crypto::base64(encoded));
}

}  // namespace ec::ledger
