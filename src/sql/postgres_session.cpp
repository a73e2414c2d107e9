#include "postgres_session.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <ec/core/text.hpp>

#include "driver.hpp"

namespace ec::sql {
namespace {

using Clock = std::chrono::steady_clock;

// One number that all programs of ours take, in each database of its own: who holds it is the only writer.
constexpr std::string_view kOneWriter = "SELECT pg_advisory_xact_lock(7310592468117)";

/// By SQLSTATE (PostgreSQL's Appendix A); the codes that SQLite gives for the same.
ErrorCode code_of(std::string_view state) {
    struct Row {
        std::string_view prefix;
        ErrorCode code;
    };
    static constexpr Row kCodes[] = {
        {"22021", ErrorCode::invalid_argument},  // a text with a zero byte, or that is no UTF-8
        {"22", ErrorCode::conflict},
        {"23", ErrorCode::conflict},
        {"42804", ErrorCode::conflict},  // a value of another type than the column's
        {"P0001", ErrorCode::conflict},  // a trigger refuses
        {"40", ErrorCode::timeout},      // serialization, deadlock
        {"55P03", ErrorCode::timeout},
        {"57014", ErrorCode::timeout},
        {"25006", ErrorCode::unavailable},  // the primary has become a standby
        {"25P03", ErrorCode::unavailable},
        {"57", ErrorCode::unavailable},
        {"08", ErrorCode::unavailable},
        {"53300", ErrorCode::unavailable},
        {"53100", ErrorCode::storage_full},
        {"53", ErrorCode::io},
        {"58", ErrorCode::io},
        {"28", ErrorCode::denied},
        {"42501", ErrorCode::denied},
        {"54", ErrorCode::too_large},
        {"XX001", ErrorCode::corrupt},
        {"XX002", ErrorCode::corrupt},
    };
    for (const Row& row : kCodes) {
        if (state.starts_with(row.prefix)) return row.code;
    }
    return ErrorCode::internal;
}

std::string remedy_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::timeout:
            return "another program has the database in use; try again";
        case ErrorCode::unavailable:
            return "see that the database server runs and that DATABASE_URL names it; try again";
        case ErrorCode::storage_full:
            return "make room on the disk of the database server";
        case ErrorCode::denied:
            return "look at what the database's user may do";
        default:
            return {};
    }
}

bool is_url(std::string_view url) {
    return url.starts_with("postgres://") || url.starts_with("postgresql://") || url.contains('=');
}

Status check_url(const Libpq& pq, const std::string& url) {
    char* words = nullptr;
    PQconninfoOption* parsed = pq.PQconninfoParse(url.c_str(), &words);
    pq.PQfreemem(words);  // they may quote the password
    const bool good = parsed != nullptr && is_url(url);
    pq.PQconninfoFree(parsed);
    if (good) return {};
    return fail(ErrorCode::invalid_argument, "the URL of the database cannot be read",
                "write postgres://USER:PASSWORD@HOST:PORT/DATABASE");
}

std::string one_line(const char* words) {
    std::string text(trim(words));
    std::ranges::replace(text, '\n', ' ');
    return text;
}

}  // namespace

PostgresSession::PostgresSession(const Libpq& pq, PGconn* connection, const ConnectOptions& options)
    : pq_(pq), connection_(connection), options_(options) {
    pq_.PQsetNoticeReceiver(connection_, &PostgresSession::on_notice, this);
    pq_.PQsetnonblocking(connection_, 1);
}

PostgresSession::~PostgresSession() {
    if (connection_ != nullptr) pq_.PQfinish(connection_);
}

