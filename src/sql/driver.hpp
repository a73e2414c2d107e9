// What sql.hpp stands on: one connection and one statement of either database.
#pragma once

#include <ec/sql/sql.hpp>

namespace ec::sql {

class PreparedStatement {
public:
    virtual ~PreparedStatement() = default;
    /// Forgets the rows that were not read.
    virtual Status bind(std::span<const Value> values) = 0;
    virtual Result<bool> step() = 0;
    /// bind(), step() to the end and reset(), without copying the values.
    virtual Status run(std::span<const Value> values) = 0;
    virtual void reset() = 0;
    /// Rows of a transaction that ended: no step() before the next bind().
    virtual void end_rows() = 0;
    virtual std::int64_t integer(int column) const = 0;
    virtual std::string text(int column) const = 0;
    virtual bool is_null(int column) const = 0;
    virtual int columns() const = 0;
};

class Connection {
public:
    virtual ~Connection() = default;
    virtual Dialect dialect() const = 0;
    virtual bool usable() const = 0;
    /// `kept`: it will be used again and again.
    virtual Result<std::unique_ptr<PreparedStatement>> prepare(std::string_view sql, bool kept) = 0;
    virtual Status execute(std::string_view script, bool as_it_stands) = 0;
    virtual std::int64_t changed_rows() const = 0;
    virtual std::int64_t last_key() const = 0;  ///< made by the last INSERT; SQLite's alone
    virtual Result<std::int64_t> now_ms() = 0;

    virtual Status begin(Writers writers) = 0;
    /// Rolls back when a statement failed in between.
    virtual Status commit() = 0;
    virtual void rollback() = 0;
    virtual Status mark() = 0;    ///< sets the savepoint
    virtual Status unmark() = 0;  ///< keeps what happened since
    virtual void rollback_to_mark() = 0;

    virtual Status notify(std::string_view channel) = 0;
    virtual Status listen(std::string_view channel) = 0;
    virtual Result<bool> wait_notification(std::chrono::milliseconds timeout) = 0;
};

std::unexpected<Error> spoilt();           ///< what every statement and commit() says after one failed
std::unexpected<Error> commit_in_doubt();  ///< what in_doubt() knows

Result<std::unique_ptr<Connection>> open_sqlite(const std::string& name, const OpenOptions& options);
Result<std::unique_ptr<Connection>> connect_postgres(std::string_view url, const ConnectOptions& options);

}  // namespace ec::sql
