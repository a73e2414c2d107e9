#include "job_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/fs.hpp>
#include <ec/crypto/base64.hpp>
#include <ec/crypto/random.hpp>
#include <ec/json/json.hpp>
#include <ec/swarm/protocol.hpp>

#include "swarm_places.hpp"

namespace ec::apps {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kMostRecord = 64U << 20;

Result<fs::path> records_dir() {
    EC_ASSIGN(const fs::path dir, swarm_dir());
    std::error_code error;
    fs::create_directories(dir / "jobs", error);
    if (error) return fail(from_errno("cannot make the folder of jobs", error.value()));
    return dir / "jobs";
}

Result<JobRecord> read_record(const fs::path& file) {
    EC_ASSIGN(const std::string text, read_file(file, kMostRecord));
    EC_ASSIGN(const json::Value value, json::parse(text));
    json::Reader reader(value, file.filename().string());
    JobRecord record;
    record.key = reader.require("key").string("key");
    const std::string job = reader.string("job");
    record.directory = reader.string("dir");
    const std::string request = reader.string("request");
    const std::string job_key = reader.string("job_key");
    const std::vector<std::string> trusted = reader.strings("trusted");
    const std::string verification = reader.string("verification", "adaptive");
    record.spec_hash = reader.string("spec_hash");
    EC_TRY(reader.status());
    if (!job.empty()) {
        EC_ASSIGN(record.job, swarm::JobId::parse(job));
    }
    if (!request.empty()) {
        EC_ASSIGN(const std::vector<swarm::NewJob> jobs, swarm::read_new_jobs(request));
        if (jobs.size() == 1) record.request = jobs.front();
    }
    if (!job_key.empty()) {
        EC_ASSIGN(const std::string bytes, crypto::from_base64url(job_key));
        EC_ASSIGN(record.job_key, crypto::SealKey::from_bytes(bytes));
    }
    for (const std::string& id : trusted) {
        EC_ASSIGN(identity::NodeId node, identity::NodeId::parse(id));
        record.trusted.push_back(std::move(node));
    }
    EC_ASSIGN(record.verification, swarm::parse_verification(verification));
    return record;
}

/// Newest first. A record that cannot be read is passed over: it belongs to another version.
Result<std::vector<std::pair<fs::file_time_type, fs::path>>> record_files() {
    EC_ASSIGN(const fs::path dir, records_dir());
    std::vector<std::pair<fs::file_time_type, fs::path>> files;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(dir, error)) {
        if (entry.path().extension() != ".json") continue;
        std::error_code gone;
        const auto time = fs::last_write_time(entry.path(), gone);
        if (!gone) files.emplace_back(time, entry.path());
    }
    std::ranges::sort(files, std::greater());
    return files;
}

template <class Wanted>
Result<JobRecord> find(const Wanted& wanted, std::string_view what) {
    EC_ASSIGN(const auto files, record_files());
    for (const auto& [time, file] : files) {
        auto record = read_record(file);
        if (record && wanted(*record)) return record;
    }
    return fail(ErrorCode::not_found, std::string(what));
}

}  // namespace

Status check_job_key(const std::string& key) {
    const bool good =
        key.size() >= 8 && key.size() <= 64 && std::ranges::all_of(key, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        });
    if (good) return {};
    return fail(ErrorCode::invalid_argument, "--key is 8 to 64 letters, digits, - and _");
}

std::string fresh_job_key() { return crypto::base64url(crypto::random_bytes(24)); }

Status save_record(const JobRecord& record) {
    json::Array trusted;
    for (const identity::NodeId& id : record.trusted) trusted.emplace_back(id.text());
    json::Object object{{"key", record.key},
                        {"job", record.job.text()},
                        {"dir", record.directory},
                        {"trusted", std::move(trusted)},
                        {"verification", swarm::name(record.verification)},
                        {"spec_hash", record.spec_hash}};
    if (record.request) object["request"] = swarm::write(*record.request);
    if (record.job_key) object["job_key"] = crypto::base64url(record.job_key->reveal());
    EC_ASSIGN(const fs::path dir, records_dir());
    return write_file_atomic(dir / (record.key + ".json"), json::write(object), 0600);
}

Result<JobRecord> load_record(const std::string& key) {
    EC_TRY(check_job_key(key));
    EC_ASSIGN(const fs::path dir, records_dir());
    return read_record(dir / (key + ".json"));
}

Result<JobRecord> find_record(const swarm::JobId& job) {
    return find([&](const JobRecord& record) { return record.job == job; }, "this machine did not submit that job");
}

Result<JobRecord> find_unsent(const fs::path& directory) {
    return find(
        [&](const JobRecord& record) {
            return record.job.empty() && record.request && record.directory == directory.string();
        },
        "no submission from this folder waits to be sent; edgecoder jobs list shows those that were");
}

Status trim_records(std::size_t kept) {
    EC_ASSIGN(const auto files, record_files());
    for (std::size_t i = kept; i < files.size(); ++i) {
        const auto record = read_record(files[i].second);
        std::error_code error;
        if (record && !record->job.empty()) fs::remove(files[i].second, error);
    }
    return {};
}

}  // namespace ec::apps
