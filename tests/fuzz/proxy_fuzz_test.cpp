// The fuzz entry over requests, answers, rules and ledger lines, and some thousand fixed mutations of them.
#include <gtest/gtest.h>

#include <cstdint>
#include <ec/core/rng.hpp>
#include <string>
#include <string_view>

#include "fuzzing.hpp"

namespace {

constexpr std::string_view kSeeds[] = {
    "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\nUser-Agent: curl/7.88.1\r\n\r\n\x16\x03\x01",
    "GET http://example.com/a?b=c HTTP/1.1\r\nHost: example.com\r\nProxy-Connection: keep-alive\r\nConnection: X, "
    "close\r\nX: 1\r\nAccept: */*\r\n\r\nGET http://a.b/ HTTP/1.1\r\n\r\n",
    "POST http://example.com:8080/ HTTP/1.1\r\nHost: example.com:8080\r\nContent-Length: 5\r\nExpect: "
    "100-continue\r\n\r\nhello",
    "POST http://[2606:2800::1]/ HTTP/1.1\r\nHost: [2606:2800::1]\r\nTransfer-Encoding: "
    "chunked\r\n\r\n5;a=b\r\nhello\r\n"
    "0\r\nTrailer: x\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\nKeep-Alive: 5\r\n\r\nok",
    "HTTP/1.0 302 Found\r\nLocation: http://127.0.0.1/\r\nConnection: keep-alive\r\n\r\n",
    "*.example.com:443",
    "[2606:2800:220:1::1]:8443",
    "0x7f.0.0.1",
    "::ffff:127.0.0.1",
    R"({"time":"2026-11-27T08:30:00.125Z","decision":"allowed","event":"closed","connection":"1.1.1","who":"exec","why":)"
    R"("python3 x.py","host":"example.com","port":443,"address":"93.184.216.34","bytes_in":1,"bytes_out":2,"reason":"r"})",
};

void feed(char reader, char step, std::string_view text) {
    const std::string input = std::string{reader, step} + std::string(text);
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

constexpr std::string_view kWords[] = {"\r\n",    "\r\n\r\n", "Host: a.b\r\n", ":", "0\r\n\r\n",
                                       "\\u0000", "chunked",  "9999999999",    "@", "%",
                                       "[",       "{\"a\":"};

TEST(ProxyReaders, KeepTheirPromisesOnWhatPeopleSend) {
    for (const std::string_view seed : kSeeds) {
        for (char reader = 0; reader < 4; ++reader) {
            for (const char step : {'\0', '\1', '\7'}) feed(reader, step, seed);
        }
    }
}

TEST(ProxyReaders, KeepTheirPromisesOnMutationsOfIt) {
    ec::Rng rng(20261127);
    for (int round = 0; round < 20'000; ++round) {
        const std::string text = ec::fuzzing::mutated(std::string(kSeeds[rng.below(std::size(kSeeds))]), rng, kWords);
        feed(static_cast<char>(rng.below(4)), static_cast<char>(rng.below(40)), text);
    }
}

}  // namespace
