#include "kept_vectors.hpp"

#include <array>
#include <chrono>
#include <cmath>
#include <cstring>
#include <ec/crypto/sha256.hpp>

namespace ec::apps {
namespace {

constexpr std::array kSchema{sql::Migration{1, "vectors", R"(
    CREATE TABLE vectors (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        key    TEXT NOT NULL UNIQUE,
        vector BLOB NOT NULL
    ) STRICT;
)"}};

// Numbers as this machine holds them: the file is not carried to another.
std::string bytes_of(const std::vector<float>& vector) {
    std::string bytes(vector.size() * sizeof(float), '\0');
    std::memcpy(bytes.data(), vector.data(), bytes.size());
    return bytes;
}

Result<sql::Database> open_store(const std::filesystem::path& file) {
    sql::OpenOptions options;
    options.busy_timeout = std::chrono::milliseconds(300);  // another program's lock is not worth the wait
    EC_ASSIGN(sql::Database database, sql::Database::open(file, options));
    EC_TRY(sql::migrate(database, kSchema));
    return database;
}

Result<sql::Database> in_memory() {
    EC_ASSIGN(sql::Database database, sql::Database::open_in_memory());
    EC_TRY(sql::migrate(database, kSchema));
    return database;
}

// What it holds can be made again: a store that is none, or another version's, gives way.
Result<sql::Database> open_or_replace(const std::filesystem::path& file) {
    std::error_code error;
    std::filesystem::create_directories(file.parent_path(), error);
    Result<sql::Database> store = open_store(file);
    const auto failed = [&](ErrorCode code) { return !store && store.error().code == code; };
    if ((failed(ErrorCode::corrupt) || failed(ErrorCode::conflict)) &&
        std::filesystem::is_regular_file(std::filesystem::symlink_status(file, error))) {
        for (const std::string_view ending : {"", "-wal", "-shm"}) {
            std::filesystem::remove(file.string() + std::string(ending), error);
        }
        store = open_store(file);
    }
    if (!store) return in_memory();
    std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, error);
    return store;
}

}  // namespace

Result<std::unique_ptr<KeptVectors>> KeptVectors::open(const std::filesystem::path& file, std::string model,
                                                       std::unique_ptr<codeindex::Embedder> inner,
                                                       std::int64_t most_rows) {
    EC_ASSIGN(sql::Database database, open_or_replace(file));
    return std::unique_ptr<KeptVectors>(
        new KeptVectors(std::move(database), std::move(model), std::move(inner), most_rows));
}

std::string KeptVectors::key(const std::string& text) const { return crypto::sha256(model_ + '\0' + text).hex(); }

Result<std::vector<float>> KeptVectors::look_up(const std::string& key) {
    EC_ASSIGN(sql::Statement row, database_.prepare("SELECT vector FROM vectors WHERE key = ?1"));
    EC_TRY(row.bind(key));
    EC_ASSIGN(const bool found, row.step());
    if (!found) return fail(ErrorCode::not_found, "not kept");
    const std::string bytes = row.text(0);
    std::vector<float> vector(width());
    if (bytes.size() != vector.size() * sizeof(float)) return fail(ErrorCode::corrupt, "a vector of another length");
    std::memcpy(vector.data(), bytes.data(), bytes.size());
    for (const float value : vector) {
        if (!std::isfinite(value)) return fail(ErrorCode::corrupt, "no vector");
    }
    return vector;
}

Status KeptVectors::keep(const std::vector<std::string>& keys, const std::vector<std::vector<float>>& vectors) {
    EC_ASSIGN(sql::Transaction transaction, sql::Transaction::begin(database_));
    EC_ASSIGN(sql::Statement insert, database_.prepare("INSERT OR REPLACE INTO vectors (key, vector) VALUES (?1, ?2)"));
    for (std::size_t i = 0; i < keys.size(); ++i) EC_TRY(insert.run(keys[i], sql::Blob{bytes_of(vectors[i])}));
    EC_TRY(database_.run("DELETE FROM vectors WHERE number <= (SELECT max(number) FROM vectors) - ?1", most_rows_));
    return transaction.commit();
}

Result<std::vector<std::vector<float>>> KeptVectors::embed(std::span<const std::string> texts, std::stop_token stop) {
    std::vector<std::vector<float>> vectors(texts.size());
    std::vector<std::size_t> missing;
    std::vector<std::string> keys, asked;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        std::string name = key(texts[i]);
        if (auto kept = look_up(name)) {
            vectors[i] = *std::move(kept);
            continue;
        }
        missing.push_back(i);
        keys.push_back(std::move(name));
        asked.push_back(texts[i]);
    }
    if (missing.empty()) return vectors;
    EC_ASSIGN(std::vector<std::vector<float>> made, inner_->embed(asked, std::move(stop)));
    if (made.size() != missing.size()) return fail(ErrorCode::corrupt, "the embedder lost a text");
    static_cast<void>(keep(keys, made));  // only time is lost without it
    for (std::size_t i = 0; i < missing.size(); ++i) vectors[missing[i]] = std::move(made[i]);
    return vectors;
}

}  // namespace ec::apps
