#include <fmt/format.h>

#include <algorithm>
#include <ec/sql/copy.hpp>
#include <string>
#include <vector>

namespace ec::sql {
namespace {

constexpr std::size_t kRowsAtOnce = 100;
constexpr std::size_t kBytesAtOnce = 4U << 20;

struct Column {
    std::string name;  ///< in quotes
    std::string type;
};
struct Table {
    std::string plain;
    std::string name;  ///< in quotes
    std::vector<Column> columns;
};

std::string in_quotes(std::string_view name) {
    std::string out = "\"";
    for (const char c : name) out.append(c == '"' ? 2 : 1, c);
    return out + '"';
}

std::string names(const Table& table) {
    std::string out;
    for (const Column& column : table.columns) out += (out.empty() ? "" : ", ") + column.name;
    return out;
}

Result<std::vector<std::string>> texts(Database& database, std::string_view sql) {
    EC_ASSIGN(Statement rows, database.prepare(sql));
    std::vector<std::string> found;
    for (;;) {
        EC_ASSIGN(const bool row, rows.step());
        if (!row) return found;
        found.push_back(rows.text(0));
    }
}

Result<std::vector<Table>> tables_of(Database& source) {
    EC_ASSIGN(const auto found,
              texts(source,
                    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' "
                    "ESCAPE '~' AND name NOT LIKE 'schema~_step%' ESCAPE '~' ORDER BY name"));
    std::vector<Table> tables;
    for (const std::string& name : found) {
        Table table{name, in_quotes(name), {}};
        EC_ASSIGN(Statement rows, source.prepare("SELECT name, type FROM pragma_table_info(?1) ORDER BY cid"));
        EC_TRY(rows.bind(name));
        for (;;) {
            EC_ASSIGN(const bool row, rows.step());
            if (!row) break;
            table.columns.push_back({in_quotes(rows.text(0)), rows.text(1)});
            const std::string& type = table.columns.back().type;
            if (type != "INTEGER" && type != "TEXT" && type != "BLOB")
                return fail(ErrorCode::invalid_argument,
                            fmt::format("column {} of {} is of type {}", rows.text(0), name, type));
        }
        tables.push_back(std::move(table));
    }
    return tables;
}

/// Rows that go to the other side in one statement.
class Batch {
public:
    Batch(Database& target, const Table& table) : target_(target), table_(table) {}

    Status add(const Statement& row) {
        for (std::size_t i = 0; i < table_.columns.size(); ++i) {
            const int column = static_cast<int>(i);
            const std::string& type = table_.columns[i].type;
            cells_.push_back({row.is_null(column), type == "INTEGER" ? row.integer(column) : 0,
                              type == "INTEGER" || row.is_null(column) ? std::string() : row.text(column)});
            bytes_ += cells_.back().text.size();
        }
        ++rows_;
        if (rows_ < kRowsAtOnce && bytes_ < kBytesAtOnce) return {};
        return flush();
    }

    Status flush() {
        if (rows_ == 0) return {};
        std::string sql = fmt::format("INSERT INTO {} ({}) VALUES ", table_.name, names(table_));
        std::vector<Value> values;
        for (std::size_t i = 0; i < cells_.size(); ++i) {
            const std::size_t column = i % table_.columns.size();
            sql += fmt::format("{}?{}", column > 0 ? ", " : i > 0 ? "), (" : "(", i + 1);
            values.push_back(value(cells_[i], table_.columns[column].type));
        }
        sql += ")";
        if (rows_ == kRowsAtOnce) {
            EC_ASSIGN(Statement * statement, target_.cached(sql));
            EC_TRY(statement->run_all(values));
        } else {
            EC_ASSIGN(Statement statement, target_.prepare(sql));
            EC_TRY(statement.run_all(values));
        }
        cells_.clear();
        rows_ = bytes_ = 0;
        return {};
    }

private:
    struct Cell {
        bool null = false;
        std::int64_t number = 0;
        std::string text;
    };
    static Value value(const Cell& cell, const std::string& type) {
        if (type == "INTEGER") return cell.null ? Value(Null::integer) : Value(cell.number);
        if (type == "TEXT") return cell.null ? Value(Null::text) : Value(std::string_view(cell.text));
        return cell.null ? Value(Null::blob) : Value(Blob{cell.text});
    }

