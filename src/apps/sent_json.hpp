// JSON that a caller sent: bytes that do not parse are an `invalid_argument` of his, where they are `corrupt`
// elsewhere.
#pragma once

#include <ec/core/result.hpp>
#include <ec/json/json.hpp>
#include <utility>

namespace ec::apps {

/// What the reader found wrong so far, with its field.
inline Status sent_well(const json::Reader& reader) {
    if (reader.status()) return {};
    Error error = reader.status().error();
    error.code = ErrorCode::invalid_argument;
    return fail(std::move(error));
}

}  // namespace ec::apps
