// Everything that the network proxy and the egress ledger parse, fed with arbitrary bytes: the first byte picks the
// reader, the second how the rest is cut into pieces. Linked with libFuzzer as proxy_fuzz, and run over requests and
// mutations of them by the default suite.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <ec/net/allow_rule.hpp>
#include <ec/net/egress_ledger.hpp>
#include <string>
#include <string_view>

#include "http_heads.hpp"

namespace {

using namespace ec::net;

void require(bool holds) {
    if (!holds) std::abort();
}

bool line_safe(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

void check_host(const Host& host) {
    require(!host.name.empty() && host.name.size() <= 253 && line_safe(host.name));
    require(host.name.find_first_of("@/\\%?# ") == std::string::npos);
    const auto again = Host::parse(host.text());
    require(again && *again == host);
}

void read_request(std::string_view bytes, std::size_t step) {
    RequestReader reader(4096);
    std::string body;
    auto state = reader.state();
    for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) {
        state = reader.put(bytes.substr(0, step));
        require(state == reader.state());
        body += reader.take_body();
        if (state == RequestReader::State::refused) break;
    }
    if (state == RequestReader::State::body) state = reader.put({});
    body += reader.take_body();
    require(line_safe(reader.refusal().reason));
    if (state == RequestReader::State::refused) {
        require(reader.refusal().status >= 400 && reader.refusal().status < 500);
        return;
    }
    if (state == RequestReader::State::head) return;
    const RequestHead& head = reader.head();
    check_host(head.target.host);
    require(head.target.port != 0);
    if (head.connect) {
        require(head.forward.empty() && body.empty());
        return;
    }
    // Exactly one head, with our framing of it and the judged host.
    require(head.forward.ends_with("\r\nConnection: close\r\n\r\n"));
    require(head.forward.find("\r\n\r\n") == head.forward.size() - 4);
    require(head.forward.find("\r\nHost: " + head.target.host.text()) == head.forward.find("\r\n"));
    require(std::ranges::count(head.forward, '\n') == std::ranges::count(head.forward, '\r'));
    require(head.forward.find('\0') == std::string::npos);
}

void read_response(std::string_view bytes, std::size_t step) {
    ResponseReader reader;
    std::string out;
    auto state = ResponseReader::State::head;
    for (; !bytes.empty() && state != ResponseReader::State::broken;
         bytes.remove_prefix(std::min(step, bytes.size()))) {
        state = reader.put(bytes.substr(0, step));
        out += reader.take();
        require(state == ResponseReader::State::body || out.empty());
    }
    require(out.empty() || out.starts_with("HTTP/1.1 "));
}

void read_rule(std::string_view text) {
    if (const auto rule = AllowRule::parse(text)) {
        const auto again = AllowRule::parse(rule->text());
        require(again && again->text() == rule->text());
    }
    if (const auto authority = Authority::parse(text, 443)) check_host(authority->host);
    if (const auto address = Address::parse(text)) {
        require(Address::parse(address->text()) == address);
        require(!describe(classify(*address)).empty());
    }
}

void read_line(std::string_view text) {
    const auto entry = parse_egress_line(text);
    if (!entry) return;
    const std::string line = to_json_line(*entry);
    require(line_safe(line) && line.size() < 16'384);
    require(parse_egress_line(line).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
    const std::size_t step = data[1] == 0 ? 100'000 : data[1];
    switch (data[0] % 4) {
        case 0:
            read_request(text, step);
            break;
        case 1:
            read_response(text, step);
            break;
        case 2:
            read_rule(text);
            break;
        default:
            read_line(text);
            break;
    }
    return 0;
}
