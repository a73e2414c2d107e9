// `edgecoderd migrate`: moves a coordinator's database from SQLite to PostgreSQL, tells which schema steps a database
// has taken, and takes them back.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>

namespace CLI {
class App;
}

namespace ec::apps {

struct MigrateOptions {
    std::string from;  ///< "sqlite:FILE", or a data directory
    std::string to;    ///< URL; empty: DATABASE_URL
    std::filesystem::path data_dir;
    bool status = false;
    std::string down;  ///< "SET=NUMBER"
};

void add_migrate(CLI::App& app, MigrateOptions& options);
/// Exit status: 0, 1 (the target is not empty, somebody has the source in use), 2 or 3.
int run_migrate(const MigrateOptions& options, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
