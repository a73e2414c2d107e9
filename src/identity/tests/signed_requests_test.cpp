#include <gtest/gtest.h>

#include <algorithm>
#include <ec/identity/signed_requests.hpp>
#include <map>
#include <optional>

namespace ec::identity {
namespace {

constexpr std::int64_t kNow = 1'800'000'000;

std::string lower(std::string text) {
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

/// What the server makes of a request that a client sent.
net::ServerRequest received(const net::HttpRequest& sent) {
    net::ServerRequest request;
    const net::Url url = net::Url::parse(sent.url).value();
    const std::size_t mark = url.target.find('?');
    request.method = sent.method;
    request.path = url.target.substr(0, mark);
    if (mark != std::string::npos) request.query = url.target.substr(mark + 1);
    const std::string text = url.text();
    const std::size_t start = url.scheme.size() + 3;
    request.headers.emplace_back("host", text.substr(start, text.size() - start - url.target.size()));
    for (const auto& [name, value] : sent.headers) request.headers.emplace_back(lower(name), value);
    request.body = sent.body;
    return request;
}

std::string& header(net::ServerRequest& request, std::string_view name) {
    return std::ranges::find(request.headers, name, [](const auto& one) { return std::string_view(one.first); })
        ->second;
}

class SignedRequests : public testing::Test {
protected:
    SignedRequests() { know(NodeState::approved); }

    void know(NodeState state) {
        Node node;
        node.id = NodeId::of(key_.public_key());
        node.key = key_.public_key();
        node.state = state;
        node.account = "anna";
        nodes_[node.id] = node;
    }
    [[nodiscard]] net::HttpRequest request() const {
        net::HttpRequest sent;
        sent.method = "POST";
        sent.url = "http://127.0.0.1:4301/v1/claim?most=2";
        sent.headers = {{"Content-Type", "application/json"}};
        sent.body = R"({"wait_s":25})";
        return sent;
    }
    net::ServerRequest signed_request() {
        net::HttpRequest sent = request();
        EXPECT_TRUE(signer_.sign(sent));
        return received(sent);
    }
    Result<Node> find(const NodeId& id) {
        ++asked_;
        if (!store_works_) return fail(ErrorCode::unavailable, "the database is away");
        const auto place = nodes_.find(id);
        if (place == nodes_.end()) return fail(ErrorCode::not_found, "no such node");
        return place->second;
    }
    RequestVerifier make_verifier(VerifierRules rules) {
        return RequestVerifier(rules, [this](const NodeId& id) { return find(id); }, [this] { return server_now_; });
    }

    crypto::SecretKey key_ = crypto::SecretKey::generate().value();
    std::int64_t now_ = kNow;
    std::int64_t server_now_ = kNow;
    bool store_works_ = true;
    int asked_ = 0;
    std::map<NodeId, Node> nodes_;
    RequestSigner signer_{key_, [this] { return now_; }};
    RequestVerifier verifier_ = make_verifier({});
};

TEST_F(SignedRequests, TellWhoSentThem) {
    const auto node = verifier_.verify(signed_request());
    ASSERT_TRUE(node) << node.error().message;
    EXPECT_EQ(node->id, signer_.id());
    EXPECT_EQ(node->account, "anna");
}

TEST_F(SignedRequests, CountOnce) {
    const net::ServerRequest request = signed_request();
    EXPECT_TRUE(verifier_.verify(request));
    EXPECT_EQ(verifier_.verify(request).error().code, ErrorCode::conflict);
    // The same again, signed again, is another request.
    EXPECT_TRUE(verifier_.verify(signed_request()));
    server_now_ += 119;
    EXPECT_EQ(verifier_.verify(request).error().code, ErrorCode::conflict);
}

TEST_F(SignedRequests, AreSignedAnewWhenTheyAreSentAgain) {
    net::HttpRequest sent = request();
    ASSERT_TRUE(signer_.sign(sent));
    ASSERT_TRUE(verifier_.verify(received(sent)));
    const std::size_t headers = sent.headers.size();
    ASSERT_TRUE(signer_.sign(sent));
    EXPECT_EQ(sent.headers.size(), headers);
    EXPECT_TRUE(verifier_.verify(received(sent)));
}

TEST_F(SignedRequests, AreRefusedWhenAnythingWasChanged) {
    const std::function<void(net::ServerRequest&)> changes[] = {
        [](auto& request) { request.method = "PUT"; },
        [](auto& request) { request.path = "/v1/complete"; },
        [](auto& request) { request.path += "/"; },
        [](auto& request) { request.query = "most=3"; },
        [](auto& request) { request.query = ""; },
        [](auto& request) { request.query += "&most=3"; },
        [](auto& request) { request.body += " "; },
        [](auto& request) { request.body.clear(); },
        [](auto& request) { header(request, "host") = "127.0.0.1:4302"; },
        [](auto& request) { header(request, "host") = "127.0.0.1"; },
        [](auto& request) { header(request, "content-digest") = crypto::content_digest("other"); },
        [](auto& request) { header(request, "signature")[10] ^= 1; },
        [](auto& request) { header(request, "signature-input")[80] ^= 1; }};
    std::string words;
    for (const auto& change : changes) {
        net::ServerRequest request = signed_request();
        change(request);
        const auto node = verifier_.verify(request);
        ASSERT_FALSE(node);
        EXPECT_EQ(node.error().code, ErrorCode::denied);
        if (words.empty()) words = node.error().message;
        EXPECT_EQ(node.error().message, words);
    }
    // Nothing of that used the nonce up.
    net::ServerRequest request = signed_request();
    net::ServerRequest other = request;
    other.body += " ";
    EXPECT_FALSE(verifier_.verify(other));
    EXPECT_TRUE(verifier_.verify(request));
}

TEST_F(SignedRequests, AreRefusedWhenAHeaderIsMissingDoubledOrNonsense) {
    for (const std::string name : {"host", "content-digest", "signature-input", "signature"}) {
        net::ServerRequest missing = signed_request();
        std::erase_if(missing.headers, [&](const auto& one) { return one.first == name; });
        EXPECT_EQ(verifier_.verify(missing).error().code, ErrorCode::denied) << name;
        net::ServerRequest twice = signed_request();
        twice.headers.emplace_back(name, header(twice, name));
        EXPECT_EQ(verifier_.verify(twice).error().code, ErrorCode::denied) << name;
        for (const std::string& nonsense : {std::string(), std::string("\xff\xfe"), std::string(16'000, '(')}) {
            net::ServerRequest request = signed_request();
            header(request, name) = nonsense;
            EXPECT_EQ(verifier_.verify(request).error().code, ErrorCode::denied) << name;
        }
    }
    EXPECT_EQ(verifier_.verify({}).error().code, ErrorCode::denied);
}

TEST_F(SignedRequests, DoNotCareHowTheHostIsWritten) {
    net::HttpRequest sent = request();
    sent.url = "http://LocalHost:4301/v1/claim";
    ASSERT_TRUE(signer_.sign(sent));
    net::ServerRequest request = received(sent);
    header(request, "host") = "LOCALHOST:4301";
    EXPECT_TRUE(verifier_.verify(request));
}

TEST_F(SignedRequests, WorkForEveryFormOfAddress) {
    for (const std::string url : {"https://coordinator.example/v1/hello", "https://coordinator.example:443/v1/hello?",
                                  "http://[::1]:4301/v1/jobs?before=&limit=5", "http://127.0.0.1:80"}) {
        net::HttpRequest sent = request();
        sent.method = "GET";
        sent.body = "";
        sent.url = url;
        ASSERT_TRUE(signer_.sign(sent));
        EXPECT_TRUE(verifier_.verify(received(sent))) << url;
    }
    net::HttpRequest sent = request();
    sent.url = "ftp://coordinator.example/";
    EXPECT_EQ(signer_.sign(sent).error().code, ErrorCode::invalid_argument);
}

TEST_F(SignedRequests, TellByHowMuchAClockIsOff) {
    now_ = kNow - 3600;
    const auto behind = verifier_.verify(signed_request());
    EXPECT_EQ(behind.error().code, ErrorCode::conflict);
    EXPECT_NE(behind.error().message.find("3600 s behind"), std::string::npos) << behind.error().message;
    EXPECT_NE(behind.error().remedy.find("timedatectl"), std::string::npos);
    now_ = kNow + 3600;
    const auto ahead = verifier_.verify(signed_request());
    EXPECT_EQ(ahead.error().code, ErrorCode::conflict);
    EXPECT_NE(ahead.error().message.find("3600 s ahead"), std::string::npos) << ahead.error().message;
    for (const std::int64_t off : {-120, 120}) {
        now_ = kNow + off;
        EXPECT_TRUE(verifier_.verify(signed_request())) << off;
    }
    for (const std::int64_t off : {-121, 121}) {
        now_ = kNow + off;
        EXPECT_EQ(verifier_.verify(signed_request()).error().code, ErrorCode::conflict) << off;
    }
    now_ = 99'999'999'999;
    EXPECT_EQ(verifier_.verify(signed_request()).error().code, ErrorCode::conflict);
}

TEST_F(SignedRequests, AreOfNobodyWhomTheStoreDoesNotKnow) {
    nodes_.clear();
    const auto unknown = verifier_.verify(signed_request());
    EXPECT_EQ(unknown.error().code, ErrorCode::denied);
    know(NodeState::approved);
    net::ServerRequest forged = signed_request();
    header(forged, "signature")[10] ^= 1;
    EXPECT_EQ(verifier_.verify(forged).error().message, unknown.error().message);
    // Of one who claims to be another.
    const crypto::SecretKey mallory = crypto::SecretKey::generate().value();
    net::HttpRequest sent = request();
    ASSERT_TRUE(RequestSigner(mallory, [] { return kNow; }).sign(sent));
    net::ServerRequest request = received(sent);
    std::string& input = header(request, "signature-input");
    input.replace(input.find(NodeId::of(mallory.public_key()).text()), 43, signer_.id().text());
    EXPECT_EQ(verifier_.verify(request).error().code, ErrorCode::denied);
}

TEST_F(SignedRequests, AreNotDeniedBecauseTheStoreIsAway) {
    store_works_ = false;
    EXPECT_EQ(verifier_.verify(signed_request()).error().code, ErrorCode::unavailable);
}

TEST_F(SignedRequests, OfANodeThatMayNotWorkAreRefusedWithTheReason) {
    know(NodeState::pending);
    const auto pending = verifier_.verify(signed_request());
    EXPECT_EQ(pending.error().code, ErrorCode::denied);
    EXPECT_NE(pending.error().remedy.find("edgecoder node approve " + signer_.id().text()), std::string::npos);
    know(NodeState::suspended);
    EXPECT_NE(verifier_.verify(signed_request()).error().message.find("suspended"), std::string::npos);
    // Between two requests.
    know(NodeState::approved);
    EXPECT_TRUE(verifier_.verify(signed_request()));
    know(NodeState::revoked);
    EXPECT_NE(verifier_.verify(signed_request()).error().message.find("revoked"), std::string::npos);
}

TEST_F(SignedRequests, AreRefusedWhenNoMoreCanBeRemembered) {
    RequestVerifier small = make_verifier({.nonces = 3});
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(small.verify(signed_request()));
    EXPECT_EQ(small.verify(signed_request()).error().code, ErrorCode::unavailable);
    server_now_ += 300;
    now_ += 300;
    EXPECT_TRUE(small.verify(signed_request()));
}

TEST_F(SignedRequests, OfStrangersAreTurnedAwayByTheirHeads) {
    net::ServerRequest head = signed_request();
    head.body.clear();
    EXPECT_TRUE(verifier_.admit(head));
    // Admitting uses nothing up and shows nothing.
    EXPECT_TRUE(verifier_.admit(head));
    EXPECT_FALSE(verifier_.verify(head));
    asked_ = 0;
    now_ = kNow - 3600;
    EXPECT_EQ(verifier_.admit(signed_request()).error().code, ErrorCode::conflict);
    EXPECT_EQ(verifier_.admit({}).error().code, ErrorCode::denied);
    EXPECT_EQ(asked_, 0);
    now_ = kNow;
    know(NodeState::suspended);
    EXPECT_EQ(verifier_.admit(signed_request()).error().code, ErrorCode::denied);
    nodes_.clear();
    EXPECT_EQ(verifier_.admit(signed_request()).error().code, ErrorCode::denied);
}

TEST_F(SignedRequests, OfANodeThatJoinsAreSignedByTheKeyItBrings) {
    nodes_.clear();
    const net::ServerRequest request = signed_request();
    EXPECT_TRUE(verifier_.verify_joining(key_.public_key(), request));
    EXPECT_TRUE(verifier_.verify_joining(key_.public_key(), request));
    EXPECT_EQ(asked_, 0);
    EXPECT_EQ(verifier_.verify_joining(crypto::SecretKey::generate()->public_key(), request).error().code,
              ErrorCode::denied);
    net::ServerRequest changed = request;
    changed.body += " ";
    EXPECT_EQ(verifier_.verify_joining(key_.public_key(), changed).error().code, ErrorCode::denied);
    now_ = kNow - 3600;
    EXPECT_EQ(verifier_.verify_joining(key_.public_key(), signed_request()).error().code, ErrorCode::conflict);
    EXPECT_EQ(verifier_.verify_joining(key_.public_key(), {}).error().code, ErrorCode::denied);
}

class NothingLeaves final : public net::EgressSink {
public:
    Status record(const net::EgressEntry&) override { return fail(ErrorCode::denied, "nothing may leave"); }
};

// Over a real connection: what the client's library makes of the request is what was signed.
TEST_F(SignedRequests, ArriveAsTheyWereSigned) {
    net::Route route;
    route.method = "POST";
    route.path = "/v1/claim";
    route.request_type = "application/json";
    route.handle = [&](const net::ServerRequest& request) {
        const auto node = verifier_.verify(request);
        return node ? net::ServerResponse{.body = "{}", .headers = {}} : net::problem(node.error());
    };
    route.turn_away = [&](const net::ServerRequest& head) -> std::optional<net::ServerResponse> {
        const Status known = verifier_.admit(head);
        if (known) return std::nullopt;
        return net::problem(known.error());
    };
    auto server = net::start_http_server({route}, {});
    ASSERT_TRUE(server) << server.error().message;
    NothingLeaves sink;
    const auto client = net::make_http_client(sink, "test");
    const auto status = [&](const std::string& target, bool changed) {
        net::HttpRequest sent = request();
        sent.url = (*server)->url() + target;
        EXPECT_TRUE(signer_.sign(sent));
        if (changed) sent.body += " ";
        const auto response = client->send(sent, {}, {});
        return response ? response->status : 0;
    };
    EXPECT_EQ(status("/v1/claim", false), 200);
    EXPECT_EQ(status("/v1/claim?a=%2F&b=c+d&&e", false), 200);
    EXPECT_EQ(status("/v1/claim?", false), 200);
    EXPECT_EQ(status("/v1/claim", true), 403);
    nodes_.clear();
    EXPECT_EQ(status("/v1/claim", false), 403);
    (*server)->stop();
}

}  // namespace
}  // namespace ec::identity
