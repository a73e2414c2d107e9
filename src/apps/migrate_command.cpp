#include "migrate_command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <ec/ledger/books.hpp>
#include <ec/sql/copy.hpp>
#include <ec/swarm/schema.hpp>
#include <optional>
#include <ostream>

#include "coordinator/admin.hpp"
#include "data_dir.hpp"
#include "error_report.hpp"

namespace ec::apps {
namespace {

namespace fs = std::filesystem;

std::string database_url() {
    const char* url = std::getenv("DATABASE_URL");
    return url == nullptr ? "" : url;
}

Result<fs::path> directory(const MigrateOptions& options) {
    fs::path dir = options.data_dir.empty() ? data_dir() : options.data_dir;
    if (dir.empty())
        return fail(ErrorCode::unavailable, "no data directory is known",
                    "set EDGECODER_DATA_DIR or HOME, or say --data-dir");
    return dir;
}

/// Keeps a coordinator from running on the folder of `file`, and refuses while one does: what it took in meanwhile
/// would be in one database and not in the other.
Result<std::optional<coordinator::RunLock>> keep_still(const fs::path& file) {
    const fs::path lock = file.parent_path() / "run/coordinator.lock";
    std::error_code error;
    if (!fs::exists(lock, error) && !error) return std::nullopt;  // none ever ran there
    auto held = coordinator::RunLock::take(lock);
    if (held) return *std::move(held);
    if (held.error().code != ErrorCode::conflict) return fail(held.error());
    return fail(ErrorCode::conflict, fmt::format("a coordinator runs on {}", file.parent_path().string()),
                "stop it first; what it took in meanwhile would be lost");
}

/// A file that is there: migrate makes none.
Result<sql::Database> open_file(const fs::path& file) {
    std::error_code error;
    if (!fs::is_regular_file(file, error))
        return fail(ErrorCode::not_found, fmt::format("there is no database {}", file.string()));
    return sql::Database::open(file);
}

fs::path source_file(const std::string& from) {
    constexpr std::string_view kScheme = "sqlite:";
    return from.starts_with(kScheme) ? fs::absolute(from.substr(kScheme.size())) : fs::path(from) / "coordinator.db";
}

/// The database of the coordinator that this environment describes.
Result<sql::Database> open_own(const MigrateOptions& options) {
    if (const std::string url = database_url(); !url.empty()) return sql::Database::connect(url);
    EC_ASSIGN(const fs::path dir, directory(options));
    return open_file(dir / "coordinator.db");
}

/// `database` gets the steps that the source has, no more: a newer program takes the others at its start.
Status give_same_steps(sql::Database& source, sql::Database& database) {
    unsigned all = 0;
    for (const swarm::SchemaSet& set : swarm::coordinator_schema()) {
        EC_ASSIGN(const unsigned number, sql::last_step(source, set.name));
        EC_TRY(sql::migrate_to(source, set.name, set.steps, number));  // checks its texts
        all += number;
    }
    if (all == 0) return fail(ErrorCode::invalid_argument, "the source is no database of a coordinator");
    for (const swarm::SchemaSet& set : swarm::coordinator_schema()) {
        EC_ASSIGN(const unsigned number, sql::last_step(source, set.name));
        EC_ASSIGN(const unsigned has, sql::last_step(database, set.name));
        if (has > number) return fail(ErrorCode::conflict, "the target has newer tables than the source");
        EC_TRY(sql::migrate_to(database, set.name, set.steps, number));
    }
    return {};
}

Result<sql::CopyReport> copy(const MigrateOptions& options) {
    const std::string url = options.to.empty() ? database_url() : options.to;
    if (url.empty())
        return fail(ErrorCode::invalid_argument, "where to is not said", "say --to postgres://…, or set DATABASE_URL");
    EC_ASSIGN(sql::Database source, open_file(source_file(options.from)));
    EC_ASSIGN(const auto still, keep_still(source_file(options.from)));
    EC_ASSIGN(sql::Database target, sql::Database::connect(url));
    EC_ASSIGN(sql::Database fresh, sql::Database::open_in_memory());
    EC_TRY(give_same_steps(source, fresh));
    EC_TRY(give_same_steps(source, target));
    return sql::copy_to_postgres(source, fresh, target,
                                 [](sql::Database& database) { return ledger::Books(database).audit(); });
}

Result<std::string> status(const MigrateOptions& options) {
    EC_ASSIGN(sql::Database database, open_own(options));
    std::string lines;
    for (const swarm::SchemaSet& set : swarm::coordinator_schema()) {
        EC_ASSIGN(const unsigned number, sql::last_step(database, set.name));
        lines += fmt::format("{}: step {} of {}\n", set.name, number, set.steps.size());
    }
    return lines;
}

Status down(const MigrateOptions& options) {
    const std::size_t equals = options.down.find('=');
    const std::string_view name = std::string_view(options.down).substr(0, equals);
    const std::span<const swarm::SchemaSet> sets = swarm::coordinator_schema();
    const auto set = std::ranges::find(sets, name, &swarm::SchemaSet::name);
    const std::string_view digits =
        equals == std::string::npos ? "" : std::string_view(options.down).substr(equals + 1);
    unsigned number = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (set == sets.end() || read.ec != std::errc() || read.ptr != digits.data() + digits.size())
        return fail(ErrorCode::invalid_argument, "--down takes SET=NUMBER, such as swarm=1",
                    "see edgecoderd migrate --status");
    EC_ASSIGN(sql::Database database, open_own(options));
    std::optional<coordinator::RunLock> still;
    if (database_url().empty()) {
        EC_ASSIGN(const fs::path dir, directory(options));
        EC_ASSIGN(still, keep_still(dir / "coordinator.db"));
    }
    EC_ASSIGN(const unsigned has, sql::last_step(database, set->name));
    if (number > has)
        return fail(ErrorCode::invalid_argument, fmt::format("{} has taken {} steps, not {}", set->name, has, number));
    return sql::migrate_to(database, set->name, set->steps, number);
}

int failed(const Error& error, std::ostream& err) {
    tell_error(error, err);
    return exit_status(error.code);
}

}  // namespace

void add_migrate(CLI::App& app, MigrateOptions& options) {
    CLI::App* command =
        app.add_subcommand("migrate", "Moves a coordinator's database from SQLite to PostgreSQL; stop it first");
    auto* from = command->add_option("--from", options.from, "sqlite:FILE, or the data directory of the coordinator");
    command
        ->add_option("--to", options.to,
                     "postgres://…, an empty database (default: DATABASE_URL, the place for one with a password)")
        ->needs(from);
    command->add_option("--data-dir", options.data_dir,
                        "Where the coordinator keeps its data, for --status and --down");
    auto* status = command->add_flag("--status", options.status, "Tells which schema steps the database has taken");
    auto* down = command->add_option("--down", options.down, "SET=NUMBER: takes steps back, with all that they hold");
    from->excludes(status)->excludes(down);
    status->excludes(down);
}

int run_migrate(const MigrateOptions& options, std::ostream& out, std::ostream& err) {
    if (options.status) {
        const auto lines = status(options);
        if (!lines) return failed(lines.error(), err);
        out << *lines;
        return 0;
    }
    if (!options.down.empty()) {
        const Status undone = down(options);
        return undone ? 0 : failed(undone.error(), err);
    }
    if (options.from.empty())
        return failed({ErrorCode::invalid_argument, "migrate needs --from, --status or --down", {}}, err);
    const auto report = copy(options);
    if (!report) return failed(report.error(), err);
    out << fmt::format("copied {} rows of {} tables; they are the same, and the books balance\n", report->rows,
                       report->tables);
    return 0;
}

}  // namespace ec::apps
