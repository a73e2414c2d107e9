#include "http_heads.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ec::net {
namespace {

using State = RequestReader::State;

struct Read {
    State state = State::head;
    RequestHead head;
    Refusal refusal;
    std::string body;
    std::string rest;
};

Read read(std::string_view bytes, std::size_t step = 100'000) {
    RequestReader reader(4096);
    while (!bytes.empty() && reader.state() != State::refused) {
        reader.put(bytes.substr(0, step));
        bytes.remove_prefix(std::min(step, bytes.size()));
    }
    if (reader.state() != State::refused) reader.put({});
    Read result{reader.state(), reader.head(), reader.refusal(), reader.take_body(), {}};
    result.rest = reader.take_rest();
    return result;
}

int status_of(std::string_view bytes) {
    const Read whole = read(bytes);
    const Read pieces = read(bytes, 1);
    EXPECT_EQ(whole.refusal.status, pieces.refusal.status) << bytes;
    return whole.refusal.status;
}

TEST(Requests, ATunnelNamesHostAndPort) {
    const Read got = read("CONNECT Example.com:443 HTTP/1.1\r\nHost: example.com:443\r\nX: y\r\n\r\nhello");
    EXPECT_EQ(got.state, State::body);
    EXPECT_TRUE(got.head.connect);
    EXPECT_EQ(got.head.target.text(), "example.com:443");
    EXPECT_TRUE(got.head.forward.empty());
    EXPECT_EQ(got.rest, "hello");
    EXPECT_EQ(read("CONNECT example.com:443 HTTP/1.0\r\n\r\n").head.target.port, 443);
    EXPECT_EQ(read("CONNECT [2606:2800::1]:8443 HTTP/1.1\r\nHost: x.y\r\n\r\n").refusal.status, 400);
    EXPECT_EQ(read("CONNECT [2606:2800::1]:8443 HTTP/1.1\r\nHost: [2606:2800::1]\r\n\r\n").head.target.text(),
              "[2606:2800::1]:8443");
}

TEST(Requests, AUrlBecomesAnOriginRequestWithoutHopByHopFields) {
    const Read got = read(
        "GET HTTP://Example.com/a?b=c HTTP/1.1\r\nHost: example.com\r\nProxy-Connection: keep-alive\r\n"
        "Proxy-Authorization: Basic c2VjcmV0\r\nConnection: X-Drop, keep-alive, Content-Length\r\nX-Drop: 1\r\n"
        "Keep-Alive: 3\r\nUpgrade: websocket\r\nTE: trailers\r\nAccept: */*\r\n\r\n");
    EXPECT_EQ(got.state, State::done);
    EXPECT_EQ(got.head.target.text(), "example.com:80");
    EXPECT_EQ(got.head.forward, "GET /a?b=c HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(read("GET http://example.com:8080?q HTTP/1.0\r\n\r\n")
                    .head.forward.starts_with("GET /?q HTTP/1.0\r\nHost: example.com:8080\r\n"));
}

TEST(Requests, BodiesPassInTheFramingThatWasUnderstood) {
    const std::string head = "POST http://example.com/ HTTP/1.1\r\nHost: example.com\r\n";
    EXPECT_EQ(read(head + "Content-Length: 5\r\n\r\nhelloGET / HTTP/1.1").body, "hello");
    EXPECT_EQ(read(head + "Content-Length: 5\r\n\r\nhel", 1).state, State::body);
    const std::string chunked = head + "Transfer-Encoding: chunked\r\n\r\n";
    EXPECT_EQ(read(chunked + "5;ext=1\r\nhello\r\n0\r\nTrailer: x\r\nContent-Type: y\r\n\r\nmore").body,
              "5\r\nhello\r\n0\r\n\r\n");
    EXPECT_EQ(read(chunked + "5\r\nhello\r\n0\r\n\r\n", 1).state, State::done);
    EXPECT_EQ(status_of(chunked + "5x\r\nhello\r\n"), 400);
    EXPECT_EQ(status_of(chunked + "5;" + std::string(20'000, 'a')), 400);
    EXPECT_TRUE(read(head + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n").head.expects_continue);
    EXPECT_EQ(read(head + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n").head.forward.find("Expect"),
              std::string::npos);
}

TEST(Requests, ASecondRequestIsNeverPassedOn) {
    const std::string one = "GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n";
    const Read got = read(one + "GET http://internal.example.com/ HTTP/1.1\r\nHost: internal.example.com\r\n\r\n");
    EXPECT_EQ(got.state, State::done);
    EXPECT_EQ(got.head.forward.find("internal"), std::string::npos);
    EXPECT_TRUE(got.body.empty());
}

TEST(Requests, AmbiguityIsRefused) {
    const std::string get = "GET http://example.com/ HTTP/1.1\r\n";
    const std::string post = "POST http://example.com/ HTTP/1.1\r\nHost: example.com\r\n";
    const std::pair<std::string, int> cases[] = {
        {get + "Host: evil.com\r\n\r\n", 400},
        {get + "Host: example.com:8080\r\n\r\n", 400},
        {get + "Host: example.com\r\nHost: example.com\r\n\r\n", 400},
        {get + "\r\n", 400},
        {get + "Host: \r\n\r\n", 400},
        {get + "Host : example.com\r\n\r\n", 400},
        {"CONNECT example.com:443 HTTP/1.1\r\nHost: evil.com:443\r\n\r\n", 400},
        {"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:80\r\n\r\n", 400},
        {"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\nContent-Length: 4\r\n\r\nabcd", 400},
        {post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
        {post + "Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd", 400},
        {post + "Content-Length: +4\r\n\r\nabcd", 400},
        {post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n", 400},
        {post + "Transfer-Encoding: gzip, chunked\r\n\r\n", 400},
        {post + "Transfer-Encoding: chunked, identity\r\n\r\n", 400},
        {post + "Transfer-Encoding: xchunked\r\n\r\n", 400},
        {"POST http://example.com/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {post + "Expect: magic\r\n\r\n", 417},
    };
    for (const auto& [bytes, status] : cases) EXPECT_EQ(status_of(bytes), status) << bytes;
}

TEST(Requests, OtherFormsAndMethodsAreRefused) {
    const std::pair<const char*, int> cases[] = {
        {"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", 400},
        {"GET https://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n", 400},
        {"GET ftp://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n", 400},
        {"GET http://user:pass@example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n", 400},
        {"GET http://example.com\\@evil.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n", 400},
        {"GET http://example.com#@evil.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n", 400},
        {"GET http://exa%6dple.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n", 400},
        {"GET http:///x HTTP/1.1\r\nHost: example.com\r\n\r\n", 400},
        {"GET http://ex\xc3\xa4mple.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n", 400},
        {"OPTIONS * HTTP/1.1\r\nHost: example.com\r\n\r\n", 400},
        {"TRACE http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n", 405},
        {"PROPFIND http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n", 405},
        {"connect example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n", 405},
        {"CONNECT example.com HTTP/1.1\r\nHost: example.com\r\n\r\n", 400},
        {"CONNECT example.com:99999 HTTP/1.1\r\nHost: example.com\r\n\r\n", 400},
        {"CONNECT http://example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n", 400},
        {"CONNECT 2130706433:443 HTTP/1.1\r\nHost: 2130706433:443\r\n\r\n", 400},
        {"CONNECT 0x7f.1:443 HTTP/1.1\r\nHost: 0x7f.1:443\r\n\r\n", 400},
        {"CONNECT 0177.0.0.1:443 HTTP/1.1\r\nHost: 0177.0.0.1:443\r\n\r\n", 400},
        {"CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n", 400},
        {"GET http://example.com/ HTTP/2.0\r\nHost: example.com\r\n\r\n", 400},
        {"GET http://example.com/\r\n\r\n", 400},
        {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 not http\r\n\r\n", 400},
    };
    for (const auto& [bytes, status] : cases) EXPECT_EQ(status_of(bytes), status) << bytes;
}

TEST(Requests, LinesEndWithBothBytesOrNeverEnd) {
    for (const std::size_t step : {1U, 1000U}) {
        const State state = read("GET http://example.com/ HTTP/1.1\nHost: example.com\n\n", step).state;
        EXPECT_TRUE(state == State::head || state == State::refused);
    }
}

TEST(Requests, AHeadBeyondTheLimitIsRefusedWhileItComes) {
    RequestReader reader(4096);
    reader.put("GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n");
    std::size_t sent = 0;
    while (reader.state() == State::head && sent < 100'000) {
        reader.put("X-Padding: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n");
        sent += 70;
    }
    EXPECT_EQ(reader.state(), State::refused);
    EXPECT_EQ(reader.refusal().status, 431);
    EXPECT_LT(sent, 6000U);
}

TEST(Responses, SayThatTheConnectionClosesAndKeepTheRest) {
    ResponseReader reader;
    EXPECT_EQ(
        reader.put("HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nContent-Len"),
        ResponseReader::State::head);
    EXPECT_EQ(reader.put("gth: 2\r\n\r\nok"), ResponseReader::State::body);
    EXPECT_EQ(reader.take(), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    reader.put("more");
    EXPECT_EQ(reader.take(), "more");
}

TEST(Responses, InterimAnswersAreSkippedAndTheirNumberIsBounded) {
    ResponseReader reader;
    reader.put(
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_EQ(reader.take(), "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
    ResponseReader endless;
    auto state = ResponseReader::State::head;
    for (int i = 0; i < 20; ++i) state = endless.put("HTTP/1.1 103 Early Hints\r\n\r\n");
    EXPECT_EQ(state, ResponseReader::State::broken);
}

TEST(Responses, WhatIsNotHttpIsBroken) {
    for (const char* bytes : {"SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 99 Low\r\n\r\n", "HTTP/1.1 101 Switching\r\n\r\n",
                              "HTTP/1.1 200 OK\r\nbad header\r\n\r\n"}) {
        ResponseReader reader;
        EXPECT_EQ(reader.put(bytes), ResponseReader::State::broken) << bytes;
    }
}

}  // namespace
}  // namespace ec::net
