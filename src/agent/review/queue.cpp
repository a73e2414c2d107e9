#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <ec/agent/review_queue.hpp>
#include <ec/core/text.hpp>
#include <ec/sql/sql.hpp>
#include <ec_embedded/ec_agent.hpp>

namespace ec::agent {
namespace {

namespace fs = std::filesystem;

// Of the one row of a statement, which is taken to its end: one that is under way would keep its transaction open.
Result<std::int64_t> only_number(sql::Statement& statement) {
    EC_TRY(statement.step());
    const std::int64_t number = statement.integer(0);
    EC_TRY(statement.step());
    return number;
}

const sql::Migration kSteps[] = {{1, "queue", embedded::queue_001_sql}};

constexpr std::string_view kColumns =
    "id, created_ms, workspace, task, why, test, package, package_key, state, note, reviewer, ticket, answer, edited, "
    "verdict, (SELECT coalesce(sum(micros), 0) FROM spending WHERE item = item.id), "
    "coalesce((SELECT currency FROM spending WHERE item = item.id ORDER BY id DESC LIMIT 1), '')";

Result<ReviewState> parse_state(std::string_view text) {
    for (const ReviewState state : {ReviewState::queued, ReviewState::sent, ReviewState::answered,
                                    ReviewState::accepted, ReviewState::rejected}) {
        if (text == name(state)) return state;
    }
    return fail(ErrorCode::corrupt, "an item of the review queue is in no known state");
}

Result<ReviewItem> read_item(const sql::Statement& row) {
    ReviewItem item;
    item.id = row.integer(0);
    item.created_ms = row.integer(1);
    item.workspace = row.text(2);
    item.task = row.text(3);
    EC_ASSIGN(item.why, parse_review_why(row.text(4)));
    item.test = row.text(5);
    item.package.text = row.text(6);
    item.package.key = row.text(7);
    EC_ASSIGN(item.state, parse_state(row.text(8)));
    item.note = row.text(9);
    item.reviewer = row.text(10);
    item.ticket = row.text(11);
    item.answer = row.text(12);
    item.edited = row.integer(13) != 0;
    item.verdict = row.text(14);
    item.spent = row.integer(15);
    item.currency = row.text(16);
    return item;
}

}  // namespace

std::string_view name(ReviewState state) {
    switch (state) {
        case ReviewState::queued:
            return "queued";
        case ReviewState::sent:
            return "sent";
        case ReviewState::answered:
            return "answered";
        case ReviewState::accepted:
            return "accepted";
        case ReviewState::rejected:
            return "rejected";
    }
    return {};
}

struct ReviewQueue::State {
    sql::Database database;
    Now now;

    [[nodiscard]] std::string today() const {
        const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(now()));
        return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                           static_cast<unsigned>(day.day()));
    }

    Result<Micros> spent_on(const std::string& day, const std::string& currency) {
        EC_ASSIGN(auto rows,
                  database.prepare("SELECT coalesce(sum(micros), 0) FROM spending WHERE day = ? AND currency = ?"));
        EC_TRY(rows.bind(day, currency));
        EC_TRY(rows.step());
        return rows.integer(0);
    }

    Status within(const Budget& budget, Micros most) {
        EC_ASSIGN(const Micros spent, spent_on(today(), budget.currency));
        if (most <= 0 || most <= budget.most_per_day - spent) return {};
        return fail(ErrorCode::denied,
                    fmt::format("this may cost {} {}, and {} of today's {} are spent", amount_text(most),
                                budget.currency, amount_text(spent), amount_text(budget.most_per_day)),
                    "wait for tomorrow (UTC), or raise max_spend_per_day in [review] of config.toml");
    }

    /// In a transaction of the caller, after within().
    Result<std::int64_t> reserve(std::optional<std::int64_t> item, const std::string& who, Micros most,
                                 const Budget& budget) {
        EC_ASSIGN(auto made, database.prepare("INSERT INTO spending (item, day, reviewer, currency, micros) "
                                              "VALUES (?, ?, ?, ?, ?) RETURNING id"));
        EC_TRY(made.bind(item, today(), who, budget.currency, most));
        return only_number(made);
    }

    Status read_regions(ReviewItem& item) {
        EC_ASSIGN(auto rows, database.prepare("SELECT path, first, last FROM region WHERE item = ? ORDER BY place"));
        EC_TRY(rows.bind(item.id));
        for (;;) {
            EC_ASSIGN(const bool row, rows.step());
            if (!row) return {};
            item.package.regions.push_back(
                {rows.text(0), static_cast<unsigned>(rows.integer(1)), static_cast<unsigned>(rows.integer(2))});
        }
    }

    Result<ReviewItem> get(std::int64_t id) {
        EC_ASSIGN(auto rows, database.prepare(fmt::format("SELECT {} FROM item WHERE id = ?", kColumns)));
        EC_TRY(rows.bind(id));
        EC_ASSIGN(const bool found, rows.step());
        if (!found)
            return fail(ErrorCode::not_found, fmt::format("there is no review {}", id), "see edgecoder review list");
        EC_ASSIGN(ReviewItem item, read_item(rows));
        EC_TRY(read_regions(item));
        return item;
    }

    /// Says why an UPDATE that asks for certain states changed no row.
    Status stepped(std::int64_t id, std::string_view wish) {
        if (database.changed_rows() == 1) return {};
        EC_ASSIGN(const ReviewItem item, get(id));
        return fail(ErrorCode::conflict, fmt::format("review {} is {} and cannot be {}", id, name(item.state), wish));
    }

    /// In a transaction of the caller.
    Status settle(std::int64_t id, std::int64_t reservation, Micros micros) {
        EC_TRY(database.run("UPDATE spending SET micros = ?, settled = 1 WHERE id = ? AND item = ? AND settled = 0",
                            micros, reservation, id));
        if (database.changed_rows() == 1) return {};
        return fail(ErrorCode::conflict, fmt::format("the cost of review {} is settled already", id));
    }

    Status back_to_queue(std::int64_t id, const std::string& reason) {
        EC_TRY(database.run("UPDATE item SET state = 'queued', ticket = '', note = ? WHERE id = ? AND state = 'sent'",
                            reason, id));
        return stepped(id, "queued again");
    }
};

