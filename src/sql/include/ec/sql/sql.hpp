// SQLite and PostgreSQL behind a small API: a Database is one connection, a Statement one prepared text with its bound
// values, a Transaction one all-or-nothing change. SQL is text that can be read where it is used; values reach it as
// parameters only.
//
// One text serves both: parameters are written ?1, ?2, … or ?, and on PostgreSQL these words in capitals, outside
// quotes, read: INTEGER as BIGINT; INTEGER PRIMARY KEY as an identity column; BLOB as BYTEA; REAL as DOUBLE PRECISION;
// x'00ff' as bytes; STRICT and WITHOUT ROWID as nothing; TEXT of a column as TEXT COLLATE "C", which orders by bytes as
// SQLite does. Whatever else differs is asked of dialect(). A number that is made by the database comes back from
// insert(), or with INSERT … RETURNING.
//
// SQLite is opened with write-ahead logging, full syncs, foreign keys and a busy timeout, its file with mode 0600.
// PostgreSQL is reached through libpq, loaded at the first connect(); it is only ever the primary that is spoken to.
//
// Threads: a Database and what was made of it belong to one thread at a time. A Statement, Transaction or Savepoint
// must not outlive its Database. Errors: `timeout` when others hold what is needed for too long or the transaction must
// be run again, and for a commit whose outcome is not known (in_doubt()); `conflict` for a broken constraint;
// `unavailable` for a connection that could not be made or was lost: nothing of an open transaction happened, and
// usable() is false from then on; `corrupt`, `denied`, `io` (a disk that fails or is full), `too_large`, `internal` for
// wrong SQL.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/sql/migrate.hpp>
#include <ec/sql/statement.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace ec::sql {

class Connection;  // driver.hpp, private

struct OpenOptions {
    std::chrono::milliseconds busy_timeout{5000};
};

struct ConnectOptions {
    std::chrono::seconds connect_timeout{5};       ///< for each host that the URL names
    std::chrono::milliseconds lock_timeout{5000};  ///< as the busy timeout of SQLite
    /// After which a connection that does not answer counts as lost. It is never cut short by cancelling: a commit that
    /// was cancelled would look as if it had succeeded everywhere.
    std::chrono::milliseconds answer_timeout{30'000};
};

enum class Dialect { sqlite, postgres };

class Database {
public:
    /// Opens the file, or makes it (mode 0600); its folder must exist.
    static Result<Database> open(const std::filesystem::path& file, const OpenOptions& options = {});
    /// A database that is gone with its connection.
    static Result<Database> open_in_memory();
    /// PostgreSQL: "postgres://…", "postgresql://…" or libpq's "key=value …"; several hosts are tried in turn until one
    /// is the primary. Errors never show the URL, which may hold a password.
    static Result<Database> connect(std::string_view url, const ConnectOptions& options = {});
    Database(Database&&) noexcept;
    Database& operator=(Database&&) noexcept;
    ~Database();

    [[nodiscard]] Dialect dialect() const;
    /// False: the connection is lost for good; make a new one.
    [[nodiscard]] bool usable() const;
    /// One statement. On PostgreSQL what is wrong in it shows at the first step().
    Result<Statement> prepare(std::string_view sql);
    /// The same, kept for the next time; it lives as long as the Database. Not for two uses at once. Its rows end with
    /// the transaction, or when it is asked for again.
    Result<Statement*> cached(std::string_view sql);
    /// Outside of transactions: what a cached statement has begun to read keeps the whole connection in that moment,
    /// and later reads see nothing new. Whoever reads without a transaction calls this when they are done.
    void end_cached_rows();
    /// prepare() and Statement::run().
    template <class... Values>
    Status run(std::string_view sql, const Values&... values) {
        EC_ASSIGN(Statement statement, prepare(sql));
        return statement.run(values...);
    }
    /// An INSERT of one row, cached, whose `key` column the database numbers: the number, or nothing where ON CONFLICT
    /// left the row out. For a table whose key is INTEGER PRIMARY KEY; SQLite's RETURNING makes a table of its own each
    /// time, which takes longer than all the rest.
    template <class... Values>
    Result<std::optional<std::int64_t>> insert(std::string_view sql, std::string_view key, const Values&... values) {
        const Value all[] = {Statement::value_of(values)...};
        return insert_all(sql, key, all);
    }
    /// Several statements without parameters and rows: a schema.
    Status execute(std::string_view script);
    /// The same, handed on as it stands: for what is written for one dialect.
    Status execute_as_it_stands(std::string_view script);
    /// Rows that the last INSERT, UPDATE or DELETE changed.
    [[nodiscard]] std::int64_t changed_rows() const;
    /// Milliseconds since 1970 by the clock that all who share the database see: PostgreSQL's, else this machine's.
    Result<std::int64_t> now_ms();

    /// Tells those who listen, when the transaction commits and once however often it is asked. Nothing on SQLite.
    Status notify(std::string_view channel);
    /// From now on wait_notification() hears of the channel (small letters and '_'). `unavailable` on SQLite.
    Status listen(std::string_view channel);
    /// True when somebody told since the last time; false after the timeout. Outside transactions.
    Result<bool> wait_notification(std::chrono::milliseconds timeout);

private:
    friend class Transaction;
    friend class Savepoint;
    explicit Database(std::unique_ptr<Connection> connection);
    Result<std::optional<std::int64_t>> insert_all(std::string_view sql, std::string_view key,
                                                   std::span<const Value> values);

    struct HashText {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    std::unique_ptr<Connection> connection_;
    std::unordered_map<std::string, std::unique_ptr<Statement>, HashText, std::equal_to<>> cached_;
};

/// Whom a transaction holds off. `one`: all others, as SQLite always does, so that what is read inside still holds when
/// it is written. `several`: nobody on PostgreSQL; the statements lock their rows themselves (FOR UPDATE SKIP LOCKED).
enum class Writers { one, several };

/// Rolls back on destruction unless commit() succeeded. A statement that fails inside spoils it on both databases:
/// every other one, and commit(), fails with `conflict` then.
class Transaction {
public:
    static Result<Transaction> begin(Database& database, Writers writers = Writers::one);
    Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();
    Status commit();

private:
    explicit Transaction(Database& database) : database_(&database) {}
    Database* database_;
};

/// Part of a transaction that can be undone alone, with what failed in it: undone on destruction unless keep()
/// succeeded. One at a time.
class Savepoint {
public:
    static Result<Savepoint> begin(Database& database);
    Savepoint(Savepoint&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
    Savepoint& operator=(Savepoint&&) = delete;
    ~Savepoint();
    Status keep();

private:
    explicit Savepoint(Database& database) : database_(&database) {}
    Database* database_;
};

/// True for what commit() says when the connection was lost in it: the change may have happened. Ask before it is made
/// again.
bool in_doubt(const Error& error);

}  // namespace ec::sql
