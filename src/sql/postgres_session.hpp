// One connection to PostgreSQL: sends, waits with a deadline, and turns what comes back into rows or an Error.
//
// Every wait has an end, and none ends by cancelling: a connection that does not answer in time is given up instead.
#pragma once

#include <ec/sql/sql.hpp>

#include "libpq.hpp"

namespace ec::sql {

class PostgresSession {
public:
    struct Clear {
        const Libpq* pq = nullptr;
        void operator()(PGresult* result) const { pq->PQclear(result); }
    };
    using Rows = std::unique_ptr<PGresult, Clear>;

    static Result<std::unique_ptr<PostgresSession>> connect(std::string_view url, const ConnectOptions& options);
    ~PostgresSession();
    PostgresSession(const PostgresSession&) = delete;
    PostgresSession& operator=(const PostgresSession&) = delete;

    [[nodiscard]] const Libpq& pq() const { return pq_; }
    [[nodiscard]] bool usable() const { return connection_ != nullptr; }

    /// Calls `send`, one of libpq's PQsend… functions with the connection, and waits for all that comes back; the last
    /// result, or the first that failed.
    template <class Send>
    Result<Rows> ask(Send send, std::string_view what) {
        if (!usable()) return lost();
        if (send(connection_) != 1) return lose();
        return answer(what);
    }
    /// Statements without parameters.
    Result<Rows> run(const std::string& script, std::string_view what);

    Status begin(Writers writers);
    Status commit();
    void rollback();
    Status mark();
    Status unmark();
    void rollback_to_mark();
    /// Whether anybody told on a channel that is listened to.
    Result<bool> wait_notification(std::chrono::milliseconds timeout);

    std::int64_t changed_rows = 0;

private:
    using Deadline = std::chrono::steady_clock::time_point;
    PostgresSession(const Libpq& pq, PGconn* connection, const ConnectOptions& options);
    Result<Rows> answer(std::string_view what);
    Result<Rows> check(Rows rows, std::string_view what);
    Status send_all(Deadline deadline);
    /// False when the time is over first.
    Result<bool> wait(short events, Deadline deadline);
    std::unexpected<Error> lose();
    static std::unexpected<Error> lost();
    static void on_notice(void* self, const PGresult* notice);

    const Libpq& pq_;
    PGconn* connection_;
    ConnectOptions options_;
    bool in_transaction_ = false;
    bool spoilt_ = false;  ///< a statement failed in the open transaction
    bool warned_ = false;  ///< by the server, since it was set to false
};

}  // namespace ec::sql
