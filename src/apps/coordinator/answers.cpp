#include "answers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/swarm/protocol.hpp>

namespace ec::apps::coordinator {
namespace {

/// The error as it may go out: of the database's own words and of our bugs nothing but that there is one.
Error told(const Error& error) {
    Error out = error;
    if (error.code == ErrorCode::storage_full)
        out = {error.code, "the coordinator's disk is full; nothing was stored", {}};
    if (error.code == ErrorCode::internal) out = {error.code, "the coordinator could not do this", {}};
    if (!out.remedy.empty()) out.message = fmt::format("{}: {}", out.message, out.remedy);
    const int status = http_status(error.code);
    if (status == 429 || status == 503) out.retry_s = std::max(1, error.retry_s);
    return out;
}

}  // namespace

net::ServerResponse refused(const Error& error) {
    if (error.code != ErrorCode::io) return net::problem(told(error));
    net::ServerResponse response =
        net::problem(503, "storage", "the coordinator's storage does not answer; nothing was stored");
    response.headers.emplace_back("Retry-After", "1");
    return response;
}

net::ServerResponse not_let_in(const Error& error, std::int64_t now_ms) {
    net::ServerResponse response =
        error.code == ErrorCode::denied ? net::problem(401, "denied", told(error).message) : refused(error);
    response.headers.emplace_back("Edgecoder-Time", fmt::format("{}", now_ms));
    return response;
}

net::ServerResponse maybe_replayed(net::ServerResponse answer, bool again) {
    if (again) answer.headers.emplace_back(swarm::kReplayed, "true");
    return answer;
}

}  // namespace ec::apps::coordinator
