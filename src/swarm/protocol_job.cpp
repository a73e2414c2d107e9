#include "protocol_job.hpp"

#include <algorithm>

namespace ec::swarm {
namespace {

constexpr std::int64_t kFar = std::int64_t{1} << 53;
constexpr std::int64_t kMostMemory = std::int64_t{1} << 24;  // MB
constexpr std::int64_t kLongest = 86'400;
constexpr std::size_t kMostNeeded = 16;   // languages of one task
constexpr std::size_t kMostOffered = 32;  // and of one worker
constexpr std::size_t kWord = 64;
constexpr std::size_t kGroupKey = 512;

bool all_of(std::string_view text, bool (*good)(char)) { return std::ranges::all_of(text, good); }

/// Names of languages and models: of an alphabet that says nothing but a name.
std::string plain_name(Fields& fields, std::string_view key) {
    std::string text = fields.text(key, kWord);
    const auto good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
               c == '.' || c == '+' || c == '#' || c == ':' || c == '/' || c == '@';
    };
    if (!all_of(text, good)) fields.fault(key, "a name");
    return text;
}

std::vector<std::string> languages(Fields& fields, std::size_t most) {
    std::vector<std::string> read = fields.texts("languages", most, 32);
    for (const std::string& language : read) {
        const auto good = [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '#' || c == '-';
        };
        if (language.empty() || !all_of(language, good)) fields.fault("languages", "names in lower case");
    }
    std::ranges::sort(read);
    read.erase(std::unique(read.begin(), read.end()), read.end());
    return read;
}

std::string model_class(Fields& fields) {
    std::string text = fields.text("model_class", kWord);
    if (!text.empty() && text != "small" && text != "medium" && text != "large")
        fields.fault("model_class", "small, medium or large");
    return text;
}

Needs needs(Fields& fields) {
    Needs out;
    out.languages = languages(fields, kMostNeeded);
    out.memory_mb = fields.integer("memory_mb", 0, kMostMemory, 0);
    out.model_class = model_class(fields);
    out.gpu = fields.boolean("gpu", false);
    return out;
}

bool is_task_key(std::string_view key) {
    const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
    return !key.empty() && all_of(key, good);
}

std::string task_key(Fields& fields) {
    std::string key = fields.text("key", 32);
    if (!is_task_key(key)) fields.fault("key", "1 to 32 of a-z, 0-9 and -");
    return key;
}

NewTask new_task(Fields& fields) {
    NewTask out;
    out.key = task_key(fields);
    out.kind = fields.word<TaskKind>("kind", parse_task_kind);
    out.needs = fields.nested("needs", needs);
    out.payload = fields.sealed("payload", kPayloadBytes);
    out.after = fields.texts("after", kMostTasks, 32);
    if (!std::ranges::all_of(out.after, is_task_key)) fields.fault("after", "keys of tasks");
    out.expected_s = fields.integer("expected_s", 1, kLongest, 60);
    return out;
}

Input input(Fields& fields) {
    return {.key = fields.needed_text("key", 32), .result = fields.sealed("result", kResultBytes)};
}

identity::NodeId worker_id(Fields& fields) {
    const std::string text = fields.text("worker", 64);
    if (text.empty()) return {};
    const auto id = identity::NodeId::parse(text);
    if (!id) fields.fault("worker", "a node's id");
    return id.value_or(identity::NodeId());
}

TaskStatus task_status(Fields& fields) {
    TaskStatus out;
    out.id = fields.needed_id<TaskId>("id");
    out.key = fields.text("key", 64);
    out.kind = fields.word<TaskKind>("kind", parse_task_kind);
    out.state = fields.word<State>("state", parse_state);
    out.attempts = static_cast<int>(fields.integer("attempts", 0, 1 << 20, 0));
    out.worker = worker_id(fields);
    out.outcome = fields.word<Outcome>("outcome", parse_outcome, Outcome::error);
    out.reason = fields.text("reason", 200);
    out.result = fields.sealed("result", kResultBytes);
    out.payload = fields.sealed("payload", kPayloadBytes);
    out.after = fields.texts("after", 1024, 64);
    return out;
}

}  // namespace

std::string reason_word(Fields& fields, std::string_view key) {
    std::string text = fields.text(key, kWord);
    const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
    if (!all_of(text, good)) fields.fault(key, "a word of a-z, 0-9 and _");
    return text;
}

