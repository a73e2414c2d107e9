// The tiles of a log (C2SP tlog-tiles) out of its tables: names, hashes, entries, and nodes of the tree for proofs.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/crypto/merkle.hpp>
#include <ec/sql/sql.hpp>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace ec::ledger {

inline constexpr unsigned kTileHeight = 8;
inline constexpr std::uint64_t kTileWidth = 256;

/// What a path names.
struct TileName {
    bool entries = false;
    unsigned level = 0;
    std::uint64_t number = 0;
    std::uint64_t width = kTileWidth;
};
/// "tile/0/x001/067", "tile/0/000.p/15", "tile/entries/000"; `invalid_argument` for anything else.
Result<TileName> parse_tile(std::string_view path);

/// How many hashes there are of a level, in a tree of `size` leaves.
std::uint64_t hashes_of_level(std::uint64_t size, unsigned level);

/// The root over the hashes of a complete tile, or a part of one that is a power of two wide.
crypto::Sha256Digest root_over(std::string_view hashes);

/// Reads a tree of a fixed size. What it has read once it keeps.
class TileReader {
public:
    TileReader(sql::Database& database, std::uint64_t size) : database_(database), size_(size) {}

    /// The hashes that the tile has in this tree, one after the other.
    Result<std::string> hashes(unsigned level, std::uint64_t number);
    /// The entries from the tile's first on, each behind its length.
    Result<std::string> entries(std::uint64_t number, std::uint64_t width);
    [[nodiscard]] crypto::NodeSource nodes();

private:
    Result<std::string> read(unsigned level, std::uint64_t number);
    Result<crypto::Sha256Digest> node(unsigned level, std::uint64_t index);

    sql::Database& database_;
    std::uint64_t size_;
    std::map<std::pair<unsigned, std::uint64_t>, std::string> kept_;
};

/// Stores the tiles that became complete when the tree grew from `before` to `size`.
Status store_tiles(sql::Database& database, std::uint64_t before, std::uint64_t size);

}  // namespace ec::ledger