Result<std::unique_ptr<PostgresSession>> PostgresSession::connect(std::string_view url, const ConnectOptions& options) {
    EC_ASSIGN(const Libpq* pq, libpq());
    const std::string text(url);
    EC_TRY(check_url(*pq, text));
    const std::string seconds = std::to_string(options.connect_timeout.count());
    // What the URL says counts over what stands before it. A machine that is there acknowledges packets at once,
    // however long its server takes to answer; one that is cut off is noticed in ten seconds.
    const std::pair<const char*, const char*> words[] = {{"connect_timeout", seconds.c_str()},
                                                         {"target_session_attrs", "read-write"},
                                                         {"keepalives_idle", "5"},
                                                         {"keepalives_interval", "2"},
                                                         {"keepalives_count", "3"},
                                                         {"tcp_user_timeout", "10000"},
                                                         {"application_name", "edgecoder"},
                                                         {"client_encoding", "UTF8"},
                                                         {"dbname", text.c_str()}};
    const char* keys[std::size(words) + 1] = {};
    const char* values[std::size(words) + 1] = {};
    for (std::size_t i = 0; i < std::size(words); ++i) std::tie(keys[i], values[i]) = words[i];
    PGconn* connection = pq->PQconnectdbParams(keys, values, 1);
    if (connection == nullptr) return fail(ErrorCode::unavailable, "there is no memory for a connection");
    std::unique_ptr<PostgresSession> session(new PostgresSession(*pq, connection, options));
    if (pq->PQstatus(connection) != CONNECTION_OK) {
        return fail(ErrorCode::unavailable,
                    fmt::format("cannot reach the database: {}", one_line(pq->PQerrorMessage(connection))),
                    remedy_of(ErrorCode::unavailable));
    }
    // A program that hangs or is cut off must not hold its locks for ever; what is acknowledged must be on the disk.
    EC_TRY(session->run(
        fmt::format("SET client_min_messages = warning; SET standard_conforming_strings = on; SET lock_timeout = {}; "
                    "SET idle_in_transaction_session_timeout = {}; SET tcp_keepalives_idle = 5; "
                    "SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3; "
                    "SELECT set_config('synchronous_commit', 'on', false) "
                    "WHERE current_setting('synchronous_commit') = 'off'",
                    options.lock_timeout.count(), options.answer_timeout.count()),
        "cannot set up the connection"));
    return session;
}

void PostgresSession::on_notice(void* self, const PGresult* notice) {
    auto& session = *static_cast<PostgresSession*>(self);
    const char* severity = session.pq_.PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (severity != nullptr && std::string_view(severity) == "WARNING") session.warned_ = true;
}

std::unexpected<Error> PostgresSession::lost() {
    return fail(ErrorCode::unavailable, "the connection to the database is lost", remedy_of(ErrorCode::unavailable));
}

std::unexpected<Error> PostgresSession::lose() {
    pq_.PQfinish(connection_);
    connection_ = nullptr;
    in_transaction_ = false;
    return lost();
}

Result<bool> PostgresSession::wait(short events, Deadline deadline) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left < 0) return false;
        pollfd socket{.fd = pq_.PQsocket(connection_), .events = events, .revents = 0};
        const int ready = ::poll(&socket, 1, static_cast<int>(left));
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return lose();
        if (ready == 0 && left == 0) return false;
    }
}

Status PostgresSession::send_all(Deadline deadline) {
    for (;;) {
        const int more = pq_.PQflush(connection_);
        if (more == 0) return {};
        if (more < 0) return lose();
        EC_ASSIGN(const bool ready, wait(POLLIN | POLLOUT, deadline));
        // What the server says meanwhile is taken in, or both sides would wait for each other.
        if (!ready || pq_.PQconsumeInput(connection_) != 1) return lose();
    }
}

Result<PostgresSession::Rows> PostgresSession::answer(std::string_view what) {
    const Deadline deadline = Clock::now() + options_.answer_timeout;
    EC_TRY(send_all(deadline));
    Rows last(nullptr, Clear{&pq_});
    bool failed = false;
    for (;;) {
        while (pq_.PQisBusy(connection_) == 1) {
            EC_ASSIGN(const bool ready, wait(POLLIN, deadline));
            if (!ready || pq_.PQconsumeInput(connection_) != 1) return lose();
        }
        Rows next(pq_.PQgetResult(connection_), Clear{&pq_});
        if (next == nullptr) break;
        const ExecStatusType status = pq_.PQresultStatus(next.get());
        if (failed) continue;
        failed = status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK;
        last = std::move(next);
    }
    if (last == nullptr) return lose();
    return check(std::move(last), what);
}

