#include <algorithm>
#include <bit>
#include <ec/crypto/merkle.hpp>

namespace ec::crypto {
namespace {

Sha256Digest hash_of(char prefix, std::string_view first, std::string_view second = {}) {
    Sha256 hash;
    hash.update({&prefix, 1});
    hash.update(first);
    hash.update(second);
    return hash.finish();
}

/// The largest power of two below `count`, which is at least 2: where RFC 6962 splits a tree.
std::uint64_t left_part(std::uint64_t count) { return std::bit_floor(count - 1); }

Result<Sha256Digest> complete(std::uint64_t start, std::uint64_t count, const NodeSource& nodes) {
    const auto level = static_cast<unsigned>(std::countr_zero(count));
    return nodes(level, start >> level);
}

/// The root over `count` leaves from `start`, which is where a left part of the whole tree ends.
Result<Sha256Digest> root_of(std::uint64_t start, std::uint64_t count, const NodeSource& nodes) {
    if (std::has_single_bit(count)) return complete(start, count, nodes);
    const std::uint64_t left = left_part(count);
    EC_ASSIGN(const Sha256Digest left_root, complete(start, left, nodes));
    EC_ASSIGN(const Sha256Digest right_root, root_of(start + left, count - left, nodes));
    return node_hash(left_root, right_root);
}

Status refuse(const char* why) { return fail(ErrorCode::denied, why); }

/// Where a verification stands: the node it has reached and the last of the same level, counted from the left.
struct Place {
    std::uint64_t node;
    std::uint64_t last;

    void up() {
        node >>= 1U;
        last >>= 1U;
    }
    /// The next hash of the proof stands to the left.
    [[nodiscard]] bool has_left() const { return (node & 1U) != 0 || node == last; }
    /// Past the levels where this node is a left one without a sibling.
    void up_to_sibling() {
        while (node != 0 && (node & 1U) == 0) up();
    }
};

}  // namespace

Sha256Digest leaf_hash(std::string_view data) { return hash_of('\0', data); }

Sha256Digest node_hash(const Sha256Digest& left, const Sha256Digest& right) {
    return hash_of('\1', left.bytes(), right.bytes());
}

Result<Sha256Digest> tree_root(std::uint64_t size, const NodeSource& nodes) {
    if (size == 0) return sha256("");
    return root_of(0, size, nodes);
}

// RFC 6962, section 2.1.1, from the root down; the proof is written from the leaf up.
Result<Proof> inclusion_proof(std::uint64_t index, std::uint64_t size, const NodeSource& nodes) {
    if (index >= size) return fail(ErrorCode::invalid_argument, "the tree has no such leaf");
    Proof proof;
    std::uint64_t start = 0;
    for (std::uint64_t count = size; count > 1;) {
        const std::uint64_t left = left_part(count);
        if (index - start < left) {
            EC_ASSIGN(proof.emplace_back(), root_of(start + left, count - left, nodes));
            count = left;
        } else {
            EC_ASSIGN(proof.emplace_back(), root_of(start, left, nodes));
            start += left;
            count -= left;
        }
    }
    std::ranges::reverse(proof);
    return proof;
}

// RFC 6962, section 2.1.2, likewise.
Result<Proof> consistency_proof(std::uint64_t before, std::uint64_t size, const NodeSource& nodes) {
    if (before > size) return fail(ErrorCode::invalid_argument, "the tree was never that large");
    Proof proof;
    if (before == 0) return proof;
    std::uint64_t start = 0;
    std::uint64_t count = size;
    while (before - start != count) {
        const std::uint64_t left = left_part(count);
        if (before - start <= left) {
            EC_ASSIGN(proof.emplace_back(), root_of(start + left, count - left, nodes));
            count = left;
        } else {
            EC_ASSIGN(proof.emplace_back(), root_of(start, left, nodes));
            start += left;
            count -= left;
        }
    }
    // From the first leaf on it is the older tree itself, whose root the verifier has.
    if (start != 0) {
        EC_ASSIGN(proof.emplace_back(), root_of(start, count, nodes));
    }
    std::ranges::reverse(proof);
    return proof;
}

Status check_inclusion(std::uint64_t index, std::uint64_t size, const Sha256Digest& leaf, const Sha256Digest& root,
                       std::span<const Sha256Digest> proof) {
    if (index >= size) return refuse("the tree has no such leaf");
    Place place{index, size - 1};
    Sha256Digest reached = leaf;
    for (const Sha256Digest& sibling : proof) {
        if (place.last == 0) return refuse("the proof is too long");
        if (place.has_left()) {
            reached = node_hash(sibling, reached);
            place.up_to_sibling();
        } else {
            reached = node_hash(reached, sibling);
        }
        place.up();
    }
    if (place.last != 0 || reached != root) return refuse("the proof does not show that the leaf is in the tree");
    return {};
}

Status check_consistency(std::uint64_t before, std::uint64_t size, const Sha256Digest& root_before,
                         const Sha256Digest& root, std::span<const Sha256Digest> proof) {
    if (before == 0 || before > size) return refuse("nothing can be shown of trees of these sizes");
    if (before == size) {
        if (!proof.empty() || root_before != root) return refuse("two trees of one size are not the same");
        return {};
    }
    // A complete older tree is a node of the newer one, and the proof leaves it out.
    const bool complete = std::has_single_bit(before);
    if (!complete && proof.empty()) return refuse("the proof is too short");
    Place place{before - 1, size - 1};
    while ((place.node & 1U) != 0) place.up();
    Sha256Digest older = complete ? root_before : proof.front();
    Sha256Digest newer = older;
    for (const Sha256Digest& sibling : proof.subspan(complete ? 0 : 1)) {
        if (place.last == 0) return refuse("the proof is too long");
        if (place.has_left()) {
            older = node_hash(sibling, older);
            newer = node_hash(sibling, newer);
            place.up_to_sibling();
        } else {
            newer = node_hash(newer, sibling);
        }
        place.up();
    }
    if (place.last != 0 || older != root_before || newer != root)
        return refuse("the proof does not show that the one tree grew out of the other");
    return {};
}

}  // namespace ec::crypto