ReviewQueue::ReviewQueue(std::unique_ptr<State> state) : state_(std::move(state)) {}
ReviewQueue::ReviewQueue(ReviewQueue&&) noexcept = default;
ReviewQueue& ReviewQueue::operator=(ReviewQueue&&) noexcept = default;
ReviewQueue::~ReviewQueue() = default;

Result<ReviewQueue> ReviewQueue::open(const fs::path& data_dir, Now now) {
    std::error_code error;
    fs::create_directories(data_dir.parent_path(), error);
    if (::mkdir(data_dir.c_str(), 0700) != 0 && errno != EEXIST)
        return fail(from_errno(fmt::format("cannot make {}", data_dir.string()), errno));
    EC_ASSIGN(sql::Database database, sql::Database::open(data_dir / "review.db"));
    EC_TRY(sql::migrate(database, kSteps));
    return ReviewQueue(std::make_unique<State>(std::move(database), std::move(now)));
}

Result<std::int64_t> ReviewQueue::add(const ReviewQuestion& question, const ReviewPackage& package) {
    sql::Database& database = state_->database;
    EC_ASSIGN(auto transaction, sql::Transaction::begin(database));
    const auto since = state_->now().time_since_epoch();
    EC_ASSIGN(auto made,
              database.prepare("INSERT INTO item (created_ms, workspace, task, why, test, package, package_key) "
                               "VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id"));
    EC_TRY(made.bind(std::chrono::duration_cast<std::chrono::milliseconds>(since).count(), question.workspace.string(),
                     question.task, name(question.why), question.test, package.text, package.key));
    EC_ASSIGN(const std::int64_t id, only_number(made));
    for (std::size_t i = 0; i < package.regions.size(); ++i) {
        const Region& region = package.regions[i];
        EC_TRY(database.run("INSERT INTO region (item, place, path, first, last) VALUES (?, ?, ?, ?, ?)", id, i,
                            region.path, region.first, region.last));
    }
    EC_TRY(transaction.commit());
    return id;
}

Result<ReviewItem> ReviewQueue::get(std::int64_t id) { return state_->get(id); }

Result<std::vector<ReviewItem>> ReviewQueue::list(std::optional<ReviewState> state, std::size_t limit) {
    EC_ASSIGN(auto rows,
              state_->database.prepare(fmt::format(
                  "SELECT {} FROM item WHERE ?1 IS NULL OR state = ?1 ORDER BY id DESC LIMIT ?2", kColumns)));
    EC_TRY(rows.bind(state ? std::optional(name(*state)) : std::nullopt, limit));
    std::vector<ReviewItem> items;
    for (;;) {
        EC_ASSIGN(const bool row, rows.step());
        if (!row) break;
        EC_ASSIGN(ReviewItem item, read_item(rows));
        items.push_back(std::move(item));
    }
    for (ReviewItem& item : items) EC_TRY(state_->read_regions(item));
    return items;
}

Result<Micros> ReviewQueue::spent_today(const std::string& currency) {
    return state_->spent_on(state_->today(), currency);
}