    Database& target_;
    const Table& table_;
    std::vector<Cell> cells_;
    std::size_t rows_ = 0;
    std::size_t bytes_ = 0;
};

Status copy_table(Database& source, Database& target, const Table& table) {
    EC_ASSIGN(Statement rows, source.prepare(fmt::format("SELECT {} FROM {}", names(table), table.name)));
    Batch batch(target, table);
    for (;;) {
        EC_ASSIGN(const bool row, rows.step());
        if (!row) return batch.flush();
        EC_TRY(batch.add(rows));
    }
}

/// The count of rows, and of each column a sum that no common mistake leaves alone.
std::string summary_query(const Table& table) {
    constexpr std::string_view kPrime = "1000003";
    std::string sql = "SELECT count(*)";
    for (const Column& column : table.columns) {
        sql += column.type == "INTEGER" ? fmt::format(", sum({} % {})", column.name, kPrime)
                                        : fmt::format(", sum(length({}))", column.name);
        sql += fmt::format(", count({})", column.name);
    }
    return sql + " FROM " + table.name;
}

Result<std::vector<std::int64_t>> summary(Database& database, const Table& table) {
    EC_ASSIGN(Statement rows, database.prepare(summary_query(table)));
    EC_TRY(rows.step());
    std::vector<std::int64_t> sums;
    for (int column = 0; column < rows.columns(); ++column) sums.push_back(rows.integer(column));
    return sums;
}

/// Those that the target has too. It holds nothing but what its schema put there.
Result<std::vector<Table>> tables_to_copy(Database& source, Database& fresh, Database& target) {
    EC_ASSIGN(std::vector<Table> tables, tables_of(source));
    EC_ASSIGN(const auto there, texts(target,
                                      "SELECT quote_ident(relname) FROM pg_class WHERE relkind = 'r' AND "
                                      "relnamespace = current_schema()::regnamespace"));
    std::vector<Table> both;
    for (Table& table : tables) {
        const bool shared = std::ranges::count(there, table.name) + std::ranges::count(there, table.plain) > 0;
        EC_ASSIGN(const auto empty, summary(fresh, table));
        EC_ASSIGN(const auto held, summary(shared ? target : source, table));
        if (shared && held[0] != empty[0])
            return fail(ErrorCode::conflict, fmt::format("the target is not empty: {} has rows", table.name),
                        "give an empty database");
        if (!shared && held != empty)
            return fail(ErrorCode::internal, fmt::format("the target has no table {}", table.name));
        if (shared) both.push_back(std::move(table));
    }
    return both;
}

/// Constraints of the target that can be made to wait for the end, as "ALTER CONSTRAINT …" of their tables.
Status defer_references(Database& target, std::vector<std::string>& undo) {
    EC_ASSIGN(
        const auto references,
        texts(target,
              "SELECT format('ALTER TABLE %s ALTER CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint "
              "WHERE contype = 'f' AND NOT condeferrable AND connamespace = current_schema()::regnamespace"));
    for (const std::string& alter : references) {
        EC_TRY(target.execute_as_it_stands(alter + " DEFERRABLE INITIALLY DEFERRED"));
        undo.push_back(alter + " NOT DEFERRABLE");
    }
    return target.execute_as_it_stands("SET CONSTRAINTS ALL DEFERRED");
}

/// Numbers that the database makes go on after those that were copied.
Status go_on_counting(Database& target) {
    EC_ASSIGN(
        const auto counts,
        texts(target,
              "SELECT format('SELECT setval(pg_get_serial_sequence(%L, %L), max(%I)) FROM %s HAVING max(%I) > 0', "
              "attrelid::regclass, attname, attname, attrelid::regclass, attname) "
              "FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid "
              "WHERE attidentity <> '' AND relnamespace = current_schema()::regnamespace"));
    for (const std::string& count : counts) EC_TRY(target.execute_as_it_stands(count));
    return {};
}

Status fill(Database& source, Database& target, const std::vector<Table>& tables, CopyReport& report) {
    for (const Table& table : tables) {
        EC_TRY(copy_table(source, target, table));
        EC_ASSIGN(const auto here, summary(source, table));
        EC_ASSIGN(const auto there, summary(target, table));
        if (here != there)
            return fail(ErrorCode::corrupt, fmt::format("table {} differs after it was copied", table.name));
        report.rows += here[0];
        ++report.tables;
    }
    return {};
}

}  // namespace

Result<CopyReport> copy_to_postgres(Database& source, Database& fresh, Database& target,
                                    const std::function<Status(Database&)>& check) {
    EC_ASSIGN(auto reading, Transaction::begin(source));  // ends without a commit
    EC_ASSIGN(auto writing, Transaction::begin(target));
    EC_ASSIGN(const std::vector<Table> tables, tables_to_copy(source, fresh, target));
    std::vector<std::string> undo;
    EC_TRY(defer_references(target, undo));
    std::string all;
    for (const Table& table : tables) {
        EC_TRY(target.execute_as_it_stands(fmt::format("ALTER TABLE {} DISABLE TRIGGER USER", table.name)));
        undo.push_back(fmt::format("ALTER TABLE {} ENABLE TRIGGER USER", table.name));
        all += (all.empty() ? "" : ", ") + table.name;
    }
    if (!all.empty()) EC_TRY(target.execute_as_it_stands("TRUNCATE " + all));
    CopyReport report;
    EC_TRY(fill(source, target, tables, report));
    EC_TRY(target.execute_as_it_stands("SET CONSTRAINTS ALL IMMEDIATE"));
    for (const std::string& statement : undo) EC_TRY(target.execute_as_it_stands(statement));
    EC_TRY(go_on_counting(target));
    if (check) EC_TRY(check(target));
    EC_TRY(writing.commit());
    return report;
}

}  // namespace ec::sql
