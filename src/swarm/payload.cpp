#include <fmt/format.h>

#include <charconv>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/crypto/base64.hpp>
#include <ec/json/json.hpp>
#include <ec/swarm/payload.hpp>

namespace ec::swarm {
namespace {

constexpr std::size_t kTaskBytes = 128U << 10;
constexpr std::size_t kCommandBytes = 16U << 10;
constexpr std::size_t kNameBytes = 1024;
constexpr std::size_t kFiles = 1024;
constexpr std::size_t kTargets = 4096;
constexpr std::int64_t kMostRounds = 100;
constexpr std::size_t kManifestBlobs = kManifestBytes / kBlobPlainBytes + 1;
constexpr std::int64_t kLongestBudget = 7 * 24 * 3600;
constexpr std::int64_t kMostMemory = 1 << 24;
constexpr std::int64_t kMostCounted = 1'000'000'000'000;

/// Reads the fields of one document, and keeps them in their bounds.
class Fields {
public:
    Fields(const json::Value& value, std::string where) : reader_(value, where), where_(std::move(where)) {}

    std::string text(std::string_view key, std::size_t most) {
        std::string value = reader_.string(key);
        if (value.size() > most) reject(key, fmt::format("is longer than {} bytes", most));
        return value;
    }
    /// Text that need not be UTF-8: then it is `key`_base64.
    std::string bytes(std::string_view key, std::size_t most) {
        const std::string packed_key = fmt::format("{}_base64", key);
        const std::string packed = reader_.string(packed_key);
        if (packed.empty()) return text(key, most);
        auto value = crypto::from_base64(packed);
        if (!value || value->size() > most) {
            reject(packed_key, "is no base64, or too long");
            return {};
        }
        return *std::move(value);
    }
    std::int64_t number(std::string_view key, std::int64_t least, std::int64_t most, std::int64_t fallback) {
        const std::int64_t value = reader_.integer(key, fallback);
        if (value < least || value > most) reject(key, fmt::format("is not from {} to {}", least, most));
        return value;
    }
    int count(std::string_view key) { return static_cast<int>(number(key, 0, 1'000'000'000, 0)); }
    /// All 64 bits do not fit a number of JSON.
    std::uint64_t wide(std::string_view key, std::uint64_t fallback) {
        const std::string digits = reader_.string(key, fmt::format("{}", fallback));
        std::uint64_t value = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error != std::errc() || end != digits.data() + digits.size() || digits.empty()) {
            reject(key, "is no whole number");
        }
        return value;
    }
    std::vector<std::string> texts(std::string_view key, std::size_t most, std::size_t each) {
        std::vector<std::string> values = reader_.strings(key);
        if (values.size() > most) reject(key, fmt::format("has more than {} entries", most));
        for (const std::string& value : values)
            if (value.size() > each) reject(key, fmt::format("has an entry of more than {} bytes", each));
        return values;
    }
    void reject(std::string_view key, std::string_view what) {
        if (own_) own_ = fail(ErrorCode::corrupt, fmt::format("{}.{} {}", where_, key, what));
    }
    json::Reader& reader() { return reader_; }
    [[nodiscard]] Status status() const {
        EC_TRY(reader_.status());
        return own_;
    }

private:
    json::Reader reader_;
    std::string where_;
    Status own_;
};

Result<json::Value> parse_bounded(std::string_view text, std::size_t most, std::string_view what) {
    if (text.size() > most) return fail(ErrorCode::too_large, fmt::format("{} is longer than {} bytes", what, most));
    return json::parse(text);
}

std::vector<std::string> inside_files(Fields& fields) {
    std::vector<std::string> files = fields.texts("files", kFiles, kNameBytes);
    for (const std::string& file : files)
        if (!is_inside_relative(file)) fields.reject("files", "names one that is not inside");
    return files;
}

Result<PartSpec> read_part(const json::Value& value) {
    Fields fields(value, "part");
    PartSpec part;
    part.key = fields.text("key", 64);
    part.task = fields.text("task", kTaskBytes);
    part.files = inside_files(fields);
    part.targets = fields.texts("targets", kTargets, kCommandBytes);
    part.after = fields.texts("after", kMostChildren, 64);
    EC_TRY(fields.status());
    return part;
}

json::Array strings(const std::vector<std::string>& values) {
    json::Array array;
    for (const std::string& value : values) array.emplace_back(value);
    return array;
}

void put_bytes(json::Object& object, std::string_view key, const std::string& value) {
    if (is_valid_utf8(value)) {
        object[key] = value;
    } else {
        object[fmt::format("{}_base64", key)] = crypto::base64(value);
    }
}

void read_manifest_blobs(Fields& fields, JobSpec& spec) {
    for (const std::string& text : fields.texts("manifest", kManifestBlobs, 64)) {
        auto id = BlobId::parse(text);
        if (!id) return fields.reject("manifest", "has an entry that is no id");
        spec.manifest.push_back(*std::move(id));
    }
    for (const std::string& text : fields.texts("manifest_keys", kManifestBlobs, 64)) {
        auto key = crypto::from_base64url(text);
        if (!key || key->size() != crypto::SealKey::kBytes) {
            return fields.reject("manifest_keys", "has an entry that is no key");
        }
        spec.manifest_keys.push_back(*std::move(key));
    }
    if (spec.manifest.empty()) fields.reject("manifest", "is empty");
    if (spec.manifest.size() != spec.manifest_keys.size()) fields.reject("manifest_keys", "are not one a blob");
}

bool is_model_class(std::string_view text) {
    return text.empty() || text == "small" || text == "medium" || text == "large";
}

}  // namespace

std::string write(const JobSpec& spec) {
    json::Array blobs;
    for (const BlobId& id : spec.manifest) blobs.emplace_back(id.text());
    json::Array keys;
    for (const std::string& key : spec.manifest_keys) keys.emplace_back(crypto::base64url(key));
    return json::write(json::Object{{"kind", name(spec.kind)},
                                    {"task", spec.task},
                                    {"test", spec.test},
                                    {"model", spec.model},
                                    {"model_class", spec.model_class},
                                    {"seed", fmt::format("{}", spec.seed)},
                                    {"budget_s", spec.budget_s},
                                    {"memory_mb", spec.memory_mb},
                                    {"manifest", std::move(blobs)},
                                    {"manifest_keys", std::move(keys)},
                                    {"snapshot", spec.snapshot}});
}

std::string write(const TaskSpec& spec) {
    json::Array parts;
    for (const PartSpec& part : spec.parts) {
        parts.push_back(json::Object{{"key", part.key},
                                     {"task", part.task},
                                     {"files", strings(part.files)},
                                     {"targets", strings(part.targets)},
                                     {"after", strings(part.after)}});
    }
    return json::write(json::Object{{"task", spec.task},
                                    {"files", strings(spec.files)},
                                    {"test", spec.test},
                                    {"targets", strings(spec.targets)},
                                    {"sample", fmt::format("{}", spec.sample)},
                                    {"round", spec.round},
                                    {"parts", std::move(parts)}});
}

std::string write(const TaskResult& result) {
    json::Object object{{"outcome", name(result.outcome)}};
    put_bytes(object, "patch", result.patch);
    object["explanation"] = result.explanation;
    object["proposer"] = result.proposer;
    object["passed_before"] = result.passed_before;
    object["failed_before"] = result.failed_before;
    object["passed_after"] = result.passed_after;
    object["failed_after"] = result.failed_after;
    object["candidates"] = result.candidates;
    object["log"] = result.log;
    object["reason"] = result.reason;
    return json::write(object);
}

Result<JobSpec> read_job_spec(std::string_view text) {
    EC_ASSIGN(const json::Value value, parse_bounded(text, kSpecBytes, "the job's spec"));
    Fields fields(value, "spec");
    fields.reader().require("kind").require("test").require("manifest").require("manifest_keys").require("snapshot");
    JobSpec spec;
    if (auto kind = parse_job_kind(fields.text("kind", 32)); kind) {
        spec.kind = *kind;
    } else {
        fields.reject("kind", "is none that is known");
    }
    spec.task = fields.text("task", kTaskBytes);
    spec.test = fields.text("test", kCommandBytes);
    spec.model = fields.text("model", kNameBytes);
    spec.model_class = fields.text("model_class", kNameBytes);
    if (!is_model_class(spec.model_class)) fields.reject("model_class", "is none of small, medium and large");
    spec.seed = fields.wide("seed", 1);
    spec.budget_s = fields.number("budget_s", 1, kLongestBudget, 600);
    spec.memory_mb = fields.number("memory_mb", 0, kMostMemory, 0);
    read_manifest_blobs(fields, spec);
    spec.snapshot = fields.text("snapshot", 64);
    if (!crypto::Sha256Digest::parse(spec.snapshot)) fields.reject("snapshot", "is no digest");
    if (spec.test.find('\0') != std::string::npos) fields.reject("test", "holds a NUL byte");
    EC_TRY(fields.status());
    return spec;
}

Result<TaskSpec> read_task_spec(std::string_view text) {
    EC_ASSIGN(const json::Value value, parse_bounded(text, kPayloadBytes, "the task's payload"));
    Fields fields(value, "payload");
    TaskSpec spec;
    spec.task = fields.text("task", kTaskBytes);
    spec.files = inside_files(fields);
    spec.test = fields.text("test", kCommandBytes);
    spec.targets = fields.texts("targets", kTargets, kCommandBytes);
    spec.sample = fields.wide("sample", 0);
    spec.round = static_cast<int>(fields.number("round", 0, kMostRounds, 0));
    const json::Array& parts = fields.reader().array("parts");
    if (parts.size() > kMostChildren) fields.reject("parts", "are too many");
    for (const json::Value& part : parts) {
        EC_TRY(fields.status());
        EC_ASSIGN(PartSpec read, read_part(part));
        spec.parts.push_back(std::move(read));
    }
    if (spec.test.find('\0') != std::string::npos) fields.reject("test", "holds a NUL byte");
    EC_TRY(fields.status());
    return spec;
}

Result<TaskResult> read_task_result(std::string_view text) {
    EC_ASSIGN(const json::Value value, parse_bounded(text, kResultBytes, "the result"));
    Fields fields(value, "result");
    fields.reader().require("outcome");
    TaskResult result;
    if (auto outcome = parse_outcome(fields.text("outcome", 32)); outcome) {
        result.outcome = *outcome;
    } else {
        fields.reject("outcome", "is none that is known");
    }
    result.patch = fields.bytes("patch", kResultBytes);
    result.explanation = fields.text("explanation", kTaskBytes);
    result.proposer = fields.text("proposer", kNameBytes);
    result.passed_before = fields.count("passed_before");
    result.failed_before = fields.count("failed_before");
    result.passed_after = fields.count("passed_after");
    result.failed_after = fields.count("failed_after");
    result.candidates = fields.number("candidates", 0, kMostCounted, 0);
    result.log = fields.text("log", kTaskBytes);
    result.reason = fields.text("reason", kTaskBytes);
    EC_TRY(fields.status());
    return result;
}

std::string job_key_context() { return "edgecoder job key 1"; }
std::string spec_context() { return "edgecoder job spec 1"; }
std::string payload_context(std::string_view task_key) { return fmt::format("edgecoder payload 1 {}", task_key); }
std::string result_context(std::string_view task_key) { return fmt::format("edgecoder result 1 {}", task_key); }
std::string progress_context(std::string_view task_key) { return fmt::format("edgecoder progress 1 {}", task_key); }

}  // namespace ec::swarm