Result<std::int64_t> ReviewQueue::begin_sending(std::int64_t id, const std::string& reviewer, Micros most,
                                                const Budget& budget, bool again) {
    sql::Database& database = state_->database;
    EC_ASSIGN(auto transaction, sql::Transaction::begin(database));
    EC_TRY(state_->within(budget, most));
    EC_TRY(
        database.run("UPDATE item SET state = 'sent', reviewer = ?1, note = '', ticket = '' WHERE id = ?2 AND "
                     "(state = 'queued' OR (?3 AND state = 'sent' AND ticket = ''))",
                     reviewer, id, again));
    EC_TRY(state_->stepped(id, "sent"));
    EC_ASSIGN(const std::int64_t reservation, state_->reserve(id, reviewer, most, budget));
    EC_TRY(transaction.commit());
    return reservation;
}

Result<std::int64_t> ReviewQueue::reserve(const std::string& who, Micros most, const Budget& budget) {
    EC_ASSIGN(auto transaction, sql::Transaction::begin(state_->database));
    EC_TRY(state_->within(budget, most));
    EC_ASSIGN(const std::int64_t reservation, state_->reserve(std::nullopt, who, most, budget));
    EC_TRY(transaction.commit());
    return reservation;
}

Status ReviewQueue::settle(std::int64_t reservation, Micros cost) {
    return state_->database.run("UPDATE spending SET micros = ?, settled = 1 WHERE id = ? AND item IS NULL", cost,
                                reservation);
}

Status ReviewQueue::sending_failed(std::int64_t id, std::int64_t reservation, const std::string& reason, bool read) {
    EC_ASSIGN(auto transaction, sql::Transaction::begin(state_->database));
    EC_TRY(state_->back_to_queue(id, reason));
    if (!read) EC_TRY(state_->settle(id, reservation, 0));
    return transaction.commit();
}

Status ReviewQueue::taken(std::int64_t id, std::int64_t reservation, const std::string& ticket) {
    EC_ASSIGN(auto transaction, sql::Transaction::begin(state_->database));
    EC_TRY(state_->database.run("UPDATE item SET ticket = ? WHERE id = ? AND state = 'sent'", ticket, id));
    EC_TRY(state_->stepped(id, "taken"));
    EC_TRY(state_->database.run("UPDATE spending SET settled = 1 WHERE id = ? AND item = ?", reservation, id));
    return transaction.commit();
}

Status ReviewQueue::unusable(std::int64_t id, std::int64_t reservation, Micros cost, const std::string& reason) {
    EC_ASSIGN(auto transaction, sql::Transaction::begin(state_->database));
    EC_TRY(state_->back_to_queue(id, reason));
    EC_TRY(state_->settle(id, reservation, cost));
    return transaction.commit();
}

Status ReviewQueue::answered(std::int64_t id, std::optional<std::int64_t> reservation, Micros cost,
                             const std::string& answer, const std::string& note) {
    EC_ASSIGN(auto transaction, sql::Transaction::begin(state_->database));
    EC_TRY(
        state_->database.run("UPDATE item SET state = 'answered', ticket = '', answer = ?, note = ?, edited = 0, "
                             "verdict = '' WHERE id = ? AND state = 'sent'",
                             answer, note, id));
    EC_TRY(state_->stepped(id, "answered"));
    if (reservation) EC_TRY(state_->settle(id, *reservation, cost));
    return transaction.commit();
}

Status ReviewQueue::edit(std::int64_t id, const std::string& answer) {
    if (answer.size() > kMostAnswer)
        return fail(ErrorCode::too_large, fmt::format("an answer has at most {} bytes", kMostAnswer));
    EC_TRY(state_->database.run(
        "UPDATE item SET answer = ?, edited = 1, verdict = '' WHERE id = ? AND state = 'answered'", answer, id));
    return state_->stepped(id, "edited");
}

Status ReviewQueue::judged(std::int64_t id, const ReviewVerdict& verdict) {
    EC_TRY(state_->database.run("UPDATE item SET verdict = ? WHERE id = ? AND state = 'answered'", verdict.text(), id));
    return state_->stepped(id, "judged");
}

Status ReviewQueue::accept(std::int64_t id) {
    EC_TRY(state_->database.run("UPDATE item SET state = 'accepted' WHERE id = ? AND state = 'answered'", id));
    return state_->stepped(id, "accepted");
}

Status ReviewQueue::reject(std::int64_t id) {
    EC_TRY(state_->database.run(
        "UPDATE item SET state = 'rejected', ticket = '' WHERE id = ? AND state IN ('queued', 'sent', 'answered')",
        id));
    return state_->stepped(id, "rejected");
}

}  // namespace ec::agent
