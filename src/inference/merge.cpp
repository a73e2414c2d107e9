#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>
#include <ec/inference/merge.hpp>
#include <map>
#include <optional>

namespace ec::inference {
namespace {

constexpr std::size_t kContext = std::size_t{16} << 10;

/// Files in place of the snapshot's own; nullopt: removed.
using Overlay = std::map<std::string, std::optional<std::string>>;

Result<std::optional<std::string>> read_through(const Overlay& overlay, const vcs::ReadText& snapshot,
                                                const std::string& path) {
    const auto found = overlay.find(path);
    if (found != overlay.end()) return found->second;
    return snapshot(path);
}

vcs::ReadText reader(const Overlay& overlay, const vcs::ReadText& snapshot) {
    return [&overlay, &snapshot](const std::string& path) { return read_through(overlay, snapshot, path); };
}

void put(Overlay& overlay, const vcs::FileVersion& file) {
    overlay[file.path] = file.removed ? std::nullopt : std::optional(file.after);
}

Result<std::vector<vcs::FileVersion>> versions(const Overlay& overlay, const vcs::ReadText& snapshot) {
    std::vector<vcs::FileVersion> files;
    for (const auto& [path, after] : overlay) {
        EC_ASSIGN(const std::optional<std::string> before, snapshot(path));
        if (before == after) continue;
        files.push_back({path, before.value_or(""), after.value_or(""), !before.has_value(), !after.has_value()});
    }
    return files;
}

// Parts in an order in which each comes after those it stands on; the given order where that leaves a choice.
Result<std::vector<const PartPatch*>> ordered(const std::vector<PartPatch>& parts) {
    std::map<std::string, const PartPatch*> by_key;
    for (const PartPatch& part : parts) {
        if (!by_key.emplace(part.key, &part).second)
            return fail(ErrorCode::invalid_argument, "two parts are called " + part.key);
    }
    std::vector<const PartPatch*> order;
    std::set<std::string> placed;
    while (order.size() < parts.size()) {
        const std::size_t before = order.size();
        for (const PartPatch& part : parts) {
            if (placed.contains(part.key)) continue;
            for (const std::string& key : part.after) {
                if (!by_key.contains(key))
                    return fail(ErrorCode::invalid_argument, part.key + " stands on " + key + ", which is no part");
            }
            if (!std::ranges::all_of(part.after, [&](const auto& key) { return placed.contains(key); })) continue;
            order.push_back(&part);
            placed.insert(part.key);
        }
        if (order.size() == before)
            return fail(ErrorCode::invalid_argument, "the parts stand on one another in a circle");
    }
    return order;
}

class Merge {
public:
    Merge(const vcs::ReadText& snapshot, const RunTests& run_tests) : snapshot_(snapshot), run_tests_(run_tests) {}

    Status begin() {
        EC_ASSIGN(merged_.tests, run_tests_({}));
        return {};
    }

    Status take(const PartPatch& part) {
        Overlay base;
        for (const std::string& key : part.after) {
            const auto under = made_.find(key);
            if (under == made_.end()) {
                leave_out(part.key, LeftOutPart::Why::conflict, "it stands on " + key + ", which is left out");
                return {};
            }
            for (const auto& [path, content] : under->second) base[path] = content;
        }
        auto changes = vcs::apply_patch(part.patch, reader(base, snapshot_));
        if (!changes) {
            if (changes.error().code == ErrorCode::io) return fail(changes.error());
            leave_out(part.key, LeftOutPart::Why::malformed, changes.error().message);
            return {};
        }
        Overlay next = now_;
        EC_ASSIGN(const std::string conflict, merge_changes(part.key, *changes, next));
        if (!conflict.empty()) {
            leave_out(part.key, LeftOutPart::Why::conflict, conflict);
            return {};
        }
        EC_ASSIGN(const bool kept, keep_if_tests_hold(part.key, next));
        if (!kept) return {};
        for (const vcs::FileVersion& file : *changes) put(base, file);
        made_[part.key] = std::move(base);
        return {};
    }

    Result<Merged> finish() {
        EC_ASSIGN(merged_.files, versions(now_, snapshot_));
        EC_ASSIGN(merged_.patch, vcs::unified_patch(merged_.files));
        return std::move(merged_);
    }

private:
    // What does not fit, in words and with markers; empty when all does.
    Result<std::string> merge_changes(const std::string& key, const std::vector<vcs::FileVersion>& changes,
                                      Overlay& next) const {
        std::string conflict;
        for (const vcs::FileVersion& change : changes) {
            EC_ASSIGN(const std::optional<std::string> ours, read_through(now_, snapshot_, change.path));
            const std::optional<std::string> theirs = change.removed ? std::nullopt : std::optional(change.after);
            const std::optional<std::string> base = change.created ? std::nullopt : std::optional(change.before);
            if (ours == base || ours == theirs) {
                next[change.path] = theirs;
            } else if (!ours || !theirs || !base) {
                conflict += fmt::format("{}: one part removes or creates it, another changes it\n", change.path);
            } else {
                EC_ASSIGN(const vcs::MergedText text, vcs::merge_texts(*base, *ours, *theirs, "so far", key));
                if (text.clean)
                    next[change.path] = text.text;
                else
                    conflict += fmt::format("{}:\n{}\n", change.path, text.text);
            }
        }
        return conflict;
    }

    Result<bool> keep_if_tests_hold(const std::string& key, const Overlay& next) {
        EC_ASSIGN(const std::vector<vcs::FileVersion> files, versions(next, snapshot_));
        EC_ASSIGN(TestedState tests, run_tests_(files));
        std::string broken;
        for (const std::string& id : merged_.tests.passing) {
            if (!tests.passing.contains(id)) broken += id + "\n";
        }
        // Without names of tests the command itself is the one test.
        for (const std::string& id : tests.failing) {
            if (!merged_.tests.failing.contains(id) && !merged_.tests.passing.contains(id)) broken += id + "\n";
        }
        if (!broken.empty()) {
            leave_out(key, LeftOutPart::Why::tests, "with it these fail:\n" + broken + "\n" + tests.log);
            return false;
        }
        now_ = next;
        merged_.tests = std::move(tests);
        merged_.parts.push_back(key);
        return true;
    }

    void leave_out(const std::string& key, LeftOutPart::Why why, const std::string& context) {
        merged_.left_out.push_back({key, why, context.substr(0, kContext)});
    }

    const vcs::ReadText& snapshot_;
    const RunTests& run_tests_;
    Overlay now_;
    std::map<std::string, Overlay> made_;  ///< what a part's own tree looks like, by its key
    Merged merged_;
};

}  // namespace

Result<Merged> merge_parts(const std::vector<PartPatch>& parts, const vcs::ReadText& snapshot,
                           const RunTests& run_tests, std::stop_token stop) {
    EC_ASSIGN(const std::vector<const PartPatch*> order, ordered(parts));
    Merge merge(snapshot, run_tests);
    EC_TRY(merge.begin());
    for (const PartPatch* part : order) {
        if (stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
        EC_TRY(merge.take(*part));
    }
    return merge.finish();
}

}  // namespace ec::inference
