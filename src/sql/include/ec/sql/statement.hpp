// One statement with its bound values and its rows; made by Database::prepare() and cached() in sql.hpp, which says who
// owns what and which errors there are.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace ec::sql {

class PreparedStatement;  // driver.hpp, private

/// Bytes that are no text, for bind(): stored as a BLOB. Must outlive the call only.
struct Blob {
    std::string_view bytes;
};
/// NULL of a type that is known, or left to be found out.
enum class Null { unknown, integer, text, blob };
using Value = std::variant<Null, std::int64_t, std::string_view, Blob>;

class Statement {
public:
    Statement(Statement&& other) noexcept;
    Statement& operator=(Statement&& other) noexcept;
    ~Statement();

    /// Puts the values in the places of the parameters, from the first to the last; forgets those of before. Takes
    /// integers, bool, text, Blob and std::optional of these (nullopt is NULL). Texts are copied. Fails with `internal`
    /// when their number is not that of the parameters.
    template <class... Values>
    Status bind(const Values&... values) {
        if constexpr (sizeof...(Values) == 0) return bind_all({});
        const Value all[] = {value_of(values)..., Null::unknown};
        return bind_all(std::span(all, sizeof...(Values)));
    }
    /// The same, where the number is known at run time only.
    Status bind_all(std::span<const Value> values);
    /// The next row; false when there is none any more.
    Result<bool> step();
    /// bind() and step() to the end, for what gives no rows.
    template <class... Values>
    Status run(const Values&... values) {
        if constexpr (sizeof...(Values) == 0) return run_all({});
        const Value all[] = {value_of(values)..., Null::unknown};
        return run_all(std::span(all, sizeof...(Values)));
    }
    Status run_all(std::span<const Value> values);

    /// Columns of the current row, from 0. NULL reads as 0, and as the empty text.
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::string text(int column) const;  ///< also the bytes of a BLOB
    [[nodiscard]] bool is_null(int column) const;
    [[nodiscard]] int columns() const;

private:
    friend class Database;
    explicit Statement(std::unique_ptr<PreparedStatement> prepared);
    template <class T>
    static Value value_of(const T& value) {
        if constexpr (std::is_integral_v<T>)
            return static_cast<std::int64_t>(value);
        else if constexpr (std::is_same_v<T, Blob>)
            return value;
        else
            return std::string_view(value);
    }
    template <class T>
    static Value value_of(const std::optional<T>& value) {
        if (value) return value_of(*value);
        return std::is_integral_v<T> ? Null::integer : std::is_same_v<T, Blob> ? Null::blob : Null::text;
    }

    std::unique_ptr<PreparedStatement> prepared_;
};

}  // namespace ec::sql
