#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <ec/crypto/base64.hpp>
#include <ec/crypto/http_signature.hpp>
#include <ec/crypto/sha256.hpp>

#include "signature_base.hpp"

namespace ec::crypto {
namespace {

const SecretKey& example_key() {
    // test-key-ed25519 of RFC 9421, B.1.4.
    static const SecretKey key = [] {
        const std::string seed = from_base64url("n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU").value();
        return SecretKey::parse(to_hex({reinterpret_cast<const std::uint8_t*>(seed.data()), seed.size()})).value();
    }();
    return key;
}

const SignedParts kParts{"POST", "coordinator.example:4301", "/v1/claim", "?wait=25"};
const SignatureClaim kClaim{1618884473, "AAECAwQFBgcICQoLDA0ODw", "poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U"};
const std::string kBody = R"({"most":1})";

Status check(const SignedParts& parts, std::string_view body, const SignatureHeaders& headers) {
    return check_signature(example_key().public_key(), parts, body, headers);
}

// RFC 9421, B.2.6: Ed25519 is deterministic, so the published signature must come out.
TEST(SignatureBase, IsThatOfThePublishedExample) {
    EXPECT_EQ(base64url(example_key().public_key().bytes()), "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs");
    const std::array<Covered, 6> covered{{{"date", "Tue, 20 Apr 2021 02:07:55 GMT"},
                                          {"@method", "POST"},
                                          {"@path", "/foo"},
                                          {"@authority", "example.com"},
                                          {"content-type", "application/json"},
                                          {"content-length", "18"}}};
    const std::string base = signature_base(
        covered, R"(("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473)"
                 R"(;keyid="test-key-ed25519")");
    EXPECT_EQ(base, R"("date": Tue, 20 Apr 2021 02:07:55 GMT
"@method": POST
"@path": /foo
"@authority": example.com
"content-type": application/json
"content-length": 18
"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519")");
    EXPECT_EQ(base64(example_key().sign(base).bytes()),
              "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==");
}

// RFC 9530, appendix B.1, and RFC 9421's body in appendix B.2.
TEST(ContentDigest, IsThatOfThePublishedExamples) {
    EXPECT_EQ(content_digest("{\"hello\": \"world\"}\n"), "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:");
    EXPECT_EQ(content_digest("{\"hello\": \"world\"}"), "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:");
}

TEST(HttpSignature, IsWrittenInTheProfile) {
    const SignatureHeaders headers = sign_request(example_key(), kParts, kBody, kClaim);
    EXPECT_EQ(headers.signature_input,
              R"(sig1=("@method" "@authority" "@path" "@query" "content-digest");created=1618884473)"
              R"(;nonce="AAECAwQFBgcICQoLDA0ODw";keyid="poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U")"
              R"(;alg="ed25519";tag="edgecoder")");
    const std::string base =
        "\"@method\": POST\n\"@authority\": coordinator.example:4301\n\"@path\": /v1/claim\n"
        "\"@query\": ?wait=25\n\"content-digest\": " +
        content_digest(kBody) + "\n\"@signature-params\": " + headers.signature_input.substr(5);
    EXPECT_EQ(headers.signature, "sig1=:" + base64(example_key().sign(base).bytes()) + ":");
}

TEST(HttpSignature, TellsItsClaimAndHolds) {
    const SignatureHeaders headers = sign_request(example_key(), kParts, kBody, kClaim);
    const auto claim = read_claim(headers);
    ASSERT_TRUE(claim);
    EXPECT_EQ(claim->created_s, kClaim.created_s);
    EXPECT_EQ(claim->nonce, kClaim.nonce);
    EXPECT_EQ(claim->key_id, kClaim.key_id);
    EXPECT_TRUE(check(kParts, kBody, headers));
}

TEST(HttpSignature, IsRefusedForAnythingElse) {
    const SignatureHeaders headers = sign_request(example_key(), kParts, kBody, kClaim);
    const std::vector<SignedParts> others = {{"GET", kParts.authority, kParts.path, kParts.query},
                                             {"POST", "coordinator.example", kParts.path, kParts.query},
                                             {"POST", kParts.authority, "/v1/complete", kParts.query},
                                             {"POST", kParts.authority, kParts.path, "?"},
                                             {"POST", kParts.authority, "/v1/claim?wait=25", ""}};
    for (const SignedParts& parts : others) EXPECT_EQ(check(parts, kBody, headers).error().code, ErrorCode::denied);
    EXPECT_FALSE(check(kParts, R"({"most":2})", headers));
    EXPECT_FALSE(check(kParts, "", headers));
    EXPECT_FALSE(check_signature(SecretKey::generate()->public_key(), kParts, kBody, headers));
    SignatureHeaders later = headers;
    later.signature_input.replace(later.signature_input.find("1618884473"), 10, "1618884474");
    EXPECT_TRUE(read_claim(later));
    EXPECT_FALSE(check(kParts, kBody, later));
    SignatureHeaders named = headers;
    named.signature_input.replace(named.signature_input.find("poqk"), 4, "AAAA");
    EXPECT_FALSE(check(kParts, kBody, named));
}

// A value with a line break could stand for several lines of the base.
TEST(HttpSignature, IsRefusedOverValuesOfSeveralLines) {
    for (const char bad : {'\n', '\r', '\0', '\x7f'}) {
        const SignedParts parts{"POST", "a", std::string("/a") + bad + "b", "?"};
        EXPECT_FALSE(check(parts, kBody, sign_request(example_key(), parts, kBody, kClaim)));
    }
}

TEST(HttpSignature, IsReadInOneFormOnly) {
    const SignatureHeaders good = sign_request(example_key(), kParts, kBody, kClaim);
    const auto with = [&](std::string_view from, std::string_view to) {
        SignatureHeaders headers = good;
        const std::size_t at = headers.signature_input.find(from);
        EXPECT_NE(at, std::string::npos) << from;
        headers.signature_input.replace(at, from.size(), to);
        return headers;
    };
    const std::pair<std::string, std::string> changes[] = {{"sig1=", "sig2="},
                                                           {"sig1=", " sig1="},
                                                           {"\"@method\" ", ""},
                                                           {"\"@method\" \"@authority\"", "\"@authority\" \"@method\""},
                                                           {" \"content-digest\"", ""},
                                                           {"\"@query\"", "\"@query-param\""},
                                                           {"created=1618884473", "created=-1618884473"},
                                                           {"created=1618884473", "created=+1618884473"},
                                                           {"created=1618884473", "created=01618884473"},
                                                           {"created=1618884473", "created=0"},
                                                           {"created=1618884473", "created="},
                                                           {"created=1618884473", "created=1618884473.0"},
                                                           {"created=1618884473", "created=999999999999"},
                                                           {"created=1618884473;", ""},
                                                           {kClaim.nonce, "short"},
                                                           {kClaim.nonce, std::string(65, 'a')},
                                                           {kClaim.nonce, "AAECAwQFBgcICQoLDA0OD="},
                                                           {kClaim.nonce, "AAECAwQFBgcICQ\\\"LDA0O"},
                                                           {kClaim.key_id, ""},
                                                           {kClaim.key_id, std::string(65, 'a')},
                                                           {"ed25519", "hmac-sha256"},
                                                           {";alg=\"ed25519\"", ""},
                                                           {";tag=\"edgecoder\"", ""},
                                                           {"edgecoder\"", "edgecoder\";expires=1"},
                                                           {"edgecoder\"", "edgecoder\", sig2=()"},
                                                           {"edgecoder\"", "edgecoder\" "}};
    for (const auto& [from, to] : changes) {
        const SignatureHeaders headers = with(from, to);
        const auto claim = read_claim(headers);
        ASSERT_FALSE(claim) << headers.signature_input;
        EXPECT_EQ(claim.error().code, ErrorCode::corrupt);
        EXPECT_EQ(check(kParts, kBody, headers).error().code, ErrorCode::denied);
    }
    EXPECT_FALSE(read_claim({}));
}

TEST(HttpSignature, IsRefusedWhenItsOtherHeadersAreOff) {
    const SignatureHeaders good = sign_request(example_key(), kParts, kBody, kClaim);
    for (const std::string& text :
         {std::string(), std::string("sig1=::"), good.signature.substr(5), "sig2" + good.signature.substr(4),
          good.signature + " ", good.signature.substr(0, good.signature.size() - 1),
          good.signature + ", " + good.signature, std::string("sig1=:") + std::string(86, '!') + "==:"}) {
        SignatureHeaders headers = good;
        headers.signature = text;
        EXPECT_FALSE(check(kParts, kBody, headers)) << text;
    }
    for (const std::string& text : {std::string(), "sha-512=:" + good.content_digest.substr(9),
                                    good.content_digest + ", sha-512=:AA==:", content_digest("other")}) {
        SignatureHeaders headers = good;
        headers.content_digest = text;
        EXPECT_FALSE(check(kParts, kBody, headers)) << text;
    }
}

RC_GTEST_PROP(HttpSignature, HoldsForAnyBodyAndBreaksWithAnyByte,
              (const std::string& body, unsigned where, unsigned char how)) {
    SignatureHeaders headers = sign_request(example_key(), kParts, body, kClaim);
    RC_ASSERT(check(kParts, body, headers).has_value());
    RC_ASSERT(!check(kParts, body + "x", headers).has_value());
    RC_PRE(how != 0);
    std::string* const texts[] = {&headers.content_digest, &headers.signature_input, &headers.signature};
    std::string& text = *texts[where % 3];
    char& byte = text[where / 3 % text.size()];
    byte = static_cast<char>(byte ^ how);
    RC_ASSERT(!check(kParts, body, headers).has_value());
}

}  // namespace
}  // namespace ec::crypto
