// Memory control groups for sandboxes: a hard limit on the sum of what a run uses, where this machine lets us have one.
//
// Version 2 where a part of the tree is delegated to us: the limits on memory, swap and processes are the group's, and
// what is left in it is killed with it. Version 1 (root): memory alone; processes are limited otherwise.
//
// A group is made once and used again by later runs (making one costs more than resetting it), unless something had to
// be killed in it. All are removed with the object; those of a process that was killed are swept by the next. Safe to
// use from several threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ec::executor {

/// What the memory controller saw of one run.
struct MemoryUse {
    bool out_of_memory = false;
    std::uint64_t peak_bytes = 0;
};

/// Where control groups are found, and how one is made and removed: tests put a folder of theirs here, and themselves
/// in the kernel's place, which fills a new group with its files and empties it again.
struct GroupTree {
    std::filesystem::path mount = "/sys/fs/cgroup";
    std::filesystem::path membership = "/proc/self/cgroup";
    std::function<bool(const std::filesystem::path&)> make;     ///< empty: mkdir
    std::function<void(const std::filesystem::path&)> discard;  ///< empty: rmdir
};

class MemoryGroups : public std::enable_shared_from_this<MemoryGroups> {
public:
    enum class Kind { none, v1, v2 };

    /// Finds a place where groups can be made; kind() is `none` when there is none.
    explicit MemoryGroups(GroupTree tree = {});
    ~MemoryGroups();
    MemoryGroups(const MemoryGroups&) = delete;
    MemoryGroups& operator=(const MemoryGroups&) = delete;

    [[nodiscard]] Kind kind() const { return kind_; }
    /// "cgroup-v2", "cgroup-v1" or "soft".
    [[nodiscard]] std::string_view name() const {
        return kind_ == Kind::v2 ? "cgroup-v2" : kind_ == Kind::v1 ? "cgroup-v1" : "soft";
    }

    /// A group held for one run. Keeps the object alive, since a session may outlive its sandbox.
    class Lease {
    public:
        Lease(Lease&&) noexcept = default;
        Lease& operator=(Lease&& other) noexcept {
            std::swap(owner_, other.owner_);
            std::swap(path_, other.path_);
            std::swap(kills_, other.kills_);
            return *this;
        }
        ~Lease();
        [[nodiscard]] const std::filesystem::path& path() const { return path_; }
        /// Another limit for the same group, before anything runs in it that counts.
        bool resize(std::uint64_t bytes, std::uint64_t processes);
        /// After the run: what it used.
        [[nodiscard]] MemoryUse use() const;

    private:
        friend class MemoryGroups;
        Lease(std::shared_ptr<MemoryGroups> owner, std::filesystem::path path, std::uint64_t kills)
            : owner_(std::move(owner)), path_(std::move(path)), kills_(kills) {}
        std::shared_ptr<MemoryGroups> owner_;
        std::filesystem::path path_;
        std::uint64_t kills_;
    };

    /// Nothing when no group can be had; the run then does without.
    std::optional<Lease> acquire(std::uint64_t bytes, std::uint64_t processes);

    /// Removes what a process that was killed has left; only the first call does anything. Best made while a run is
    /// under way, when there is time.
    void sweep();

private:
    void find_v1(const std::string& own);
    void find_v2(const std::string& own);
    bool usable(const std::filesystem::path& parent) const;
    bool prepare(const std::filesystem::path& group, std::uint64_t bytes, std::uint64_t processes) const;
    void remove(const std::filesystem::path& group) const;
    /// Tries to remove it, which fails as long as a process in it is not quite dead.
    bool removed(const std::filesystem::path& group) const;
    [[nodiscard]] std::uint64_t kills(const std::filesystem::path& group) const;
    void give_back(std::filesystem::path path);

    GroupTree tree_;
    Kind kind_ = Kind::none;
    std::atomic<bool> swept_{false};
    std::filesystem::path parent_;
    std::mutex mutex_;
    std::vector<std::filesystem::path> idle_;
    std::vector<std::filesystem::path> dying_;  // killed, and not gone yet
};

}  // namespace ec::executor
