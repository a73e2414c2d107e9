// From a lease to work with its seals open and its files on the disk, and from what came out to a sealed report.
// Private to the module. Any thread; the coordinator's client is the calling thread's own.
#pragma once

#include <ec/swarm/worker.hpp>
#include <memory>
#include <optional>

#include "blob_cache.hpp"

namespace ec::swarm {

/// What every task of a worker is opened with. All outlive it.
struct WorkPlace {
    const std::vector<GroupKey>& groups;
    const crypto::SecretKey& node_key;
    BlobCache& blobs;
    std::filesystem::path trees;  ///< each task has a folder of its own in there, removed afterwards
};

class OpenedWork {
public:
    /// Fails with `denied` or `corrupt` for what was not sealed for us as it should be, `timeout` where the submitter
    /// gives no key for it, `cancelled`, and with the coordinator's errors.
    static Result<std::unique_ptr<OpenedWork>> open(const Lease& lease, const WorkPlace& place,
                                                    CoordinatorClient& client, std::stop_token stop);
    ~OpenedWork();
    OpenedWork(const OpenedWork&) = delete;
    OpenedWork& operator=(const OpenedWork&) = delete;

    [[nodiscard]] const Work& work() const { return work_; }
    [[nodiscard]] std::string seal_progress(std::string_view text) const;
    /// `too_large` for a result that cannot be carried.
    [[nodiscard]] Result<Report> seal(const WorkDone& done) const;

private:
    OpenedWork(Work work, crypto::SealKey key) : work_(std::move(work)), key_(std::move(key)) {}
    Work work_;
    crypto::SealKey key_;
};

}  // namespace ec::swarm
