// The fuzz entry over a request that was signed well and over mutations of it.
#include <gtest/gtest.h>

#include <ec/crypto/http_signature.hpp>
#include <string>
#include <vector>

#include "fuzzing.hpp"

namespace {

using namespace ec::crypto;

std::string seed(std::string_view body, const SignatureClaim& claim) {
    const auto key = SecretKey::parse("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").value();
    const SignatureHeaders headers = sign_request(key, {"POST", "127.0.0.1:4301", "/v1/claim", "?"}, body, claim);
    return headers.content_digest + "\n" + headers.signature_input + "\n" + headers.signature + "\n" +
           std::string(body);
}

TEST(SignatureFuzz, OnlyWhatTheOwnerSignedHolds) {
    const std::vector<std::string> seeds = {
        seed("{}", {1, "AAECAwQFBgcICQoL", "k"}),
        seed("", {99'999'999'999, std::string(64, '_'), std::string(64, '-')}),
        seed("two\nlines\n", {1'800'000'000, "AAECAwQFBgcICQoLDA0ODw", "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"})};
    ec::fuzzing::feed_mutations(seeds, 20000, 20261127);
}

}  // namespace
