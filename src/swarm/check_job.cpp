// What is refused before anything is looked up or written.
#include <fmt/format.h>

#include <algorithm>
#include <ec/swarm/group_of_one.hpp>
#include <set>

#include "queue_inside.hpp"

namespace ec::swarm {
namespace {

constexpr std::size_t kMostLanguages = 16;
constexpr std::size_t kMostWord = 32;
constexpr std::int64_t kMostMemoryMb = 1 << 24;
constexpr std::int64_t kMostSeconds = 7 * 86'400;
constexpr std::size_t kMostBlobs = 65'536;
constexpr std::size_t kMostGroupKey = 1024;
constexpr std::size_t kMostCacheKey = 128;

std::unexpected<Error> wrong(std::string field, std::string_view what, ErrorCode code = ErrorCode::invalid_argument) {
    std::string message = fmt::format("{}: {}", field, what);
    return fail({code, std::move(message), {}, {std::move(field)}});
}

bool is_key(std::string_view text) {
    return !text.empty() && text.size() <= kMostWord && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

bool is_word(std::string_view text) {
    return !text.empty() && text.size() <= kMostWord && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '#' || c == '.' ||
               c == '_';
    });
}

Status check_needs(const Needs& needs) {
    if (needs.languages.size() > kMostLanguages) return wrong("needs.languages", "at most 16");
    if (!std::ranges::all_of(needs.languages, is_word)) return wrong("needs.languages", "a language is a short word");
    if (!std::ranges::is_sorted(needs.languages)) return wrong("needs.languages", "they stand in order");
    if (std::ranges::adjacent_find(needs.languages) != needs.languages.end())
        return wrong("needs.languages", "each stands once");
    if (needs.memory_mb < 0 || needs.memory_mb > kMostMemoryMb) return wrong("needs.memory_mb", "out of range");
    if (!needs.model_class.empty() && needs.model_class != "small" && needs.model_class != "medium" &&
        needs.model_class != "large")
        return wrong("needs.model_class", "none of small, medium, large");
    return {};
}

Status check_task(const NewTask& task) {
    if (!is_key(task.key)) return wrong("tasks.key", "1 to 32 of a-z, 0-9 and -");
    if (task.key.starts_with("verify-")) return wrong("tasks.key", "names that begin with verify- are taken");
    if (task.payload.size() > kPayloadBytes)
        return wrong("tasks.payload", fmt::format("at most {} bytes", kPayloadBytes), ErrorCode::too_large);
    if (task.expected_s < 1 || task.expected_s > kMostSeconds) return wrong("tasks.expected_s", "out of range");
    return check_needs(task.needs);
}

/// Kahn's algorithm: what is left when nothing more is free lies on a cycle.
Status check_order(std::span<const NewTask> tasks) {
    std::map<std::string_view, std::size_t> waits_for;
    std::multimap<std::string_view, std::string_view> frees;
    for (const NewTask& task : tasks) waits_for[task.key] = 0;
    for (const NewTask& task : tasks) {
        for (const std::string& after : task.after) {
            if (!waits_for.contains(after)) continue;  // of the job already
            ++waits_for[task.key];
            frees.emplace(after, task.key);
        }
    }
    std::vector<std::string_view> free;
    for (const auto& [key, count] : waits_for)
        if (count == 0) free.push_back(key);
    std::size_t done = 0;
    while (!free.empty()) {
        const std::string_view key = free.back();
        free.pop_back();
        ++done;
        const auto [from, to] = frees.equal_range(key);
        for (auto next = from; next != to; ++next)
            if (--waits_for[next->second] == 0) free.push_back(next->second);
    }
    return done == tasks.size() ? Status{} : wrong("tasks.after", "these tasks wait for one another");
}

}  // namespace

GroupId group_of_one(const identity::NodeId& node) { return GroupId::parse("node-" + node.text()).value(); }
bool is_group_of_one(const GroupId& group) { return group.text().starts_with("node-"); }

Status check_tasks(std::span<const NewTask> tasks, const KnownTasks& keys, std::size_t most) {
    if (tasks.empty()) return wrong("tasks", "there is none");
    if (tasks.size() > most || tasks.size() + keys.size() > kMostTasks)
        return wrong("tasks", fmt::format("at most {} at once, and {} of a job", most, kMostTasks),
                     ErrorCode::too_large);
    std::set<std::string_view> own;
    for (const NewTask& task : tasks) {
        EC_TRY(check_task(task));
        if (keys.contains(task.key) || !own.insert(task.key).second)
            return wrong("tasks.key", fmt::format("{} stands twice", task.key));
    }
    for (const NewTask& task : tasks) {
        std::set<std::string_view> after;
        for (const std::string& key : task.after) {
            if (key == task.key) return wrong("tasks.after", fmt::format("{} waits for itself", key));
            if (!own.contains(key) && !keys.contains(key))
                return wrong("tasks.after", "there is no task of that key in the job");
            if (!after.insert(key).second) return wrong("tasks.after", "a key stands twice");
        }
    }
    return check_order(tasks);
}

Status check_job(const NewJob& job) {
    if (job.spec.empty()) return wrong("spec", "there is none");
    if (job.spec.size() > kSpecBytes)
        return wrong("spec", fmt::format("at most {} bytes", kSpecBytes), ErrorCode::too_large);
    if (job.blobs.size() > kMostBlobs)
        return wrong("blobs", fmt::format("at most {}", kMostBlobs), ErrorCode::too_large);
    if (job.priority < 0 || job.priority > 100) return wrong("priority", "0 to 100");
    if (job.budget_s < 1 || job.budget_s > kMostSeconds) return wrong("budget_s", "out of range");
    if (job.budget < ledger::Credits{}) return wrong("budget_milli", "it is negative");
    if (job.group_key.size() > kMostGroupKey) return wrong("group_key", "too long");
    if (!job.group_key.empty() && job.group.empty()) return wrong("group_key", "there is no group");
    if (job.cache_key.size() > kMostCacheKey) return wrong("cache_key", "too long");
    for (const NewTask& task : job.tasks)
        if (task.kind == TaskKind::verify) return wrong("tasks.kind", "verifications are added by the coordinator");
    return check_tasks(job.tasks, {}, kMostTasks);
}

}  // namespace ec::swarm
