// What a client does with a host that listens and says that it gets on, but never answers.
#include <gtest/gtest.h>
#include <poll.h>

#include <ec/core/fs.hpp>
#include <thread>

#include "embedded/channel.hpp"
#include "embedded/host/listener.hpp"
#include "embedded/protocol.hpp"
#include "embedded_fixture.hpp"
#include "shared_host_fixture.hpp"

namespace ec::model {
namespace {

using embedded::FromHost;
using std::chrono::milliseconds;
using testing::sharing;

constexpr milliseconds kBeat{5};
constexpr milliseconds kShort{2000};       // in which a busy host still answers a load
constexpr milliseconds kGenerous{60'000};  // to a busy machine: such a host is waited for for ever

/// A shared host for one client that answers a load, or not even that, and has nothing but progress to tell then.
class StuckHost {
public:
    explicit StuckHost(bool loads) : thread_([this, loads](const std::stop_token& stop) { serve(loads, stop); }) {}
    [[nodiscard]] std::filesystem::path socket() const { return folder_.path() / "own" / "inference.sock"; }

private:
    void serve(bool loads, const std::stop_token& stop) {
        UniqueFd client;
        while (!client.valid()) {
            if (stop.stop_requested()) return;
            pollfd waits{listener_->fd(), POLLIN, 0};
            ::poll(&waits, 1, static_cast<int>(kBeat.count()));
            if (auto arrived = listener_->accept().value()) client = *std::move(arrived);
        }
        embedded::Channel channel(std::move(client));
        std::int64_t asked = 0;
        while (!stop.stop_requested()) {
            const auto frame = channel.receive(kBeat);
            if (!frame) return;
            const std::string answer =
                *frame ? answer_to(**frame, loads, asked) : embedded::encode(FromHost(embedded::Progress{asked, 0}));
            if (!channel.send(answer, kGenerous)) return;
        }
    }
    static std::string answer_to(const std::string& frame, bool loads, std::int64_t& asked) {
        const auto said = embedded::decode_to_host(frame);
        if (!said) return {};
        if (std::holds_alternative<embedded::Hello>(*said)) return embedded::encode(FromHost(embedded::Welcome{}));
        if (loads && std::holds_alternative<embedded::Load>(*said)) {
            return embedded::encode(FromHost(embedded::Loaded{4096, 1, 4, {}, {}}));
        }
        if (const auto* embed = std::get_if<embedded::Embed>(&*said)) asked = embed->id;
        return embedded::encode(FromHost(embedded::Progress{asked, 0}));
    }

    TempDir folder_ = TempDir::create().value();
    Result<embedded::Listener> listener_ = embedded::Listener::open(socket());
    std::jthread thread_;
};

TEST(StuckHost, IsLeftWhereAPersonStopsAnEmbedding) {
    const StuckHost host(true);
    const auto embedder = make_embedder(sharing(host.socket()));
    ASSERT_TRUE(embedder) << embedder.error().message;
    std::stop_source person;
    std::thread stops([&] { person.request_stop(); });
    const auto begun = std::chrono::steady_clock::now();
    const auto vectors = (*embedder)->embed(std::vector<std::string>{"hello"}, person.get_token());
    stops.join();
    ASSERT_FALSE(vectors);
    EXPECT_EQ(vectors.error().code, ErrorCode::cancelled);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, kGenerous);
}

TEST(StuckHost, IsLeftWhereAPersonStopsTheLoadOfAnEmbedder) {
    const StuckHost host(false);
    std::stop_source person;
    std::thread stops([&] { person.request_stop(); });
    const auto embedder = make_embedder(sharing(host.socket()), person.get_token());
    stops.join();
    ASSERT_FALSE(embedder);
    EXPECT_EQ(embedder.error().code, ErrorCode::cancelled);
}

TEST(StuckHost, IsGivenUpWhereARequestHearsOfNothingButProgress) {
    const StuckHost host(true);
    EmbeddedOptions options = sharing(host.socket());
    options.patience = kShort;
    const auto embedder = make_embedder(options);
    ASSERT_TRUE(embedder) << embedder.error().message;
    const auto vectors = (*embedder)->embed(std::vector<std::string>{"hello"}, {});
    ASSERT_FALSE(vectors);
    EXPECT_EQ(vectors.error().code, ErrorCode::timeout);
}

TEST(StuckHost, IsGivenUpWhereALoadHearsOfNothingButProgress) {
    const StuckHost host(false);
    EmbeddedOptions options = sharing(host.socket());
    options.patience = kShort;
    const auto embedder = make_embedder(options);
    ASSERT_FALSE(embedder);
    EXPECT_EQ(embedder.error().code, ErrorCode::timeout);
}

}  // namespace
}  // namespace ec::model
