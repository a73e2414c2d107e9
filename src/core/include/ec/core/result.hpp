// Result<T>: a value or an Error. Expected failures are values; EC_TRY passes them on.
#pragma once

#include <ec/core/error.hpp>
#include <expected>
#include <utility>

namespace ec {

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string message, std::string remedy = {}) {
    return std::unexpected(Error{code, std::move(message), std::move(remedy)});
}
/// `invalid_argument`, for one field of what was sent.
[[nodiscard]] inline std::unexpected<Error> fail_field(std::string field, std::string message) {
    return std::unexpected(Error{ErrorCode::invalid_argument, std::move(message), {}, {std::move(field)}});
}
[[nodiscard]] inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }

}  // namespace ec

#define EC_CONCAT_INNER(a, b) a##b
#define EC_CONCAT(a, b) EC_CONCAT_INNER(a, b)

/// EC_TRY(expression): leaves the function with the error of a failed Result, and drops the value of a good one.
#define EC_TRY(...)                                                                                           \
    do {                                                                                                      \
        if (auto ec_result = (__VA_ARGS__); !ec_result) return std::unexpected(std::move(ec_result).error()); \
    } while (false)

/// EC_ASSIGN(declaration, expression): as EC_TRY, and binds the value: EC_ASSIGN(auto text, read_file(path));
#define EC_ASSIGN(declaration, ...) EC_ASSIGN_INNER(EC_CONCAT(ec_result_, __LINE__), declaration, __VA_ARGS__)
#define EC_ASSIGN_INNER(temporary, declaration, ...)                      \
    auto temporary = (__VA_ARGS__);                                       \
    if (!temporary) return std::unexpected(std::move(temporary).error()); \
    declaration = *std::move(temporary)
