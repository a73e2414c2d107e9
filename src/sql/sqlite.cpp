#include <fmt/format.h>
#include <sqlite3.h>

#include <ec/core/text.hpp>
#include <limits>

#include "driver.hpp"

namespace ec::sql {
namespace {

constexpr int kPieceBytes = 1200;
constexpr int kPieces = 400;

ErrorCode code_of(int result) {
    switch (result & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return ErrorCode::timeout;
        case SQLITE_CONSTRAINT:
            return ErrorCode::conflict;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return ErrorCode::corrupt;
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_AUTH:
            return ErrorCode::denied;
        case SQLITE_TOOBIG:
            return ErrorCode::too_large;
        case SQLITE_FULL:
            return ErrorCode::storage_full;
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
        case SQLITE_PROTOCOL:
        case SQLITE_NOMEM:
            return ErrorCode::io;
        default:
            return ErrorCode::internal;
    }
}

std::string remedy_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::timeout:
            return "another program has the database in use; try again";
        case ErrorCode::corrupt:
            return "move the file away, or put a backup in its place";
        case ErrorCode::storage_full:
            return "make room on its disk";
        case ErrorCode::denied:
            return "look at the owner and the mode of the file and its folder";
        default:
            return {};
    }
}

std::unexpected<Error> failure(sqlite3* database, int result, std::string_view what) {
    const ErrorCode code = code_of(result);
    const char* words = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(result);
    return fail(code, fmt::format("{}: {}", what, words), remedy_of(code));
}

// Says what the connection holds to before any statement of ours; the first look at the file is here too.
Status configure(sqlite3* database, const std::string& name, const OpenOptions& options) {
    sqlite3_extended_result_codes(database, 1);
    sqlite3_busy_timeout(database, static_cast<int>(options.busy_timeout.count()));
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr);
    // The small pieces of memory of the usual 40 run out where a hundred statements are kept.
    sqlite3_db_config(database, SQLITE_DBCONFIG_LOOKASIDE, nullptr, kPieceBytes, kPieces);
    const int result = sqlite3_exec(database,
                                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON;"
                                    "PRAGMA cache_size=-16000; PRAGMA wal_autocheckpoint=4000;",
                                    nullptr, nullptr, nullptr);
    if (result != SQLITE_OK) return failure(database, result, fmt::format("cannot use the database {}", name));
    if (sqlite3_db_readonly(database, "main") == 1) {
        return fail(ErrorCode::denied, fmt::format("the database {} cannot be written", name),
                    remedy_of(ErrorCode::denied));
    }
    return {};
}

struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Handle = std::unique_ptr<sqlite3, Close>;
using StatementHandle = std::unique_ptr<sqlite3_stmt, Close>;

/// What a connection and its statements share.
struct Session {
    Handle database;
    bool in_transaction = false;
    bool spoilt = false;  ///< a statement failed in the open transaction, and no other is run in it

    std::unexpected<Error> failed(int result, std::string_view what) {
        spoilt = spoilt || in_transaction;
        return failure(database.get(), result, what);
    }
};

class SqliteStatement final : public PreparedStatement {
public:
    SqliteStatement(Session& session, StatementHandle statement)
        : session_(session), statement_(std::move(statement)) {}

    Status bind(std::span<const Value> values) override { return bind(values, SQLITE_TRANSIENT); }

    Status run(std::span<const Value> values) override {
        Status done = bind(values, SQLITE_STATIC);
        for (bool row = true; done && row;) {
            const Result<bool> more = step();
            if (more)
                row = *more;
            else
                done = fail(more.error());
        }
        reset();
        sqlite3_clear_bindings(raw());  // they point to what is the caller's
        return done;
    }

    Result<bool> step() override {
        if (ended_) return fail(ErrorCode::internal, "the transaction of these rows has ended");
        if (session_.spoilt) return spoilt();
        const int result = sqlite3_step(raw());
        if (result == SQLITE_ROW) return true;
        if (result == SQLITE_DONE) return false;
        std::unexpected<Error> error = session_.failed(result, "the database refuses");
        sqlite3_reset(raw());  // an open read would keep others from writing
        return error;
    }
    void reset() override {
        sqlite3_reset(raw());
        ended_ = false;
    }
    void end_rows() override {
        if (sqlite3_stmt_busy(raw()) == 0) return;
        sqlite3_reset(raw());
        ended_ = true;
    }

    std::int64_t integer(int column) const override { return sqlite3_column_int64(raw(), column); }
    std::string text(int column) const override {
        const void* bytes = sqlite3_column_blob(raw(), column);
        const int size = sqlite3_column_bytes(raw(), column);
        return bytes == nullptr ? std::string()
                                : std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
    }
    bool is_null(int column) const override { return sqlite3_column_type(raw(), column) == SQLITE_NULL; }
    int columns() const override { return sqlite3_column_count(raw()); }

private:
    [[nodiscard]] sqlite3_stmt* raw() const { return statement_.get(); }
    Status bind(std::span<const Value> values, sqlite3_destructor_type copy) {
        reset();
        const int wanted = sqlite3_bind_parameter_count(raw());
        if (static_cast<int>(values.size()) != wanted) {
            return fail(ErrorCode::internal,
                        fmt::format("\"{}\" has {} parameters, not {}", sqlite3_sql(raw()), wanted, values.size()));
        }
        int index = 0;
        for (const Value& value : values) {
            const int result = std::visit([&](const auto& one) { return put(index + 1, one, copy); }, value);
            if (result != SQLITE_OK) return session_.failed(result, "cannot bind a value");
            ++index;
        }
        return {};
    }
    int put(int index, Null, sqlite3_destructor_type) { return sqlite3_bind_null(raw(), index); }
    int put(int index, std::int64_t value, sqlite3_destructor_type) { return sqlite3_bind_int64(raw(), index, value); }
    int put(int index, std::string_view value, sqlite3_destructor_type copy) {
        return sqlite3_bind_text64(raw(), index, value.data() == nullptr ? "" : value.data(), value.size(), copy,
                                   SQLITE_UTF8);
    }
    int put(int index, Blob value, sqlite3_destructor_type copy) {
        return sqlite3_bind_blob64(raw(), index, value.bytes.data() == nullptr ? "" : value.bytes.data(),
                                   value.bytes.size(), copy);
    }