Result<PostgresSession::Rows> PostgresSession::check(Rows rows, std::string_view what) {
    const ExecStatusType status = pq_.PQresultStatus(rows.get());
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
        const std::string_view tag = pq_.PQcmdStatus(rows.get());
        if (tag.starts_with("INSERT") || tag.starts_with("UPDATE") || tag.starts_with("DELETE"))
            changed_rows = std::strtoll(pq_.PQcmdTuples(rows.get()), nullptr, 10);
        return rows;
    }
    const auto field = [&](int which) {
        const char* words = pq_.PQresultErrorField(rows.get(), which);
        return std::string(words == nullptr ? "" : words);
    };
    const std::string state = field(PG_DIAG_SQLSTATE);
    spoilt_ = spoilt_ || in_transaction_;
    // A primary that has become a standby stays one: the next connection finds the new one.
    if (state.empty() || state == "25006" || pq_.PQstatus(connection_) == CONNECTION_BAD) return lose();
    if (state == "25P02") return spoilt();
    const ErrorCode code = code_of(state);
    return fail(code, fmt::format("{}: {}", what, one_line(field(PG_DIAG_MESSAGE_PRIMARY).c_str())), remedy_of(code));
}

Result<PostgresSession::Rows> PostgresSession::run(const std::string& script, std::string_view what) {
    return ask([&](PGconn* connection) { return pq_.PQsendQuery(connection, script.c_str()); }, what);
}

// --- transactions

Status PostgresSession::begin(Writers writers) {
    const std::string start = "BEGIN ISOLATION LEVEL READ COMMITTED";
    auto begun = run(writers == Writers::one ? fmt::format("{}; {}", start, kOneWriter) : start, "cannot begin");
    if (!begun) {
        rollback();
        return fail(std::move(begun).error());
    }
    in_transaction_ = true;
    spoilt_ = false;
    return {};
}

Status PostgresSession::commit() {
    if (!usable()) return lost();
    if (spoilt_) return spoilt();  // rolled back by the Transaction's end
    warned_ = false;
    auto committed = run("COMMIT", "cannot commit");
    if (!committed && !usable()) return commit_in_doubt();
    if (!committed) return fail(std::move(committed).error());
    in_transaction_ = false;
    if (std::string_view(pq_.PQcmdStatus(committed->get())) == "ROLLBACK") return spoilt();
    // Somebody cancelled the wait for the standby: it is on one machine only, and a failover would undo it.
    if (warned_) return commit_in_doubt();
    return {};
}

void PostgresSession::rollback() {
    in_transaction_ = false;
    if (usable() && !run("ROLLBACK", "cannot roll back") && usable()) static_cast<void>(lose());
}

Status PostgresSession::mark() {
    EC_TRY(run("SAVEPOINT ec_mark", "cannot set a savepoint"));
    return {};
}

Status PostgresSession::unmark() {
    if (spoilt_) return spoilt();
    EC_TRY(run("RELEASE ec_mark", "cannot keep a savepoint"));
    return {};
}

void PostgresSession::rollback_to_mark() {
    if (!usable()) return;
    if (run("ROLLBACK TO ec_mark; RELEASE ec_mark", "cannot go back to a savepoint")) spoilt_ = false;
}

Result<bool> PostgresSession::wait_notification(std::chrono::milliseconds timeout) {
    if (!usable()) return lost();
    const Deadline deadline = Clock::now() + timeout;
    for (;;) {
        bool told = false;
        while (PGnotify* one = pq_.PQnotifies(connection_)) {
            told = true;
            pq_.PQfreemem(one);
        }
        if (told) return true;
        EC_ASSIGN(const bool ready, wait(POLLIN, deadline));
        if (!ready) return false;
        if (pq_.PQconsumeInput(connection_) != 1) return lose();
    }
}

}  // namespace ec::sql
