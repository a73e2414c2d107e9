#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <ec/core/fd.hpp>
#include <ec/core/text.hpp>
#include <ec/sql/sql.hpp>
#include <limits>

namespace ec::sql {
namespace {

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
        case SQLITE_IOERR:
        case SQLITE_FULL:
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

// SQLite would make it readable for everybody whom the umask lets; its side files take the mode of this one.
Status make_private(const std::filesystem::path& file) {
    const UniqueFd made(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (made.valid() || errno == EEXIST) return {};
    return fail(from_errno(fmt::format("cannot make {}", file.string()), errno));
}

// Says what the connection holds to before any statement of ours; the first look at the file is here too.
Status configure(sqlite3* database, const std::string& name, const OpenOptions& options) {
    sqlite3_extended_result_codes(database, 1);
    sqlite3_busy_timeout(database, static_cast<int>(options.busy_timeout.count()));
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr);
    const int result =
        sqlite3_exec(database, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON;",
                     nullptr, nullptr, nullptr);
    if (result != SQLITE_OK) return failure(database, result, fmt::format("cannot use the database {}", name));
    if (sqlite3_db_readonly(database, "main") == 1) {
        return fail(ErrorCode::denied, fmt::format("the database {} cannot be written", name),
                    remedy_of(ErrorCode::denied));
    }
    return {};
}

}  // namespace

// --- Database

void Database::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

Database::Database(sqlite3* database) : database_(database) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Database> Database::connect(const std::string& name, const OpenOptions& options) {
    sqlite3* raw = nullptr;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                      (name == ":memory:" ? SQLITE_OPEN_CREATE : 0);
    const int result = sqlite3_open_v2(name.c_str(), &raw, flags, nullptr);
    Database database(raw);
    if (result != SQLITE_OK) return failure(raw, result, fmt::format("cannot open the database {}", name));
    EC_TRY(configure(raw, name, options));
    return database;
}

Result<Database> Database::open(const std::filesystem::path& file, const OpenOptions& options) {
    // An absolute name is never taken for ":memory:".
    std::error_code error;
    const std::filesystem::path absolute = std::filesystem::absolute(file, error);
    if (error || file.empty()) return fail(ErrorCode::invalid_argument, "a database needs a file name");
    EC_TRY(make_private(absolute));
    return connect(absolute.string(), options);
}

Result<Database> Database::open_in_memory() { return connect(":memory:", {}); }

Result<Statement> Database::prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    const char* rest = nullptr;
    if (sql.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
        return fail(ErrorCode::too_large, "a statement is too long");
    const int result = sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()), &statement, &rest);
    Statement prepared(database_.get(), statement);
    if (result != SQLITE_OK) return failure(database_.get(), result, fmt::format("cannot prepare \"{}\"", sql));
    if (statement == nullptr || !trim(sql.substr(static_cast<std::size_t>(rest - sql.data()))).empty())
        return fail(ErrorCode::internal, fmt::format("\"{}\" is not one statement", sql));
    return prepared;
}

Result<Statement*> Database::cached(std::string_view sql) {
    const auto found = cached_.find(sql);
    if (found != cached_.end()) return found->second.get();
    EC_ASSIGN(Statement statement, prepare(sql));
    return cached_.emplace(std::string(sql), std::make_unique<Statement>(std::move(statement))).first->second.get();
}

Status Database::execute(std::string_view script) {
    const std::string text(script);
    const int result = sqlite3_exec(database_.get(), text.c_str(), nullptr, nullptr, nullptr);
    if (result != SQLITE_OK) {
        return failure(database_.get(), result, fmt::format("cannot run \"{}\"", ellipsize(trim(text), 80)));
    }
    return {};
}

std::int64_t Database::changed_rows() const { return sqlite3_changes64(database_.get()); }
std::int64_t Database::last_row_id() const { return sqlite3_last_insert_rowid(database_.get()); }

// --- Statement

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_), statement_(std::exchange(other.statement_, nullptr)) {}

Statement& Statement::operator=(Statement&& other) noexcept {
    std::swap(database_, other.database_);
    std::swap(statement_, other.statement_);
    return *this;
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Status Statement::begin_binding(std::size_t count) {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
    const int wanted = sqlite3_bind_parameter_count(statement_);
    if (static_cast<int>(count) == wanted) return {};
    return fail(ErrorCode::internal,
                fmt::format("\"{}\" has {} parameters, not {}", sqlite3_sql(statement_), wanted, count));
}

Status Statement::put(int index, std::int64_t value) {
    const int result = sqlite3_bind_int64(statement_, index, value);
    if (result != SQLITE_OK) return failure(database_, result, "cannot bind a number");
    return {};
}

Status Statement::put(int index, std::string_view value) {
    const int result = sqlite3_bind_text64(statement_, index, value.data() == nullptr ? "" : value.data(), value.size(),
                                           SQLITE_TRANSIENT, SQLITE_UTF8);
    if (result != SQLITE_OK) return failure(database_, result, "cannot bind a text");
    return {};
}

Status Statement::put(int index, Blob value) {
    const int result = sqlite3_bind_blob64(statement_, index, value.bytes.data() == nullptr ? "" : value.bytes.data(),
                                           value.bytes.size(), SQLITE_TRANSIENT);
    if (result != SQLITE_OK) return failure(database_, result, "cannot bind bytes");
    return {};
}

Status Statement::put_null(int index) {
    const int result = sqlite3_bind_null(statement_, index);
    if (result != SQLITE_OK) return failure(database_, result, "cannot bind NULL");
    return {};
}

Result<bool> Statement::step() {
    const int result = sqlite3_step(statement_);
    if (result == SQLITE_ROW) return true;
    if (result == SQLITE_DONE) return false;
    std::unexpected<Error> error = failure(database_, result, "the database refuses");
    sqlite3_reset(statement_);  // an open read would keep others from writing
    return error;
}

Status Statement::finish() {
    for (;;) {
        EC_ASSIGN(const bool row, step());
        if (!row) break;
    }
    sqlite3_reset(statement_);
    return {};
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Statement::text(int column) const {
    const void* bytes = sqlite3_column_blob(statement_, column);
    const int size = sqlite3_column_bytes(statement_, column);
    return bytes == nullptr ? std::string()
                            : std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

bool Statement::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

// --- Transaction

Result<Transaction> Transaction::begin(Database& database) {
    EC_TRY(database.run("BEGIN IMMEDIATE"));
    return Transaction(database);
}

Transaction::~Transaction() {
    if (database_ != nullptr) static_cast<void>(database_->run("ROLLBACK"));
}

Status Transaction::commit() {
    if (database_ == nullptr) return fail(ErrorCode::internal, "this transaction has ended");
    EC_TRY(database_->run("COMMIT"));
    database_ = nullptr;
    return {};
}

}  // namespace ec::sql
