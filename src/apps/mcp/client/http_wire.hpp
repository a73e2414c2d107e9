// A server behind an address: the Streamable HTTP transport (modelcontextprotocol.io, revision 2025-11-25,
// "Transports"). Answers come as JSON or as a stream of events; a stream that breaks off is taken up again where it
// was. Beside them a stream is held open on which the server may say what belongs to no request, where it has one.
//
// Threads: one caller. Each connection is read in a thread of its own that fills one bounded queue, and the caller
// hears what is in it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <ec/core/secret.hpp>
#include <ec/core/waiter.hpp>
#include <ec/net/http_client.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "inbox.hpp"
#include "wire.hpp"

namespace ec::apps::mcp {

class HttpWire final : public Wire {
public:
    using MakeClient = std::function<std::unique_ptr<net::HttpClient>()>;
    /// `token` may be empty.
    HttpWire(std::string url, Secret token, const MakeClient& make_client);
    /// Tells the server that the session is over, and does not wait long for that.
    ~HttpWire() override;

    Status exchange(std::string_view request, const Hear& hear, std::chrono::milliseconds patience,
                    std::stop_token stop) override;
    Status post(std::string_view message) override;
    void agreed(std::string_view revision) override;

private:
    struct Stream;
    net::HttpRequest request(std::string method, std::string_view body, std::chrono::milliseconds patience) const;
    Status run(net::HttpClient& client, net::HttpRequest request, Stream& stream, const std::stop_token& stop);
    Status take_head(const net::HttpResponse& head, Stream& stream);
    Status ask(std::string_view text, std::chrono::milliseconds patience, Stream& stream, const std::stop_token& stop);
    void listen(const std::stop_token& stop);
    void wait_until_listening(const std::stop_token& stop);

    std::string url_;
    Secret token_;
    std::unique_ptr<net::HttpClient> http_;
    std::unique_ptr<net::HttpClient> notes_;      ///< for what has no answer
    std::unique_ptr<net::HttpClient> listening_;  ///< for the stream beside
    SystemWaiter waiter_;
    std::string session_;   ///< the server's name for it; empty: it has none. Fixed once the revision is agreed on
    std::string revision_;  ///< empty until then
    Inbox inbox_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    bool heard_of_stream_ = false;  ///< under mutex_: the server has said whether it has such a stream
    std::jthread listener_;
};

}  // namespace ec::apps::mcp
