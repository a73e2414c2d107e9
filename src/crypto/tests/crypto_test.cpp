#include <gtest/gtest.h>

#include <ec/crypto/sha256.hpp>
#include <ec/crypto/signing.hpp>

namespace ec::crypto {
namespace {

// FIPS 180-4's examples, and the empty text.
TEST(Sha256, GivesTheDigestsOfTheStandard) {
    EXPECT_EQ(sha256("abc").hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256("").hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").hex(),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(sha256(std::string(1'000'000, 'a')).hex(),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, DoesNotCareHowTheBytesAreCut) {
    const std::string text(1000, 'x');
    Sha256 hash;
    for (std::size_t at = 0; at < text.size(); at += 7) hash.update(std::string_view(text).substr(at, 7));
    EXPECT_EQ(hash.finish(), sha256(text));
    hash.update("abc");
    EXPECT_EQ(hash.finish(), sha256("abc"));
}

// Whole blocks go another way than the bytes before and after them.
TEST(Sha256, IsTheSameByEveryWayThroughIt) {
    std::string text;
    for (int i = 0; i < 400; ++i) text += static_cast<char>(i * 7 + i / 64);
    for (std::size_t size = 0; size <= text.size(); ++size) {
        const std::string_view whole = std::string_view(text).substr(0, size);
        Sha256 byte_by_byte;
        for (const char& c : whole) byte_by_byte.update({&c, 1});
        const Sha256Digest expected = byte_by_byte.finish();
        ASSERT_EQ(sha256(whole), expected) << size;
        for (const std::size_t cut : {std::size_t{1}, std::size_t{63}, std::size_t{64}, std::size_t{65}, size / 2}) {
            Sha256 in_two;
            in_two.update(whole.substr(0, std::min(cut, size)));
            in_two.update(whole.substr(std::min(cut, size)));
            ASSERT_EQ(in_two.finish(), expected) << size << " cut at " << cut;
        }
    }
}

TEST(Sha256, ReadsOnlyWholeDigests) {
    const std::string hex = sha256("abc").hex();
    EXPECT_EQ(Sha256Digest::parse(hex)->hex(), hex);
    EXPECT_FALSE(Sha256Digest::parse(hex.substr(1)));
    EXPECT_FALSE(Sha256Digest::parse(hex + "0"));
    EXPECT_FALSE(Sha256Digest::parse(std::string(64, 'g')));
    EXPECT_FALSE(Sha256Digest::parse(""));
}

// RFC 8032 section 7.1, tests 1 and 2.
TEST(Signing, GivesTheSignaturesOfTheRfc) {
    const auto first = SecretKey::parse("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    ASSERT_TRUE(first);
    EXPECT_EQ(first->public_key().hex(), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    EXPECT_EQ(first->sign("").hex(),
              "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
              "d25bf5f0595bbe24655141438e7a100b");
    const auto second = SecretKey::parse("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    EXPECT_EQ(second->sign("\x72").hex(),
              "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
              "387b2eaeb4302aeeb00d291612bb0c00");
}

TEST(Signing, RefusesAnotherMessageKeyOrSignature) {
    const auto key = SecretKey::generate();
    const auto other = SecretKey::generate();
    ASSERT_TRUE(key && other);
    const Signature signature = key->sign("models");
    EXPECT_TRUE(key->public_key().verifies(signature, "models"));
    EXPECT_FALSE(key->public_key().verifies(signature, "modelS"));
    EXPECT_FALSE(other->public_key().verifies(signature, "models"));
    EXPECT_FALSE(key->public_key().verifies(other->sign("models"), "models"));
    EXPECT_FALSE(PublicKey::parse(std::string(64, '0'))->verifies(signature, "models"));
    EXPECT_EQ(SecretKey::parse(key->seed_hex())->public_key(), key->public_key());
}

}  // namespace
}  // namespace ec::crypto
