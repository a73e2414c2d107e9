#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <ec/core/error.hpp>

namespace ec {
namespace {

struct Row {
    ErrorCode code;
    std::string_view name;
    int exit_status;
    int http_status;
};

constexpr Row kTable[] = {
    {ErrorCode::invalid_argument, "invalid_argument", 2, 400},
    {ErrorCode::not_found, "not_found", 2, 404},
    {ErrorCode::conflict, "conflict", 1, 409},
    {ErrorCode::too_large, "too_large", 2, 413},
    {ErrorCode::denied, "denied", 3, 403},
    {ErrorCode::unavailable, "unavailable", 3, 503},
    {ErrorCode::over_quota, "over_quota", 3, 429},
    {ErrorCode::storage_full, "storage_full", 3, 503},
    {ErrorCode::timeout, "timeout", 1, 503},
    {ErrorCode::cancelled, "cancelled", 1, 409},
    {ErrorCode::corrupt, "corrupt", 1, 422},
    {ErrorCode::io, "io", 3, 500},
    {ErrorCode::internal, "internal", 3, 500},
};

const Row& row(ErrorCode code) {
    for (const Row& entry : kTable) {
        if (entry.code == code) return entry;
    }
    return kTable[std::size(kTable) - 1];
}

}  // namespace

std::string_view name(ErrorCode code) { return row(code).name; }
int exit_status(ErrorCode code) { return row(code).exit_status; }
int http_status(ErrorCode code) { return row(code).http_status; }

bool may_recover(ErrorCode code) {
    return code == ErrorCode::io || code == ErrorCode::over_quota || code == ErrorCode::storage_full ||
           code == ErrorCode::timeout || code == ErrorCode::unavailable;
}

Error from_errno(std::string_view what, int error_number) {
    ErrorCode code = ErrorCode::io;
    if (error_number == ENOENT || error_number == ENOTDIR) code = ErrorCode::not_found;
    if (error_number == EACCES || error_number == EPERM || error_number == EROFS) code = ErrorCode::denied;
    char buffer[128];
    return {code, fmt::format("{}: {}", what, strerror_r(error_number, buffer, sizeof buffer)), {}};
}

}  // namespace ec
