// Writes a log as its files: ec_ledger_log_files FOLDER SIZE… grows a log to each size, keeps every checkpoint as
// checkpoint-SIZE, and in the end writes every tile and prints the key that verifies. For verifiers that others wrote.
#include <fmt/format.h>

#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/crypto/sha256.hpp>
#include <ec/ledger/books.hpp>
#include <ec/ledger/log.hpp>
#include <fstream>
#include <vector>

namespace {

using namespace ec;

constexpr std::uint64_t kWidth = 256;

void write(const std::filesystem::path& file, const std::string& bytes) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << bytes;
}

std::string tile_path(const std::string& level, std::uint64_t number, std::uint64_t width) {
    std::string path = fmt::format("{:03}", number % 1000);
    for (number /= 1000; number > 0; number /= 1000) path = fmt::format("x{:03}/{}", number % 1000, path);
    return fmt::format("tile/{}/{}{}", level, path, width == kWidth ? "" : fmt::format(".p/{}", width));
}

Status write_row(ledger::Log& log, const std::filesystem::path& folder, const std::string& level, std::uint64_t all) {
    for (std::uint64_t first = 0; first < all; first += kWidth) {
        const std::string path = tile_path(level, first / kWidth, std::min(kWidth, all - first));
        EC_ASSIGN(const std::string tile, log.tile(path));
        write(folder / path, tile);
    }
    return {};
}

Status write_log(const std::filesystem::path& folder, const std::vector<std::uint64_t>& sizes) {
    EC_ASSIGN(sql::Database database, sql::Database::open_in_memory());
    EC_TRY(sql::migrate(database, "ledger", ledger::ledger_migrations()));
    EC_ASSIGN(crypto::SecretKey key, crypto::SecretKey::parse(crypto::sha256("a log for tests").hex()));
    ledger::Log log(database, "coordinator.example/log", std::move(key));
    std::uint64_t appended = 0;
    for (const std::uint64_t size : sizes) {
        while (appended < size) EC_TRY(log.append(fmt::format(R"({{"type":"test","n":{}}})", appended++), 0));
        EC_TRY(log.integrate(1'000'000, 0));
        EC_ASSIGN(const std::string checkpoint, log.checkpoint());
        write(folder / fmt::format("checkpoint-{}", size), checkpoint);
        write(folder / "checkpoint", checkpoint);
    }
    EC_TRY(write_row(log, folder, "entries", appended));
    for (std::uint64_t all = appended, level = 0; all > 0; all /= kWidth, ++level)
        EC_TRY(write_row(log, folder, std::to_string(level), all));
    if (appended > 0) {
        EC_ASSIGN(const std::string receipt, log.receipt(appended / 2));
        write(folder / "receipt.tlog-proof", receipt);
    }
    fmt::print("{}\n", log.verifier_key());
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) return 2;
    std::vector<std::uint64_t> sizes;
    for (int i = 2; i < argc; ++i) sizes.push_back(std::strtoull(argv[i], nullptr, 10));
    const Status written = write_log(argv[1], sizes);
    if (!written) fmt::print(stderr, "{}\n", written.error().message);
    return written ? 0 : 1;
}
