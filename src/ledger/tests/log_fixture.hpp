// A log in a file of its own, and what a verifier makes of what it shows.
#pragma once

#include <gtest/gtest.h>

#include <charconv>
#include <ec/crypto/base64.hpp>
#include <ec/ledger/books.hpp>
#include <ec/ledger/log.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engines.hpp"

namespace ec::ledger {

inline constexpr std::string_view kOrigin = "coordinator.example/log";
inline constexpr std::string_view kSeed =
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";  // RFC 8032

inline std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at);
        EXPECT_NE(end, std::string_view::npos) << "the last line has no end";
        if (end == std::string_view::npos) break;
        lines.emplace_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

struct Checkpoint {
    std::uint64_t size = 0;
    crypto::Sha256Digest root;
};

/// Reads a checkpoint and checks its one signature; a test failure where anything is off.
inline Checkpoint read_checkpoint(const std::string& note, const crypto::PublicKey& key) {
    Checkpoint checkpoint;
    const std::vector<std::string> lines = lines_of(note);
    EXPECT_EQ(lines.size(), 5U) << note;
    if (lines.size() != 5) return checkpoint;
    EXPECT_EQ(lines[0], kOrigin);
    std::from_chars(lines[1].data(), lines[1].data() + lines[1].size(), checkpoint.size);
    EXPECT_EQ(lines[1], std::to_string(checkpoint.size));
    const auto root = crypto::from_base64(lines[2]);
    EXPECT_TRUE(root);
    checkpoint.root = *crypto::Sha256Digest::from_bytes(*root);
    EXPECT_EQ(lines[3], "");
    const std::string start = "\u2014 " + std::string(kOrigin) + " ";
    EXPECT_TRUE(lines[4].starts_with(start)) << lines[4];
    const auto bytes = crypto::from_base64(std::string_view(lines[4]).substr(start.size()));
    EXPECT_TRUE(bytes);
    const auto signature = crypto::Signature::from_bytes(std::string_view(*bytes).substr(4));
    EXPECT_TRUE(signature && key.verifies(*signature, note.substr(0, note.find("\n\n") + 1))) << note;
    return checkpoint;
}

/// The root by its definition in RFC 6962, section 2.1.
inline crypto::Sha256Digest root_by_definition(std::span<const crypto::Sha256Digest> leaves) {
    if (leaves.empty()) return crypto::sha256("");
    if (leaves.size() == 1) return leaves.front();
    std::size_t left = 1;
    while (left * 2 < leaves.size()) left *= 2;
    return crypto::node_hash(root_by_definition(leaves.first(left)), root_by_definition(leaves.subspan(left)));
}

class LogFixture : public OnEveryEngine {
protected:
    void SetUp() override {
        OnEveryEngine::SetUp();
        if (database_) log_.emplace(*database_, std::string(kOrigin), key());
    }
    static crypto::SecretKey key() { return *crypto::SecretKey::parse(kSeed); }
    static std::string leaf(std::uint64_t index) { return "leaf " + std::to_string(index); }
    static crypto::Sha256Digest root_of(std::uint64_t size) {
        std::vector<crypto::Sha256Digest> leaves;
        for (std::uint64_t i = 0; i < size; ++i) leaves.push_back(crypto::leaf_hash(leaf(i)));
        return root_by_definition(leaves);
    }
    /// Appends until `size` leaves were, and integrates them all.
    void grow_to(std::uint64_t size) {
        auto transaction = sql::Transaction::begin(*database_);
        ASSERT_TRUE(transaction);
        for (; appended_ < size; ++appended_) ASSERT_TRUE(log_->append(leaf(appended_), 1));
        ASSERT_TRUE(transaction->commit());
        for (;;) {
            const auto placed = log_->integrate(1000, 2);
            ASSERT_TRUE(placed) << placed.error().message;
            if (*placed == 0) return;
        }
    }
    Checkpoint checkpoint() {
        const auto note = log_->checkpoint();
        EXPECT_TRUE(note) << note.error().message;
        return read_checkpoint(*note, key().public_key());
    }

    std::optional<Log> log_;
    std::uint64_t appended_ = 0;
};

}  // namespace ec::ledger
