// SQLite behind a small API: a Database is one connection, a Statement one prepared text with its bound values, a
// Transaction one all-or-nothing change. SQL is text that can be read here; values reach it as parameters only.
//
// Every database is opened with write-ahead logging, full syncs, foreign keys and a busy timeout, and its file is made
// with mode 0600, so that a `kill -9` loses nothing that was committed and nobody else reads it. Several processes may
// have it open.
//
// Threads: a Database and what was made of it belong to one thread at a time. A Statement or a Transaction must not
// outlive its Database. Errors: `timeout` when another process holds the database for longer than the busy timeout,
// `conflict` for a broken constraint, `corrupt` for a file that is no database of ours, `denied` for one that may not
// be read or written, `io` for a disk that fails or is full, `internal` for wrong SQL.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/core/result.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

struct sqlite3;
struct sqlite3_stmt;

namespace ec::sql {

/// Bytes that are no text, for bind(): stored as a BLOB. Must outlive the call only.
struct Blob {
    std::string_view bytes;
};

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
        EC_TRY(begin_binding(sizeof...(Values)));
        int index = 0;
        Status status;
        ((status = status ? bind_value(++index, values) : status), ...);
        return status;
    }
    /// The next row; false when there is none any more.
    Result<bool> step();
    /// bind() and step() to the end, for what gives no rows.
    template <class... Values>
    Status run(const Values&... values) {
        EC_TRY(bind(values...));
        return finish();
    }

    /// Columns of the current row, from 0. NULL reads as 0, and as the empty text.
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::string text(int column) const;  ///< also the bytes of a BLOB
    [[nodiscard]] bool is_null(int column) const;

private:
    friend class Database;
    Statement(sqlite3* database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}
    Status begin_binding(std::size_t count);
    Status finish();
    Status put(int index, std::int64_t value);
    Status put(int index, std::string_view value);
    Status put(int index, Blob value);
    Status put_null(int index);
    template <class Value>
    Status bind_value(int index, const Value& value) {
        if constexpr (std::is_integral_v<Value>)
            return put(index, static_cast<std::int64_t>(value));
        else if constexpr (std::is_same_v<Value, Blob>)
            return put(index, value);
        else
            return put(index, std::string_view(value));
    }
    template <class Value>
    Status bind_value(int index, const std::optional<Value>& value) {
        return value ? bind_value(index, *value) : put_null(index);
    }

    sqlite3* database_ = nullptr;
    sqlite3_stmt* statement_ = nullptr;
};

struct OpenOptions {
    std::chrono::milliseconds busy_timeout{5000};
};

/// What the other end speaks. Statements are written for both: parameters as ?1, INTEGER for 64 bits, BLOB, STRICT.
enum class Dialect { sqlite, postgres };

class Database {
public:
    /// Opens the file, or makes it (mode 0600); its folder must exist.
    static Result<Database> open(const std::filesystem::path& file, const OpenOptions& options = {});
    /// A database that is gone with its connection.
    static Result<Database> open_in_memory();
    Database(Database&&) noexcept;
    Database& operator=(Database&&) noexcept;
    ~Database();

    /// One statement, whose parameters are written ?1, ?2, … or ?.
    Result<Statement> prepare(std::string_view sql);
    /// The same, kept for the next time; it lives as long as the Database. Not for two uses at once.
    Result<Statement*> cached(std::string_view sql);
    [[nodiscard]] Dialect dialect() const { return Dialect::sqlite; }
    /// prepare() and Statement::run().
    template <class... Values>
    Status run(std::string_view sql, const Values&... values) {
        EC_ASSIGN(Statement statement, prepare(sql));
        return statement.run(values...);
    }
    /// Several statements without parameters and rows: a schema.
    Status execute(std::string_view script);
    /// Rows that the last INSERT, UPDATE or DELETE changed.
    [[nodiscard]] std::int64_t changed_rows() const;
    [[nodiscard]] std::int64_t last_row_id() const;

private:
    struct Close {
        void operator()(sqlite3* database) const;
    };
    explicit Database(sqlite3* database);
    static Result<Database> connect(const std::string& name, const OpenOptions& options);
    std::unique_ptr<sqlite3, Close> database_;
    std::map<std::string, std::unique_ptr<Statement>, std::less<>> cached_;
};

/// Takes the write lock at once, so that what is read inside still holds when it is written. Rolls back on destruction
/// unless commit() succeeded.
class Transaction {
public:
    static Result<Transaction> begin(Database& database);
    Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();
    Status commit();

private:
    explicit Transaction(Database& database) : database_(&database) {}
    Database* database_;
};

/// A numbered step of a schema. A step that has been released never changes.
struct Migration {
    unsigned number = 0;  ///< 1, 2, 3, … without a gap
    std::string_view name;
    std::string_view sql;
};

/// Brings a database up to the last step, each step in a transaction of its own with a record of its text's checksum.
/// Fails with `conflict` when a step that was taken reads differently now, or when the database has steps that are not
/// in the list (a newer program made it); nothing is changed then.
Status migrate(Database& database, std::span<const Migration> steps);

}  // namespace ec::sql
