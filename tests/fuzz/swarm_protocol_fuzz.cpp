// Messages of the swarm: the first byte picks which. Whatever went in is a value that is written and read again to the
// same, or an error with a sentence.
#include <ec/swarm/protocol.hpp>
#include <string>
#include <string_view>

#include "fuzzing.hpp"

namespace {

using namespace ec::swarm;
using ec::fuzzing::require;

void check(const ec::Error& error) { require(!error.message.empty() && error.message.size() < 4096); }

template <class Value, class Read, class Write>
void check(const ec::Result<Value>& read, Read again, Write written) {
    if (!read) return check(read.error());
    const std::string text = written(*read);
    const auto second = again(text);
    require(second.has_value() && written(*second) == text);
}

void check_frames(std::string_view body) {
    const auto blobs = read_frames(body);
    if (!blobs) return check(blobs.error());
    require(write_frames(*blobs) == body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 262144) return 0;
    const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto plain = [](const auto& value) { return write(value); };
    switch (data[0] % 12) {
        case 0:
            check(read_new_jobs(body), read_new_jobs, plain);
            break;
        case 1:
            check(read_claim_request(body), read_claim_request, plain);
            break;
        case 2:
            check(read_leases(body), read_leases, [](const auto& leases) { return write(leases, kProtocol); });
            break;
        case 3:
            check(read_heartbeat(body), read_heartbeat, plain);
            break;
        case 4:
            check(read_heartbeat_reply(body), read_heartbeat_reply, plain);
            break;
        case 5:
            check(read_reports(body), read_reports, [](const Reports& read) { return write(read.reports); });
            break;
        case 6:
            check(read_completions(body), read_completions,
                  [](const auto& completions) { return write(completions, kProtocol); });
            break;
        case 7:
            check(read_job(body), read_job, plain);
            break;
        case 8:
            check(read_event(body), read_event, plain);
            break;
        case 9:
            check_frames(body);
            break;
        case 10:
            check(read_hello(body), read_hello, plain);
            check(read_verdict(body), read_verdict, plain);
            check(read_give_back(body), read_give_back, plain);
            check(read_key_gift(body), read_key_gift, plain);
            check(read_ids(body), read_ids, plain);
            break;
        default:
            check(read_problem(500, body));
    }
    return 0;
}
