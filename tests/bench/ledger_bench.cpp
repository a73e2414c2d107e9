// What a verified task costs in the books: ledger_bench [TASKS] [GROUP] prints microseconds of processor time for hold,
// pay and release together, GROUP tasks in a transaction, on a new database in $TMPDIR; then the full audit.
#include <fmt/format.h>

#include <cstdlib>
#include <ctime>
#include <ec/core/fs.hpp>
#include <ec/ledger/books.hpp>

namespace {

using namespace ec;

constexpr std::int64_t kPrice = 1000;
constexpr int kSubmitters = 50;
constexpr int kWorkers = 200;

[[noreturn]] void stop(const Error& error) {
    fmt::print(stderr, "failed: {}\n", error.message);
    std::exit(1);
}

template <class T>
T must(Result<T> result) {
    if (!result) stop(result.error());
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}

double microseconds(std::clock_t from) { return 1e6 * static_cast<double>(std::clock() - from) / CLOCKS_PER_SEC; }

void open_accounts(sql::Database& database, ledger::Books& books) {
    sql::Transaction transaction = must(sql::Transaction::begin(database));
    for (int i = 0; i < kSubmitters; ++i)
        must(books.open_account(fmt::format("submitter-{}", i), ledger::AccountKind::user, std::nullopt));
    for (int i = 0; i < kWorkers; ++i)
        must(books.open_account(fmt::format("worker-{}", i), ledger::AccountKind::user, ledger::Credits()));
    must(transaction.commit());
}

void settle(ledger::Books& books, int task) {
    const std::string name = fmt::format("0193a1b2-0000-7000-8000-{:012}", task);
    must(books.hold(name, fmt::format("submitter-{}", task % kSubmitters), ledger::Credits::milli(kPrice), 0));
    must(books.pay(name, name, fmt::format("worker-{}", task % kWorkers), ledger::Credits::milli(kPrice), 0));
    must(books.release(name));
}

}  // namespace

int main(int argc, char** argv) {
    const int tasks = argc > 1 ? std::atoi(argv[1]) : 100'000;
    const int group = argc > 2 ? std::atoi(argv[2]) : 256;
    const TempDir dir = must(TempDir::create());
    sql::Database database = must(sql::Database::open(dir.path() / "books.db"));
    must(sql::migrate(database, "ledger", ledger::ledger_migrations()));
    ledger::Books books(database);
    open_accounts(database, books);

    double inside = 0;
    const std::clock_t start = std::clock();
    for (int task = 0; task < tasks;) {
        sql::Transaction transaction = must(sql::Transaction::begin(database));
        const std::clock_t begun = std::clock();
        for (int i = 0; i < group && task < tasks; ++i) settle(books, task++);
        inside += microseconds(begun);
        must(transaction.commit());
    }
    fmt::print("{} tasks, {} in a transaction: {:.1f} us of processor time each, {:.1f} us with the commits\n", tasks,
               group, inside / tasks, microseconds(start) / tasks);
    const std::clock_t audit = std::clock();
    must(books.audit());
    fmt::print("audit: {:.0f} ms\n", microseconds(audit) / 1000);
    return 0;
}
