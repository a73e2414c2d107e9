#include "tiles.hpp"

#include <fmt/format.h>

#include <charconv>
#include <ec/core/text.hpp>

#include "one_row.hpp"

namespace ec::ledger {
namespace {

constexpr unsigned kMostLevel = 63;
constexpr std::size_t kHashBytes = crypto::Sha256Digest::kBytes;

std::unexpected<Error> bad_path() {
    return fail(ErrorCode::invalid_argument, "this is no path of a tile",
                "such as tile/0/x001/067 or tile/entries/000.p/9");
}

/// A decimal number without leading zeros, at most `most`.
Result<std::uint64_t> decimal(std::string_view text, std::uint64_t most) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value > most) return bad_path();
    if (text.size() > 1 && text.front() == '0') return bad_path();
    return value;
}

/// "x001/x234/067"; no group too many, and no more digits than positions of 63 bits have.
Result<std::uint64_t> tile_number(std::string_view text) {
    constexpr std::size_t kMostGroups = 6;
    std::uint64_t number = 0;
    for (std::size_t groups = 1;; ++groups) {
        const std::size_t slash = text.find('/');
        const bool last = slash == std::string_view::npos;
        std::string_view group = text.substr(0, slash);
        if (last == group.starts_with('x') || groups > kMostGroups) return bad_path();
        if (!last) group.remove_prefix(1);
        if (group.size() != 3) return bad_path();
        for (const char c : group) {
            if (c < '0' || c > '9') return bad_path();
            number = number * 10 + static_cast<std::uint64_t>(c - '0');
        }
        if (number == 0 && !last) return bad_path();
        if (last) return number;
        text.remove_prefix(slash + 1);
    }
}

std::unexpected<Error> missing() { return fail(ErrorCode::corrupt, "the log lacks hashes of its own tree"); }

}  // namespace

Result<TileName> parse_tile(std::string_view path) {
    TileName name;
    constexpr std::string_view kPrefix = "tile/";
    if (!path.starts_with(kPrefix)) return bad_path();
    path.remove_prefix(kPrefix.size());
    const std::size_t slash = path.find('/');
    if (slash == std::string_view::npos) return bad_path();
    name.entries = path.substr(0, slash) == "entries";
    if (!name.entries) {
        EC_ASSIGN(const std::uint64_t level, decimal(path.substr(0, slash), kMostLevel));
        name.level = static_cast<unsigned>(level);
    }
    path.remove_prefix(slash + 1);
    if (const std::size_t partial = path.find(".p/"); partial != std::string_view::npos) {
        EC_ASSIGN(name.width, decimal(path.substr(partial + 3), kTileWidth - 1));
        if (name.width == 0) return bad_path();
        path = path.substr(0, partial);
    }
    EC_ASSIGN(name.number, tile_number(path));
    return name;
}

std::uint64_t hashes_of_level(std::uint64_t size, unsigned level) {
    return level * kTileHeight >= 64 ? 0 : size >> (level * kTileHeight);
}

crypto::Sha256Digest root_over(std::string_view hashes) {
    std::vector<crypto::Sha256Digest> row;
    for (std::size_t at = 0; at < hashes.size(); at += kHashBytes)
        row.push_back(*crypto::Sha256Digest::from_bytes(hashes.substr(at, kHashBytes)));
    while (row.size() > 1) {
        for (std::size_t i = 0; i < row.size() / 2; ++i) row[i] = crypto::node_hash(row[2 * i], row[2 * i + 1]);
        row.resize(row.size() / 2);
    }
    return row.front();
}

Result<std::string> TileReader::read(unsigned level, std::uint64_t number) {
    const std::uint64_t all = hashes_of_level(size_, level);
    const std::uint64_t first = number * kTileWidth;
    if (first >= all) return fail(ErrorCode::not_found, "the log has no such tile yet");
    const std::uint64_t width = std::min(kTileWidth, all - first);
    std::string hashes;
    if (width == kTileWidth) {
        EC_TRY(one_row(
            database_, "SELECT hashes FROM log_tile WHERE level = ?1 AND number = ?2",
            [&](const sql::Statement& row) { hashes = row.text(0); }, level, number));
        if (!hashes.empty()) return hashes;
    }
    // A tile that is not complete is put together: out of leaves, or of the roots of the tiles below it.
    EC_ASSIGN(sql::Statement * rows,
              database_.cached(
                  level == 0 ? "SELECT hash FROM log_leaf WHERE position >= ?1 AND position < ?2 ORDER BY position"
                             : "SELECT root FROM log_tile WHERE number >= ?1 AND number < ?2 AND level = ?3 "
                               "ORDER BY number"));
    if (level == 0)
        EC_TRY(rows->bind(first, first + width));
    else
        EC_TRY(rows->bind(first, first + width, level - 1));
    for (;;) {
        EC_ASSIGN(const bool row, rows->step());
        if (!row) break;
        hashes += rows->text(0);
    }
    if (hashes.size() != width * kHashBytes) return missing();
    return hashes;
}

Result<std::string> TileReader::hashes(unsigned level, std::uint64_t number) {
    const auto kept = kept_.find({level, number});
    if (kept != kept_.end()) return kept->second;
    EC_ASSIGN(std::string hashes, read(level, number));
    return kept_.emplace(std::pair(level, number), std::move(hashes)).first->second;
}

Result<std::string> TileReader::entries(std::uint64_t number, std::uint64_t width) {
    std::string bundle;
    EC_ASSIGN(sql::Statement * rows,
              database_.cached("SELECT leaf FROM log_leaf WHERE position >= ?1 AND position < ?2 ORDER BY position"));
    EC_TRY(rows->bind(number * kTileWidth, number * kTileWidth + width));
    for (;;) {
        EC_ASSIGN(const bool row, rows->step());
        if (!row) return bundle;
        const std::string leaf = rows->text(0);
        bundle += static_cast<char>(leaf.size() >> 8U);
        bundle += static_cast<char>(leaf.size() & 0xffU);
        bundle += leaf;
    }
}

Result<crypto::Sha256Digest> TileReader::node(unsigned level, std::uint64_t index) {
    // Of 2^(level % 8) hashes in a tile of level / 8.
    const unsigned above = level % kTileHeight;
    const std::uint64_t first = index << above;
    EC_ASSIGN(const std::string hashes, this->hashes(level / kTileHeight, first / kTileWidth));
    const std::size_t at = first % kTileWidth * kHashBytes;
    const std::size_t bytes = (std::size_t{1} << above) * kHashBytes;
    if (at + bytes > hashes.size()) return missing();
    return root_over(std::string_view(hashes).substr(at, bytes));
}

crypto::NodeSource TileReader::nodes() {
    return [this](unsigned level, std::uint64_t index) { return node(level, index); };
}

Status store_tiles(sql::Database& database, std::uint64_t before, std::uint64_t size) {
    for (unsigned level = 0; hashes_of_level(size, level) >= kTileWidth; ++level) {
        const std::uint64_t full = hashes_of_level(size, level) / kTileWidth;
        TileReader reader(database, size);
        for (std::uint64_t number = hashes_of_level(before, level) / kTileWidth; number < full; ++number) {
            EC_ASSIGN(const std::string hashes, reader.hashes(level, number));
            const crypto::Sha256Digest root = root_over(hashes);
            EC_TRY(change(database, "INSERT INTO log_tile (level, number, hashes, root) VALUES (?1, ?2, ?3, ?4)", level,
                          number, sql::Blob{hashes}, sql::Blob{root.bytes()}));
        }
    }
    return {};
}

}  // namespace ec::ledger
