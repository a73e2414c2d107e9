// What a signed request costs each side, on one core: signature_bench [BODY_BYTES]. Prints nanoseconds a call, the
// median of several rounds, with the cost of its parts beside it. Time is that of the thread on its core, so that what
// else runs on the machine disturbs little.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ec/crypto/base64.hpp>
#include <ec/crypto/random.hpp>
#include <ec/crypto/sealed.hpp>
#include <ec/identity/signed_requests.hpp>
#include <functional>
#include <thread>
#include <vector>

namespace {

using namespace ec;
constexpr std::int64_t kNow = 1'800'000'000;
constexpr int kRounds = 7;

/// Keeps the compiler from leaving out what nobody looks at.
volatile std::size_t sink_of_results = 0;
void use(std::size_t value) { sink_of_results = value; }

double thread_nanoseconds() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

void measure(const char* what, int calls, const std::function<void(int)>& call) {
    std::vector<double> rounds;
    for (int round = 0; round < kRounds; ++round) {
        const double start = thread_nanoseconds();
        for (int i = 0; i < calls; ++i) call(round * calls + i);
        rounds.push_back((thread_nanoseconds() - start) / calls);
    }
    std::ranges::sort(rounds);
    std::printf("  %-44s %10.0f ns  (%.0f to %.0f)\n", what, rounds[kRounds / 2], rounds.front(), rounds.back());
}

net::ServerRequest received(const net::HttpRequest& sent) {
    net::ServerRequest request;
    request.method = sent.method;
    request.path = "/v1/claim";
    request.body = sent.body;
    request.headers.emplace_back("host", "127.0.0.1:4301");
    request.headers.emplace_back("content-type", "application/json");
    for (const auto& [name, value] : sent.headers) {
        std::string lower = name;
        std::ranges::transform(lower, lower.begin(), [](char c) { return static_cast<char>(c | 0x20); });
        request.headers.emplace_back(std::move(lower), value);
    }
    return request;
}

void measure_parts(const crypto::SecretKey& key, const std::string& body) {
    const crypto::PublicKey public_key = key.public_key();
    const crypto::SignedParts parts{"POST", "127.0.0.1:4301", "/v1/claim", "?"};
    const crypto::SignatureClaim claim{kNow, "AAECAwQFBgcICQoLDA0ODw", identity::NodeId::of(public_key).text()};
    const crypto::SignatureHeaders headers = crypto::sign_request(key, parts, body, claim);
    const std::string message(480, 'x');
    const crypto::Signature signature = key.sign(message);
    measure("Ed25519 sign, 480 bytes", 2000, [&](int) { use(key.sign(message).bytes().size()); });
    measure("Ed25519 verify, 480 bytes", 2000, [&](int) { use(public_key.verifies(signature, message)); });
    measure("content_digest", 20'000, [&](int) { use(crypto::content_digest(body).size()); });
    measure("read_claim", 20'000, [&](int) { use(crypto::read_claim(headers)->nonce.size()); });
    measure("sign_request", 2000, [&](int) { use(crypto::sign_request(key, parts, body, claim).signature.size()); });
    measure("check_signature", 2000,
            [&](int) { use(crypto::check_signature(public_key, parts, body, headers).has_value()); });
}

void measure_whole(const crypto::SecretKey& key, const std::string& body) {
    identity::Node node;
    node.key = key.public_key();
    node.id = identity::NodeId::of(node.key);
    node.state = identity::NodeState::approved;
    const identity::RequestSigner signer(key, [] { return kNow; });
    identity::RequestVerifier verifier(
        {}, [&](const identity::NodeId&) -> Result<identity::Node> { return node; }, [] { return kNow; });
    const auto sent = [&] {
        net::HttpRequest request;
        request.method = "POST";
        request.url = "http://127.0.0.1:4301/v1/claim";
        request.body = body;
        return request;
    };
    measure("RequestSigner::sign", 2000, [&](int) {
        net::HttpRequest request = sent();
        use(signer.sign(request).has_value());
    });
    constexpr int kCalls = 2000;
    std::vector<net::ServerRequest> requests;
    for (int i = 0; i < kRounds * kCalls; ++i) {
        net::HttpRequest request = sent();
        if (!signer.sign(request)) std::abort();
        requests.push_back(received(request));
    }
    measure("RequestVerifier::verify", kCalls, [&](int i) {
        if (!verifier.verify(requests[static_cast<std::size_t>(i)])) std::abort();
    });
    measure("RequestVerifier::verify, sent before", kCalls, [&](int i) {
        if (verifier.verify(requests[static_cast<std::size_t>(i)])) std::abort();
    });
}

void measure_sealing() {
    const crypto::SealKey key = crypto::SealKey::generate();
    const std::string plain = crypto::random_bytes(1 << 20);
    const std::string sealed = key.seal(plain, "context");
    const std::string text = crypto::base64(sealed);
    const crypto::BoxSecretKey box = crypto::BoxSecretKey::generate();
    const crypto::BoxPublicKey open_box = box.public_key();
    const std::string boxed = open_box.seal(key.reveal());
    measure("SealKey::seal, 1 MiB", 50, [&](int) { use(key.seal(plain, "context").size()); });
    measure("SealKey::open, 1 MiB", 50, [&](int) { use(key.open(sealed, "context")->size()); });
    measure("sha256, 1 MiB", 20, [&](int) { use(crypto::sha256(plain).bytes().size()); });
    measure("base64, 1 MiB", 20, [&](int) { use(crypto::base64(sealed).size()); });
    measure("from_base64, 1 MiB", 20, [&](int) { use(crypto::from_base64(text)->size()); });
    measure("BoxPublicKey::seal, 32 bytes", 500, [&](int) { use(open_box.seal(key.reveal()).size()); });
    measure("BoxSecretKey::open, 32 bytes", 500, [&](int) { use(box.open(boxed)->size()); });
}

}  // namespace

int main(int count, char** arguments) {
    const auto bytes = count > 1 ? std::strtoul(arguments[1], nullptr, 10) : 300UL;
    const std::string body(bytes, 'b');
    const auto key = crypto::SecretKey::generate();
    if (!key) return 1;
    std::printf("%u processors; a body of %zu bytes; one thread\n", std::thread::hardware_concurrency(), body.size());
    measure_parts(*key, body);
    measure_whole(*key, body);
    measure_sealing();
    return 0;
}
