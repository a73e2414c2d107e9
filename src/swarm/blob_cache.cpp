#include "blob_cache.hpp"

#include <algorithm>
#include <ec/core/fs.hpp>
#include <optional>

namespace ec::swarm {

BlobCache::BlobCache(std::filesystem::path folder, std::uint64_t most_bytes)
    : folder_(std::move(folder)), most_bytes_(most_bytes) {
    std::error_code error;
    std::filesystem::create_directories(folder_, error);
    struct Found {
        std::filesystem::file_time_type used;
        std::string id;
        std::uint64_t bytes;
    };
    std::vector<Found> found;
    for (std::filesystem::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
        std::error_code each;
        const std::string name = at->path().filename().string();
        const std::uint64_t bytes = at->file_size(each);
        if (each || !BlobId::parse(name)) {
            std::filesystem::remove_all(at->path(), each);  // half a file of a worker that was killed
            continue;
        }
        found.push_back({at->last_write_time(each), name, bytes});
    }
    std::ranges::sort(found, [](const Found& a, const Found& b) { return a.used < b.used; });
    for (const Found& one : found) {
        order_.push_front(one.id);
        entries_[one.id] = {one.bytes, order_.begin()};
        bytes_ += one.bytes;
    }
}

std::optional<std::string> BlobCache::find(const std::string& id) {
    const std::scoped_lock lock(mutex_);
    const auto entry = entries_.find(id);
    if (entry == entries_.end()) return std::nullopt;
    auto bytes = read_file(folder_ / id, kBlobBytes);
    if (!bytes) {
        drop(id);
        return std::nullopt;
    }
    order_.splice(order_.begin(), order_, entry->second.place);
    std::error_code error;
    std::filesystem::last_write_time(folder_ / id, std::filesystem::file_time_type::clock::now(), error);
    return *std::move(bytes);
}

void BlobCache::keep(const SealedBlob& blob) {
    const std::string& id = blob.id.text();
    const std::scoped_lock lock(mutex_);
    if (entries_.contains(id) || blob.bytes.size() > std::min<std::uint64_t>(kBlobBytes, most_bytes_)) return;
    if (!write_file_atomic(folder_ / id, blob.bytes, 0600)) return;
    order_.push_front(id);
    entries_[id] = {blob.bytes.size(), order_.begin()};
    bytes_ += blob.bytes.size();
    while (bytes_ > most_bytes_) drop(std::string(order_.back()));
}

void BlobCache::drop(const std::string& id) {
    const auto entry = entries_.find(id);
    if (entry == entries_.end()) return;
    std::error_code error;
    std::filesystem::remove(folder_ / id, error);
    bytes_ -= entry->second.bytes;
    order_.erase(entry->second.place);
    entries_.erase(entry);
}

void BlobCache::forget(const std::vector<BlobId>& ids) {
    const std::scoped_lock lock(mutex_);
    for (const BlobId& id : ids) drop(id.text());
}

Result<std::vector<SealedBlob>> BlobCache::get(const std::vector<BlobId>& ids, const BlobSource& fetch) {
    std::vector<SealedBlob> out;
    std::vector<BlobId> missing;
    for (const BlobId& id : ids) {
        if (auto bytes = find(id.text()))
            out.push_back({id, *std::move(bytes)});
        else
            missing.push_back(id);
    }
    if (missing.empty()) return out;
    EC_ASSIGN(std::vector<SealedBlob> fetched, fetch(missing));
    for (SealedBlob& blob : fetched) {
        // A blob nobody asked for must not take the place of another.
        if (std::ranges::find(missing, blob.id) == missing.end())
            return fail(ErrorCode::corrupt, "the coordinator sent a blob that was not asked for");
        keep(blob);
        out.push_back(std::move(blob));
    }
    return out;
}

}  // namespace ec::swarm
