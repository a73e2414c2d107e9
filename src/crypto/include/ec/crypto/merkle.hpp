// The Merkle tree of RFC 6962, section 2.1: hashes, roots, and proofs of inclusion and of consistency, with the
// verification of RFC 9162, sections 2.1.3.2 and 2.1.4.2. Pure functions.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/crypto/sha256.hpp>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace ec::crypto {

using Proof = std::vector<Sha256Digest>;

/// SHA-256(0x00 || data)
Sha256Digest leaf_hash(std::string_view data);
/// SHA-256(0x01 || left || right)
Sha256Digest node_hash(const Sha256Digest& left, const Sha256Digest& right);

/// The hash of the complete subtree of 2^level leaves that is the `index`-th of its level; the caller keeps them.
using NodeSource = std::function<Result<Sha256Digest>(unsigned level, std::uint64_t index)>;

/// SHA-256("") for an empty tree.
Result<Sha256Digest> tree_root(std::uint64_t size, const NodeSource& nodes);
/// `invalid_argument` unless index < size.
Result<Proof> inclusion_proof(std::uint64_t index, std::uint64_t size, const NodeSource& nodes);
/// `invalid_argument` unless before <= size. Empty from an empty tree, which check_consistency() takes for no proof:
/// the root of an empty tree says nothing.
Result<Proof> consistency_proof(std::uint64_t before, std::uint64_t size, const NodeSource& nodes);

/// `denied` when the proof does not show it.
Status check_inclusion(std::uint64_t index, std::uint64_t size, const Sha256Digest& leaf, const Sha256Digest& root,
                       std::span<const Sha256Digest> proof);
Status check_consistency(std::uint64_t before, std::uint64_t size, const Sha256Digest& root_before,
                         const Sha256Digest& root, std::span<const Sha256Digest> proof);

}  // namespace ec::crypto
