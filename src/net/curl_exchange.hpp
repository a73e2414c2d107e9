// One HTTP exchange by libcurl, and the connections that are kept between exchanges.
//
// Nothing here decides: no redirect is followed, nothing is recorded, headers go out as they come in. One exchange at a
// time; the stop token may fire on any thread. The listener is called on the thread of run().
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/net/http_client.hpp>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "curl_library.hpp"

namespace ec::net {

struct Exchange {
    Url url;
    std::string method;
    Headers headers;
    std::string_view body;
    std::chrono::milliseconds connect_timeout{};
    std::chrono::milliseconds first_byte_timeout{};
    std::chrono::milliseconds idle_timeout{};
    std::string ca_file;
};

/// A failed Status ends the exchange with that error.
class ExchangeListener {
public:
    virtual ~ExchangeListener() = default;
    /// Once, before any body(); interim answers (1xx) are left out.
    virtual Status head(int status, Headers headers) = 0;
    virtual Status body(std::string_view bytes) = 0;
};

struct Traffic {
    std::uint64_t bytes_in = 0;  ///< heads and bodies
    std::uint64_t bytes_out = 0;
    std::string address;  ///< the other end of the connection; empty when there was none
};

class CurlConnections {
public:
    static Result<std::unique_ptr<CurlConnections>> open();
    ~CurlConnections();
    CurlConnections(const CurlConnections&) = delete;
    CurlConnections& operator=(const CurlConnections&) = delete;

    /// `traffic` is filled in on every outcome. Errors as HttpClient::send() says.
    Status run(const Exchange& exchange, ExchangeListener& listener, Traffic& traffic, std::stop_token stop);

private:
    CurlConnections(const CurlLibrary& curl, CURLM* multi, CURL* easy) : curl_(curl), multi_(multi), easy_(easy) {}

    const CurlLibrary& curl_;
    CURLM* multi_;
    CURL* easy_;
};

}  // namespace ec::net
