#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/crypto/base64.hpp>
#include <ec/crypto/merkle.hpp>
#include <filesystem>
#include <string>

namespace ec::crypto {
namespace {

/// The definition of RFC 6962, section 2.1, word for word.
Sha256Digest defined_root(std::span<const std::string> leaves) {
    if (leaves.empty()) return sha256("");
    if (leaves.size() == 1) return sha256(std::string(1, '\0') + leaves[0]);
    const std::size_t left = std::bit_floor(leaves.size() - 1);
    const Sha256Digest first = defined_root(leaves.first(left));
    const Sha256Digest second = defined_root(leaves.subspan(left));
    return sha256(std::string(1, '\1') + std::string(first.bytes()) + std::string(second.bytes()));
}

struct Tree {
    std::vector<std::string> leaves;

    explicit Tree(std::size_t size) {
        for (std::size_t i = 0; i < size; ++i) leaves.push_back("leaf " + std::to_string(i));
    }
    [[nodiscard]] Sha256Digest root(std::size_t size) const { return defined_root(std::span(leaves).first(size)); }
    /// Knows complete subtrees only, as a store of tiles does.
    [[nodiscard]] NodeSource nodes() const {
        return [this](unsigned level, std::uint64_t index) -> Result<Sha256Digest> {
            const std::uint64_t width = std::uint64_t{1} << level;
            if ((index + 1) * width > leaves.size()) return fail(ErrorCode::not_found, "no such node");
            return defined_root(std::span(leaves).subspan(index * width, width));
        };
    }
};

constexpr std::size_t kMost = 40;

/// Every way to change a proof by one hash: one flipped bit, one dropped, one more, two swapped.
std::vector<Proof> changed(const Proof& proof) {
    std::vector<Proof> all;
    for (std::size_t i = 0; i < proof.size(); ++i) {
        std::string bytes(proof[i].bytes());
        bytes[i % bytes.size()] = static_cast<char>(bytes[i % bytes.size()] ^ 4);
        all.push_back(proof);
        all.back()[i] = Sha256Digest::from_bytes(bytes).value();
        all.push_back(proof);
        all.back().erase(all.back().begin() + static_cast<std::ptrdiff_t>(i));
        all.push_back(proof);
        all.back().insert(all.back().begin() + static_cast<std::ptrdiff_t>(i), proof[i]);
        if (i > 0) {
            all.push_back(proof);
            std::swap(all.back()[i], all.back()[i - 1]);
        }
    }
    all.push_back(proof);
    all.back().push_back(sha256("one more"));
    return all;
}

TEST(Merkle, RootsAreThoseOfTheDefinition) {
    const Tree tree(kMost);
    EXPECT_EQ(leaf_hash("x"), sha256(std::string("\0x", 2)));
    for (std::size_t size = 0; size <= kMost; ++size) EXPECT_EQ(tree_root(size, tree.nodes()), tree.root(size)) << size;
}

TEST(Merkle, EveryInclusionProofHoldsAndNoChangedOneDoes) {
    const Tree tree(kMost);
    for (std::size_t size = 1; size <= kMost; ++size) {
        const Sha256Digest root = tree.root(size);
        for (std::size_t index = 0; index < size; ++index) {
            const Sha256Digest leaf = leaf_hash(tree.leaves[index]);
            const auto proof = inclusion_proof(index, size, tree.nodes());
            ASSERT_TRUE(proof);
            ASSERT_TRUE(check_inclusion(index, size, leaf, root, *proof)) << index << " of " << size;
            for (const Proof& other : changed(*proof))
                ASSERT_FALSE(check_inclusion(index, size, leaf, root, other)) << index << " of " << size;
            ASSERT_FALSE(check_inclusion(index, size, leaf_hash("other"), root, *proof));
            ASSERT_FALSE(check_inclusion(index, size, leaf, sha256("other"), *proof));
            for (std::size_t other = 0; other <= size; ++other)
                ASSERT_EQ(check_inclusion(other, size, leaf, root, *proof).has_value(), other == index);
        }
    }
}

TEST(Merkle, EveryConsistencyProofHoldsAndNoChangedOneDoes) {
    const Tree tree(kMost);
    for (std::size_t size = 1; size <= kMost; ++size) {
        for (std::size_t before = 1; before <= size; ++before) {
            const auto proof = consistency_proof(before, size, tree.nodes());
            ASSERT_TRUE(proof);
            const auto holds = [&](const Sha256Digest& older, const Sha256Digest& newer, const Proof& shown) {
                return check_consistency(before, size, older, newer, shown).has_value();
            };
            ASSERT_TRUE(holds(tree.root(before), tree.root(size), *proof)) << before << " to " << size;
            for (const Proof& other : changed(*proof))
                ASSERT_FALSE(holds(tree.root(before), tree.root(size), other)) << before << " to " << size;
            ASSERT_FALSE(holds(sha256("other"), tree.root(size), *proof));
            ASSERT_FALSE(holds(tree.root(before), sha256("other"), *proof));
        }
    }
}

TEST(Merkle, RefusesPlacesOutsideTheTree) {
    const Tree tree(8);
    EXPECT_EQ(inclusion_proof(8, 8, tree.nodes()).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(inclusion_proof(0, 0, tree.nodes()).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(consistency_proof(9, 8, tree.nodes()).error().code, ErrorCode::invalid_argument);
    EXPECT_TRUE(consistency_proof(0, 8, tree.nodes())->empty());
    EXPECT_TRUE(consistency_proof(8, 8, tree.nodes())->empty());
    EXPECT_EQ(check_inclusion(0, 0, sha256(""), sha256(""), {}).error().code, ErrorCode::denied);
    EXPECT_EQ(check_consistency(0, 8, sha256(""), tree.root(8), {}).error().code, ErrorCode::denied);
    EXPECT_EQ(check_consistency(9, 8, tree.root(8), tree.root(8), {}).error().code, ErrorCode::denied);
    // Sizes nobody has, which a hostile proof may name.
    EXPECT_FALSE(check_inclusion(~0ULL - 1, ~0ULL, sha256(""), sha256(""), Proof(64)));
    EXPECT_FALSE(check_consistency(~0ULL - 1, ~0ULL, sha256(""), sha256(""), Proof(200)));
}

TEST(Merkle, TellsWhenANodeIsMissing) {
    const Tree tree(8);
    EXPECT_EQ(tree_root(9, tree.nodes()).error().code, ErrorCode::not_found);
    EXPECT_EQ(inclusion_proof(0, 9, tree.nodes()).error().code, ErrorCode::not_found);
    EXPECT_EQ(consistency_proof(8, 9, tree.nodes()).error().code, ErrorCode::not_found);
}

/// One of the published vectors: a flat object of numbers, texts and one list of texts.
class Vector {
public:
    explicit Vector(std::string text) : text_(std::move(text)) {}
    [[nodiscard]] std::uint64_t number(std::string_view key) const {
        return std::strtoull(text_.c_str() + behind(key), nullptr, 10);
    }
    [[nodiscard]] bool flag(std::string_view key) const { return text_.compare(behind(key), 4, "true") == 0; }
    /// A digest, filled up or cut to its size: some vectors have placeholders where the value does not matter. An empty
    /// text, which could not become a digest, is given as one that equals no other.
    [[nodiscard]] Sha256Digest digest(std::string_view key) const {
        const std::size_t start = behind(key) + 1;
        if (text_[start] == '"') return sha256(key);
        return digest_of(text_.substr(start, text_.find('"', start) - start));
    }
    [[nodiscard]] Proof proof() const {
        Proof proof;
        const std::size_t start = behind("proof");
        if (text_[start] == 'n') return proof;
        const std::size_t end = text_.find(']', start);
        for (std::size_t at = text_.find('"', start); at < end; at = text_.find('"', at)) {
            const std::size_t close = text_.find('"', at + 1);
            proof.push_back(digest_of(text_.substr(at + 1, close - at - 1)));
            at = close + 1;
        }
        return proof;
    }

private:
    static Sha256Digest digest_of(const std::string& base) {
        std::string bytes = from_base64(base).value();
        bytes.resize(Sha256Digest::kBytes);
        return Sha256Digest::from_bytes(bytes).value();
    }
    [[nodiscard]] std::size_t behind(std::string_view key) const {
        const std::string quoted = '"' + std::string(key) + "\": ";
        const std::size_t at = text_.find(quoted);
        if (at == std::string::npos) throw std::runtime_error("no " + quoted + " in " + text_);
        return at + quoted.size();
    }
    std::string text_;
};

/// The vectors of C2SP and transparency-dev/merkle, which are beside the project.
class MerkleVectors : public testing::Test {
protected:
    void SetUp() override {
        const char* named = std::getenv("EC_SHARED");
        const char* source = std::getenv("EC_SOURCE_DIR");
        const std::filesystem::path shared =
            named != nullptr ? named : std::filesystem::path(source != nullptr ? source : ".") / "../shared";
        folder_ = shared / "vectors/merkle/testdata";
        if (!std::filesystem::is_directory(folder_))
            GTEST_SKIP() << "the Merkle vectors are not here: set EC_SHARED to the folder of shared test data";
    }
    [[nodiscard]] std::vector<std::filesystem::path> files(const std::string& kind) const {
        std::vector<std::filesystem::path> all;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ / kind))
            if (entry.path().extension() == ".json") all.push_back(entry.path());
        return all;
    }

    std::filesystem::path folder_;
};

TEST_F(MerkleVectors, OfInclusionAreDecidedAsPublished) {
    const auto all = files("inclusion");
    EXPECT_EQ(all.size(), 98U);
    for (const auto& file : all) {
        const Vector vector(read_file(file).value());
        const Status status = check_inclusion(vector.number("leafIdx"), vector.number("treeSize"),
                                              vector.digest("leafHash"), vector.digest("root"), vector.proof());
        EXPECT_NE(status.has_value(), vector.flag("wantErr")) << file;
    }
}

TEST_F(MerkleVectors, OfConsistencyAreDecidedAsPublished) {
    const auto all = files("consistency");
    EXPECT_EQ(all.size(), 98U);
    for (const auto& file : all) {
        const Vector vector(read_file(file).value());
        const Status status = check_consistency(vector.number("size1"), vector.number("size2"), vector.digest("root1"),
                                                vector.digest("root2"), vector.proof());
        EXPECT_NE(status.has_value(), vector.flag("wantErr")) << file;
    }
}

}  // namespace
}  // namespace ec::crypto
