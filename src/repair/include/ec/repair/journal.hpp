// The journal of a repair run: which candidates were judged and how, so that `--resume` judges none of them twice.
//
// Append-only JSON lines, one file per problem (sources, test command and seed decide the name). A line that a crash
// cut in half is ignored. Owned by one search; not shared between threads.
#pragma once

#include <cstddef>
#include <ec/core/fd.hpp>
#include <ec/core/hash.hpp>
#include <ec/core/result.hpp>
#include <ec/repair/judge.hpp>
#include <filesystem>
#include <optional>
#include <unordered_map>

namespace ec::repair {

class Journal {
public:
    /// Opens `path` (parent folders are made, mode 0700). `resume`: keeps what it says; else starts it anew.
    static Result<Journal> open(const std::filesystem::path& path, bool resume);

    /// The verdict of an earlier run under at least this time limit, if any.
    [[nodiscard]] std::optional<Judgement> find(Hash128 candidate, std::chrono::milliseconds limit) const;
    void record(Hash128 candidate, const Judgement& judgement, std::chrono::milliseconds limit);
    /// Hands what was recorded to the kernel; call between rounds.
    Status flush();
    [[nodiscard]] std::size_t size() const { return known_.size(); }

private:
    struct Entry {
        Judgement judgement;
        std::chrono::milliseconds limit{0};
    };
    Journal(UniqueFd fd, std::unordered_map<Hash128, Entry> known) : fd_(std::move(fd)), known_(std::move(known)) {}
    UniqueFd fd_;
    std::unordered_map<Hash128, Entry> known_;
    std::string pending_;
};

}  // namespace ec::repair
