// The one table of error codes and the value that carries them.
//
// An Error is for expected failures (a file that is not there, a machine that cannot isolate): it travels in Result<T>
// and ends as one sentence to a person, an exit code of the program, or an HTTP status. Bugs throw.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ec {

enum class ErrorCode {
    invalid_argument,  // the caller's words are wrong                     exit 2, HTTP 400
    not_found,         // the named thing does not exist                    exit 2, HTTP 404
    conflict,          // the state changed under us                        exit 1, HTTP 409
    too_large,         // beyond a stated limit                             exit 2, HTTP 413
    denied,            // the system or a policy refuses                    exit 3, HTTP 403
    unavailable,       // this machine lacks what is needed; say the remedy exit 3, HTTP 503
    over_quota,        // the caller has as much as it may have; others do  exit 3, HTTP 429
    storage_full,      // the disk is full, and nothing was written         exit 3, HTTP 503
    timeout,           // a deadline passed                                 exit 1, HTTP 503
    cancelled,         // a person or the caller stopped it                 exit 1, HTTP 409
    corrupt,           // bytes that should have parsed did not             exit 1, HTTP 422
    io,                // reading or writing failed                         exit 3, HTTP 500
    internal,          // a bug noticed in time                             exit 3, HTTP 500
};

/// Stable lower-case name of a code, as it appears in JSON.
std::string_view name(ErrorCode code);
/// Exit status of a program that ends with this error (DESIGN: 1 the job failed, 2 wrong usage, 3 the environment).
int exit_status(ErrorCode code);
/// HTTP status of a response that carries this error.
int http_status(ErrorCode code);
/// Whether the same may go well when it is asked again later: io, over_quota, storage_full, timeout, unavailable.
bool may_recover(ErrorCode code);

struct Error {
    ErrorCode code = ErrorCode::internal;
    std::string message;                   ///< one clear sentence for a person, without a trailing full stop
    std::string remedy;                    ///< what the person can do about it; may be empty
    std::vector<std::string> fields = {};  ///< of what was sent, the names of those at fault: "tasks[0].key"
    int retry_s = 0;                       ///< seconds after which to ask again; 0: nobody knows
};

/// Builds an io/not_found/denied Error from an errno value: "cannot open /x: No such file or directory".
Error from_errno(std::string_view what, int error_number);

}  // namespace ec
