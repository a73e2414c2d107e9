// Checkpoints (C2SP tlog-checkpoint) as signed notes (C2SP signed-note) with Ed25519. Pure functions.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/crypto/sha256.hpp>
#include <ec/crypto/signing.hpp>
#include <string>
#include <string_view>

namespace ec::ledger {

/// `invalid_argument` unless it can be a log's origin and the name of its key: no spaces, control characters or '+'.
Status check_origin(std::string_view origin);

/// The checkpoint's text with one signature.
std::string sign_checkpoint(std::string_view origin, std::uint64_t size, const crypto::Sha256Digest& root,
                            const crypto::SecretKey& key);

/// Whether one of a signed note's signatures is this key's.
bool signed_by(std::string_view note, const crypto::PublicKey& key);

/// "origin+hash+key", as note verifiers read it.
std::string verifier_key(std::string_view origin, const crypto::PublicKey& key);

}  // namespace ec::ledger
