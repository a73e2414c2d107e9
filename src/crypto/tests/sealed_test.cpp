#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <ec/crypto/sealed.hpp>

namespace ec::crypto {
namespace {

/// HMAC pads a short key with zeros, so that the RFC's shorter keys are keys of ours.
SealKey key_of(std::string bytes) {
    bytes.resize(SealKey::kBytes);
    return SealKey::from_bytes(bytes).value();
}

// RFC 4231, test cases 1 to 4.
TEST(SealKey, NamesBytesByTheHmacOfTheRfc) {
    EXPECT_EQ(key_of(std::string(20, '\x0b')).name_of("Hi There").hex(),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(key_of("Jefe").name_of("what do ya want for nothing?").hex(),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(key_of(std::string(20, '\xaa')).name_of(std::string(50, '\xdd')).hex(),
              "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    std::string counting;
    for (char c = 1; c <= 25; ++c) counting += c;
    EXPECT_EQ(key_of(counting).name_of(std::string(50, '\xcd')).hex(),
              "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
}

TEST(SealKey, DerivesAnotherKeyForEachPurpose) {
    const SealKey key = SealKey::generate();
    EXPECT_EQ(key.derive("blobs").reveal(), key.derive("blobs").reveal());
    EXPECT_NE(key.derive("blobs").reveal(), key.derive("names").reveal());
    EXPECT_NE(key.derive("blobs").reveal(), key.reveal());
    EXPECT_EQ(key.derive("blobs").reveal(), key.name_of("blobs").bytes());
}

TEST(SealKey, IsExactlyThirtyTwoBytes) {
    EXPECT_FALSE(SealKey::from_bytes(""));
    EXPECT_FALSE(SealKey::from_bytes(std::string(31, 'x')));
    EXPECT_FALSE(SealKey::from_bytes(std::string(33, 'x')));
    EXPECT_EQ(SealKey::from_bytes(std::string(32, 'x'))->reveal(), std::string(32, 'x'));
    EXPECT_NE(SealKey::generate().reveal(), SealKey::generate().reveal());
}

// draft-irtf-cfrg-xchacha-03, appendix A.3.1: nonce, ciphertext, tag, as we lay them out.
TEST(SealKey, OpensTheExampleOfTheDraft) {
    std::string key;
    for (int byte = 0x80; byte < 0xa0; ++byte) key += static_cast<char>(byte);
    std::string nonce;
    for (int byte = 0x40; byte < 0x58; ++byte) nonce += static_cast<char>(byte);
    const std::string context = "\x50\x51\x52\x53\xc0\xc1\xc2\xc3\xc4\xc5\xc6\xc7";
    std::string sealed(130, '\0');
    ASSERT_TRUE(
        from_hex("bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39"
                 "ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
                 "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49",
                 {reinterpret_cast<std::uint8_t*>(sealed.data()), sealed.size()}));
    EXPECT_EQ(SealKey::from_bytes(key)->open(nonce + sealed, context),
              "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen "
              "would be it.");
}

RC_GTEST_PROP(SealKey, OpensWhatItSealedForTheSamePlaceOnly, (const std::string& plain, const std::string& context)) {
    const SealKey key = SealKey::generate();
    const std::string sealed = key.seal(plain, context);
    RC_ASSERT(sealed.size() == plain.size() + SealKey::kOverhead);
    RC_ASSERT(key.open(sealed, context).value() == plain);
    RC_ASSERT(key.seal(plain, context) != sealed);
    RC_ASSERT(!key.open(sealed, context + "x").has_value());
    RC_ASSERT(!SealKey::generate().open(sealed, context).has_value());
}

TEST(SealKey, RefusesWhateverWasChanged) {
    const SealKey key = SealKey::generate();
    const std::string sealed = key.seal("a patch", "result of task 1");
    for (std::size_t at = 0; at < sealed.size(); ++at) {
        for (const char bit : {'\x01', '\x80'}) {
            std::string changed = sealed;
            changed[at] = static_cast<char>(changed[at] ^ bit);
            EXPECT_EQ(key.open(changed, "result of task 1").error().code, ErrorCode::denied) << at;
        }
        EXPECT_FALSE(key.open(sealed.substr(0, at), "result of task 1")) << at;
    }
    EXPECT_FALSE(key.open(sealed + 'x', "result of task 1"));
    EXPECT_FALSE(key.open(sealed, "result of task 2"));
}

// RFC 7748 section 6.1: Alice's pair.
TEST(BoxKey, GivesThePublicHalfOfTheRfc) {
    const auto key = BoxSecretKey::parse("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
    ASSERT_TRUE(key);
    EXPECT_EQ(key->public_key().hex(), "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    EXPECT_FALSE(BoxSecretKey::parse("77"));
    EXPECT_EQ(BoxSecretKey::parse(key->hex())->public_key(), key->public_key());
}

TEST(BoxKey, OpensOnlyWhatWasSealedToIt) {
    const BoxSecretKey key = BoxSecretKey::generate();
    const std::string sealed = key.public_key().seal("a job's key");
    EXPECT_EQ(key.open(sealed), "a job's key");
    EXPECT_NE(key.public_key().seal("a job's key"), sealed);
    EXPECT_EQ(BoxSecretKey::generate().open(sealed).error().code, ErrorCode::denied);
    for (std::size_t at = 0; at < sealed.size(); ++at) {
        std::string changed = sealed;
        changed[at] = static_cast<char>(changed[at] ^ 1);
        EXPECT_FALSE(key.open(changed)) << at;
        EXPECT_FALSE(key.open(sealed.substr(0, at))) << at;
    }
    EXPECT_EQ(key.open(key.public_key().seal("")), "");
}

TEST(BoxKey, OfANodeBelongsToItsSigningKey) {
    const SecretKey node = SecretKey::generate().value();
    const BoxSecretKey secret = BoxSecretKey::of(node);
    EXPECT_EQ(secret.public_key(), BoxPublicKey::of(node.public_key()));
    EXPECT_EQ(secret.open(BoxPublicKey::of(node.public_key())->seal("for you")), "for you");
}

TEST(BoxKey, RefusesWeakPoints) {
    // The points of small order of RFC 7748's curve, as libsodium and others list them: with them everybody knows the
    // shared secret.
    for (const char* weak : {"0000000000000000000000000000000000000000000000000000000000000000",
                             "0100000000000000000000000000000000000000000000000000000000000000",
                             "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                             "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                             "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"})
        EXPECT_FALSE(BoxPublicKey::parse(weak)) << weak;
    EXPECT_FALSE(BoxPublicKey::parse("00"));
    EXPECT_FALSE(BoxPublicKey::of(PublicKey::parse(std::string(64, '0')).value()));
    EXPECT_FALSE(BoxPublicKey::of(PublicKey::parse("01" + std::string(62, '0')).value()));
}

}  // namespace
}  // namespace ec::crypto