    Session& session_;
    StatementHandle statement_;
    bool ended_ = false;
};

class SqliteConnection final : public Connection {
public:
    explicit SqliteConnection(Handle database) : session_{.database = std::move(database)} {}

    Dialect dialect() const override { return Dialect::sqlite; }
    bool usable() const override { return true; }

    Result<std::unique_ptr<PreparedStatement>> prepare(std::string_view sql, bool kept) override {
        if (sql.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
            return fail(ErrorCode::too_large, "a statement is too long");
        sqlite3_stmt* statement = nullptr;
        const char* rest = nullptr;
        const int result = sqlite3_prepare_v3(raw(), sql.data(), static_cast<int>(sql.size()),
                                              kept ? SQLITE_PREPARE_PERSISTENT : 0U, &statement, &rest);
        StatementHandle prepared(statement);
        if (result != SQLITE_OK) return session_.failed(result, fmt::format("cannot prepare \"{}\"", sql));
        if (statement == nullptr || !trim(sql.substr(static_cast<std::size_t>(rest - sql.data()))).empty())
            return fail(ErrorCode::internal, fmt::format("\"{}\" is not one statement", sql));
        return std::make_unique<SqliteStatement>(session_, std::move(prepared));
    }

    Status execute(std::string_view script, bool /*as_it_stands*/) override {
        if (session_.spoilt) return spoilt();
        const std::string text(script);
        const int result = sqlite3_exec(raw(), text.c_str(), nullptr, nullptr, nullptr);
        if (result == SQLITE_OK) return {};
        return session_.failed(result, fmt::format("cannot run \"{}\"", ellipsize(trim(text), 80)));
    }

    std::int64_t changed_rows() const override { return sqlite3_changes64(raw()); }
    std::int64_t last_key() const override { return sqlite3_last_insert_rowid(raw()); }
    Result<std::int64_t> now_ms() override {
        using namespace std::chrono;
        return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
    }

    Status begin(Writers /*all are held off*/) override {
        EC_TRY(execute("BEGIN IMMEDIATE", true));
        session_.in_transaction = true;
        return {};
    }
    Status commit() override {
        if (session_.spoilt) return spoilt();  // rolled back by the Transaction's end
        EC_TRY(execute("COMMIT", true));
        session_.in_transaction = false;
        return {};
    }
    void rollback() override {
        session_.in_transaction = session_.spoilt = false;
        static_cast<void>(execute("ROLLBACK", true));  // fails where SQLite has rolled back by itself
    }
    Status mark() override { return execute("SAVEPOINT ec_mark", true); }
    Status unmark() override { return execute("RELEASE ec_mark", true); }
    void rollback_to_mark() override {
        session_.spoilt = false;
        // Where SQLite has rolled everything back by itself this fails, and the transaction stays spoilt.
        static_cast<void>(execute("ROLLBACK TO ec_mark; RELEASE ec_mark", true));
    }

    Status notify(std::string_view /*channel*/) override { return {}; }
    Status listen(std::string_view /*channel*/) override { return no_notifications(); }
    Result<bool> wait_notification(std::chrono::milliseconds /*timeout*/) override { return no_notifications(); }

private:
    [[nodiscard]] sqlite3* raw() const { return session_.database.get(); }
    static std::unexpected<Error> no_notifications() {
        return fail(ErrorCode::unavailable, "SQLite tells nobody of changes");
    }

    Session session_;
};

}  // namespace

Result<std::unique_ptr<Connection>> open_sqlite(const std::string& name, const OpenOptions& options) {
    // SQLite's own count of its memory, which nobody reads, costs a lock at every allocation. Refused where somebody
    // has used SQLite before, and then it counts on.
    [[maybe_unused]] static const int uncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    // What a statement with triggers changes is kept in small pieces until it ends: the usual one of 64 KiB, made and
    // given back each time, sends malloc to tidy up.
    [[maybe_unused]] static const int pieces = sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, -1);
    sqlite3* raw = nullptr;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                      (name == ":memory:" ? SQLITE_OPEN_CREATE : 0);
    const int result = sqlite3_open_v2(name.c_str(), &raw, flags, nullptr);
    Handle database(raw);
    if (result != SQLITE_OK) return failure(raw, result, fmt::format("cannot open the database {}", name));
    EC_TRY(configure(raw, name, options));
    return std::make_unique<SqliteConnection>(std::move(database));
}

}  // namespace ec::sql
