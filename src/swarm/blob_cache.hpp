// Sealed blobs that a worker fetched, by their names, so that the tasks of one job and the jobs of one repository fetch
// each only once. Private to the module.
//
// Blobs stay sealed on the disk. Bounded: the ones not used for longest go first. Several threads may use it at once.
#pragma once

#include <cstdint>
#include <ec/swarm/snapshot.hpp>
#include <filesystem>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace ec::swarm {

class BlobCache {
public:
    /// Goes on with what an earlier worker left in `folder`, which is made where it is missing.
    BlobCache(std::filesystem::path folder, std::uint64_t most_bytes);

    /// Those that are here from here, the others through `fetch`, and then kept. What cannot be kept is handed on all
    /// the same.
    Result<std::vector<SealedBlob>> get(const std::vector<BlobId>& ids, const BlobSource& fetch);
    /// A blob that turned out to be wrong: asked for anew the next time.
    void forget(const std::vector<BlobId>& ids);

private:
    struct Entry {
        std::uint64_t bytes = 0;
        std::list<std::string>::iterator place;
    };
    [[nodiscard]] std::optional<std::string> find(const std::string& id);
    void keep(const SealedBlob& blob);
    void drop(const std::string& id);

    std::filesystem::path folder_;
    std::uint64_t most_bytes_;
    std::mutex mutex_;
    std::uint64_t bytes_ = 0;
    std::list<std::string> order_;  ///< last used first
    std::unordered_map<std::string, Entry> entries_;
};

}  // namespace ec::swarm