Offer read_offer(Fields& fields) {
    Offer out;
    out.kinds = fields.words<TaskKind>("kinds", 16, parse_task_kind);
    out.languages = languages(fields, kMostOffered);
    out.memory_mb = fields.integer("memory_mb", 0, kMostMemory, 0);
    out.model_class = model_class(fields);
    out.gpu = fields.boolean("gpu", false);
    out.groups = fields.ids<GroupId>("groups", 64);
    out.snapshots = fields.ids<BlobId>("snapshots", 32);
    out.model = plain_name(fields, "model");
    return out;
}

NewJob read_new_job(Fields& fields) {
    NewJob out;
    out.kind = fields.word<JobKind>("kind", parse_job_kind);
    out.spec = fields.sealed("spec", kSpecBytes);
    if (out.spec.empty()) fields.fault("spec", "there");
    out.blobs = fields.ids<BlobId>("blobs", 65536);
    out.snapshot = fields.id<BlobId>("snapshot");
    out.tasks = fields.each<NewTask>("tasks", kMostTasks, new_task);
    if (out.tasks.empty()) fields.fault("tasks", "1 to 256 tasks");
    out.priority = static_cast<int>(fields.integer("priority", 0, 100, 50));
    out.verification = fields.word<Verification>("verification", parse_verification, Verification::adaptive);
    out.group = fields.id<GroupId>("group");
    out.group_key = fields.sealed("group_key", kGroupKey);
    out.cache_key = plain_name(fields, "cache_key");
    out.budget_s = fields.integer("budget_s", 1, 7 * kLongest, 600);
    out.budget = ledger::Credits::milli(fields.integer("budget_milli", 0, kFar, 0));
    out.expected = fields.maybe_word<Outcome>("expected", parse_outcome);
    return out;
}

Lease read_lease(Fields& fields) {
    Lease out;
    out.task = fields.needed_id<TaskId>("task");
    out.job = fields.needed_id<JobId>("job");
    out.key = task_key(fields);
    out.kind = fields.word<TaskKind>("kind", parse_task_kind);
    out.fence.value = fields.needed_integer("fence", 1, kFar);
    out.attempt = static_cast<int>(fields.integer("attempt", 1, 1 << 20, 1));
    out.until_ms = fields.integer("until_ms", 0, kFar, 0);
    out.expected_s = fields.integer("expected_s", 1, kLongest, 60);
    out.shards = static_cast<int>(fields.integer("shards", 1, 1 << 20, 1));
    out.shard = static_cast<int>(fields.integer("shard", 0, out.shards - 1, 0));
    out.needs = fields.nested("needs", needs);
    out.spec = fields.sealed("spec", kSpecBytes);
    out.payload = fields.sealed("payload", kPayloadBytes);
    out.inputs = fields.each<Input>("inputs", kMostTasks, input);
    out.group = fields.id<GroupId>("group");
    out.group_key = fields.sealed("group_key", kGroupKey);
    return out;
}

Report read_report(Fields& fields) {
    Report out;
    out.task = fields.needed_id<TaskId>("task");
    out.fence.value = fields.needed_integer("fence", 1, kFar);
    out.outcome = fields.word<Outcome>("outcome", parse_outcome);
    out.result = fields.sealed("result", kResultBytes);
    out.blobs = fields.ids<BlobId>("blobs", kMostResultBlobs);
    out.children = fields.each<NewTask>("children", kMostChildren, new_task);
    out.reason = reason_word(fields, "reason");
    out.wall_ms = fields.integer("wall_ms", 0, kFar, 0);
    return out;
}

JobStatus read_job_status(Fields& fields) {
    JobStatus out;
    out.id = fields.needed_id<JobId>("id");
    out.account = fields.text("account", 128);
    out.kind = fields.word<JobKind>("kind", parse_job_kind);
    out.state = fields.word<State>("state", parse_state);
    out.reason = fields.text("reason", 200);
    out.spec = fields.sealed("spec", kSpecBytes);
    out.result = fields.sealed("result", kResultBytes);
    out.result_task = fields.id<TaskId>("result_task");
    out.same_as = fields.id<JobId>("same_as");
    out.group = fields.id<GroupId>("group");
    out.group_key = fields.sealed("group_key", kGroupKey);
    out.submitted_ms = fields.integer("submitted_ms", 0, kFar, 0);
    out.ended_ms = fields.integer("ended_ms", 0, kFar, 0);
    out.paid = ledger::Credits::milli(fields.integer("paid_milli", 0, kFar, 0));
    out.tasks = fields.each<TaskStatus>("tasks", 1 << 16, task_status);
    return out;
}

}  // namespace ec::swarm
