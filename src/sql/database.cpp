#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <ec/core/fd.hpp>

#include "driver.hpp"

namespace ec::sql {
namespace {

constexpr std::string_view kInDoubt = "the connection to the database was lost in a commit, which may have happened";

// SQLite would make it readable for everybody whom the umask lets; its side files take the mode of this one.
Status make_private(const std::filesystem::path& file) {
    const UniqueFd made(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (made.valid() || errno == EEXIST) return {};
    return fail(from_errno(fmt::format("cannot make {}", file.string()), errno));
}

}  // namespace

bool in_doubt(const Error& error) { return error.code == ErrorCode::timeout && error.message == kInDoubt; }

std::unexpected<Error> commit_in_doubt() {
    return fail(ErrorCode::timeout, std::string(kInDoubt), "ask again with the same key");
}

std::unexpected<Error> spoilt() {
    return fail(ErrorCode::conflict, "a statement of this transaction failed, and nothing of it happened");
}

// --- Database

Database::Database(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
Database::Database(Database&&) noexcept = default;
Database::~Database() = default;

Database& Database::operator=(Database&& other) noexcept {
    cached_ = std::move(other.cached_);  // the old statements end before their connection
    connection_ = std::move(other.connection_);
    return *this;
}

Result<Database> Database::open(const std::filesystem::path& file, const OpenOptions& options) {
    // An absolute name is never taken for ":memory:".
    std::error_code error;
    const std::filesystem::path absolute = std::filesystem::absolute(file, error);
    if (error || file.empty()) return fail(ErrorCode::invalid_argument, "a database needs a file name");
    EC_TRY(make_private(absolute));
    EC_ASSIGN(auto connection, open_sqlite(absolute.string(), options));
    return Database(std::move(connection));
}

Result<Database> Database::open_in_memory() {
    EC_ASSIGN(auto connection, open_sqlite(":memory:", {}));
    return Database(std::move(connection));
}

Result<Database> Database::connect(std::string_view url, const ConnectOptions& options) {
    EC_ASSIGN(auto connection, connect_postgres(url, options));
    return Database(std::move(connection));
}

Dialect Database::dialect() const { return connection_->dialect(); }
bool Database::usable() const { return connection_->usable(); }

Result<Statement> Database::prepare(std::string_view sql) {
    EC_ASSIGN(auto prepared, connection_->prepare(sql, false));
    return Statement(std::move(prepared));
}

Result<Statement*> Database::cached(std::string_view sql) {
    const auto found = cached_.find(sql);
    if (found != cached_.end()) {
        found->second->prepared_->reset();
        return found->second.get();
    }
    EC_ASSIGN(auto prepared, connection_->prepare(sql, true));
    std::unique_ptr<Statement> statement(new Statement(std::move(prepared)));
    return cached_.emplace(std::string(sql), std::move(statement)).first->second.get();
}

Result<std::optional<std::int64_t>> Database::insert_all(std::string_view sql, std::string_view key,
                                                         std::span<const Value> values) {
    std::int64_t made = 0;
    if (dialect() == Dialect::sqlite) {
        EC_ASSIGN(Statement * statement, cached(sql));
        EC_TRY(statement->run_all(values));
        made = connection_->last_key();
    } else {
        EC_ASSIGN(Statement * statement, cached(fmt::format("{} RETURNING {}", sql, key)));
        EC_TRY(statement->bind_all(values));
        EC_ASSIGN(bool row, statement->step());
        if (row) made = statement->integer(0);
        while (row) {
            EC_ASSIGN(row, statement->step());
        }
    }
    return changed_rows() > 0 ? std::optional(made) : std::nullopt;
}

void Database::end_cached_rows() {
    for (auto& [text, statement] : cached_) statement->prepared_->end_rows();
}

Status Database::execute(std::string_view script) { return connection_->execute(script, false); }
Status Database::execute_as_it_stands(std::string_view script) { return connection_->execute(script, true); }
std::int64_t Database::changed_rows() const { return connection_->changed_rows(); }
Result<std::int64_t> Database::now_ms() { return connection_->now_ms(); }
Status Database::notify(std::string_view channel) { return connection_->notify(channel); }
Status Database::listen(std::string_view channel) { return connection_->listen(channel); }
Result<bool> Database::wait_notification(std::chrono::milliseconds timeout) {
    return connection_->wait_notification(timeout);
}

// --- Statement

Statement::Statement(std::unique_ptr<PreparedStatement> prepared) : prepared_(std::move(prepared)) {}
Statement::Statement(Statement&& other) noexcept = default;
Statement& Statement::operator=(Statement&& other) noexcept = default;
Statement::~Statement() = default;

Status Statement::bind_all(std::span<const Value> values) { return prepared_->bind(values); }
Result<bool> Statement::step() { return prepared_->step(); }

Status Statement::run_all(std::span<const Value> values) { return prepared_->run(values); }

std::int64_t Statement::integer(int column) const { return prepared_->integer(column); }
std::string Statement::text(int column) const { return prepared_->text(column); }
bool Statement::is_null(int column) const { return prepared_->is_null(column); }
int Statement::columns() const { return prepared_->columns(); }

// --- Transaction and Savepoint

Result<Transaction> Transaction::begin(Database& database, Writers writers) {
    EC_TRY(database.connection_->begin(writers));
    return Transaction(database);
}

Transaction::~Transaction() {
    if (database_ == nullptr) return;
    database_->end_cached_rows();
    database_->connection_->rollback();
}

Status Transaction::commit() {
    if (database_ == nullptr) return fail(ErrorCode::internal, "this transaction has ended");
    database_->end_cached_rows();
    EC_TRY(database_->connection_->commit());
    database_ = nullptr;
    return {};
}

Result<Savepoint> Savepoint::begin(Database& database) {
    EC_TRY(database.connection_->mark());
    return Savepoint(database);
}

Savepoint::~Savepoint() {
    if (database_ == nullptr) return;
    database_->end_cached_rows();
    database_->connection_->rollback_to_mark();
}

Status Savepoint::keep() {
    if (database_ == nullptr) return fail(ErrorCode::internal, "this savepoint has ended");
    EC_TRY(database_->connection_->unmark());
    database_ = nullptr;
    return {};
}

}  // namespace ec::sql
