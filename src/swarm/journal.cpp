#include "journal.hpp"

#include <array>
#include <ec/swarm/protocol.hpp>

namespace ec::swarm {
namespace {

constexpr std::array<sql::Migration, 2> kSteps{{{1, "undelivered results",
                                                 R"(
CREATE TABLE undelivered (
  number INTEGER PRIMARY KEY,
  task TEXT NOT NULL,
  fence INTEGER NOT NULL,
  report TEXT NOT NULL,
  UNIQUE (task, fence)
) STRICT)"},
                                                {2, "leases in hand",
                                                 R"(
CREATE TABLE in_hand (
  task TEXT NOT NULL,
  fence INTEGER NOT NULL,
  PRIMARY KEY (task, fence)
) STRICT, WITHOUT ROWID)"}}};

constexpr const char* kNotInHand = "DELETE FROM in_hand WHERE task = ?1 AND fence = ?2";

}  // namespace

ResultJournal::ResultJournal(sql::Database database)
    : mutex_(std::make_unique<std::mutex>()), database_(std::move(database)) {}

Result<ResultJournal> ResultJournal::open(const std::filesystem::path& file) {
    EC_ASSIGN(sql::Database database, sql::Database::open(file));
    EC_TRY(sql::migrate(database, kSteps));
    return ResultJournal(std::move(database));
}

Status ResultJournal::put(const Report& report) {
    const std::scoped_lock lock(*mutex_);
    EC_ASSIGN(sql::Transaction change, sql::Transaction::begin(database_));
    EC_TRY(database_.run("DELETE FROM undelivered WHERE task = ?1 AND fence = ?2", report.task.text(),
                         report.fence.value));
    EC_TRY(database_.run("INSERT INTO undelivered (task, fence, report) VALUES (?1, ?2, ?3)", report.task.text(),
                         report.fence.value, write(std::vector<Report>{report})));
    EC_TRY(database_.run(kNotInHand, report.task.text(), report.fence.value));
    return change.commit();
}

Status ResultJournal::begin(const TaskId& task, Fence fence) {
    const std::scoped_lock lock(*mutex_);
    return database_.run("INSERT INTO in_hand (task, fence) VALUES (?1, ?2) ON CONFLICT DO NOTHING", task.text(),
                         fence.value);
}

Result<std::vector<Held>> ResultJournal::in_hand() {
    const std::scoped_lock lock(*mutex_);
    std::vector<Held> out;
    EC_ASSIGN(sql::Statement rows, database_.prepare("SELECT task, fence FROM in_hand ORDER BY task, fence"));
    EC_TRY(rows.bind());
    for (;;) {
        EC_ASSIGN(const bool more, rows.step());
        if (!more) break;
        auto task = TaskId::parse(rows.text(0));
        if (task) out.push_back({.task = *std::move(task), .fence = {rows.integer(1)}, .progress = {}});
    }
    return out;
}

Status ResultJournal::remove(const TaskId& task, Fence fence) {
    const std::scoped_lock lock(*mutex_);
    EC_ASSIGN(sql::Transaction change, sql::Transaction::begin(database_));
    EC_TRY(database_.run("DELETE FROM undelivered WHERE task = ?1 AND fence = ?2", task.text(), fence.value));
    EC_TRY(database_.run(kNotInHand, task.text(), fence.value));
    return change.commit();
}

Result<std::vector<Report>> ResultJournal::all() {
    const std::scoped_lock lock(*mutex_);
    std::vector<Report> out;
    std::vector<std::int64_t> broken;
    EC_ASSIGN(sql::Statement rows, database_.prepare("SELECT number, report FROM undelivered ORDER BY number"));
    EC_TRY(rows.bind());
    for (;;) {
        EC_ASSIGN(const bool more, rows.step());
        if (!more) break;
        auto reports = read_reports(rows.text(1));
        if (reports && reports->reports.size() == 1)
            out.push_back(std::move(reports->reports.front()));
        else
            broken.push_back(rows.integer(0));
    }
    for (const std::int64_t number : broken) EC_TRY(database_.run("DELETE FROM undelivered WHERE number = ?1", number));
    return out;
}

}  // namespace ec::swarm
