#include "prefix_store.hpp"

#include <algorithm>
#include <ec/core/fs.hpp>
#include <ec/core/hash.hpp>
#include <ec/json/json.hpp>

namespace ec::model::embedded {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLeastTokens = 128;  // less is read again sooner than it is loaded
constexpr std::size_t kGrowth = 512;
constexpr std::uint64_t kLargestFile = std::uint64_t{4} << 30;
constexpr std::size_t kMostEntries = 64;
constexpr std::uint64_t kMostTokens = std::uint64_t{1} << 24;
constexpr std::string_view kEnding = ".prefix";

std::string_view bytes_of(const std::vector<std::int32_t>& tokens) {
    return {reinterpret_cast<const char*>(tokens.data()), tokens.size() * sizeof(std::int32_t)};
}

struct FileAge {
    fs::path path;
    fs::file_time_type used;
    std::uintmax_t bytes = 0;
};

std::vector<FileAge> files_in(const fs::path& folder) {
    std::vector<FileAge> files;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        std::error_code ignored;
        // A process that was killed leaves a file under its temporary name; it counts, and goes as others do.
        if (entry.path().filename().string().find(kEnding) == std::string::npos) continue;
        if (!entry.is_regular_file(ignored)) continue;
        files.push_back({entry.path(), entry.last_write_time(ignored), entry.file_size(ignored)});
    }
    std::ranges::sort(files, {}, &FileAge::used);
    return files;
}

std::unexpected<Error> unreadable() { return fail(ErrorCode::corrupt, "this file is no saved prefix"); }

Result<std::vector<Run>> read_runs(const json::Array& listed, std::string_view body) {
    std::vector<Run> runs;
    for (const json::Value& value : listed) {
        json::Reader in(value, "run");
        const auto bytes = static_cast<std::uint64_t>(in.integer("bytes", -1));
        const auto tokens = static_cast<std::uint64_t>(in.integer("tokens", -1));
        EC_TRY(in.status());
        if (bytes > body.size() || tokens > kMostTokens) return unreadable();
        runs.push_back({std::string(body.substr(0, bytes)), tokens});
        body.remove_prefix(bytes);
    }
    return runs;
}

}  // namespace

PrefixStore::PrefixStore(LoadedModel& model, Memory& memory, fs::path folder, std::int64_t most_bytes,
                         const std::string& configuration)
    : model_(model),
      memory_(memory),
      folder_(std::move(folder)),
      most_bytes_(static_cast<std::uintmax_t>(std::max<std::int64_t>(most_bytes, 0))),
      key_(hash128(model.facts().identity + '\n' + configuration + '\n' + llama_version()).hex()) {
    if (folder_.empty()) return;
    std::error_code error;
    fs::create_directories(folder_, error);
    fs::permissions(folder_, fs::perms::owner_all, error);  // prompts are nobody else's business
    look_through();
}

void PrefixStore::look_through() {
    std::vector<FileAge> files = files_in(folder_);
    std::ranges::reverse(files);
    for (const FileAge& file : files) {
        if (entries_.size() == kMostEntries) break;
        if (file.path.extension() != kEnding || !file.path.filename().string().starts_with(key_)) continue;
        std::string content;
        if (auto entry = read(file.path, key_, content)) {
            memory_.restore(entry->remembered);
            entries_.push_back(*std::move(entry));
        } else {
            std::error_code ignored;
            fs::remove(file.path, ignored);  // of no use to anybody
        }
    }
}

Result<PrefixStore::Entry> PrefixStore::read(const fs::path& file, const std::string& key, std::string& content) {
    EC_ASSIGN(content, read_file(file, kLargestFile));
    const std::size_t line = content.find('\n');
    if (line == std::string::npos) return unreadable();
    EC_ASSIGN(const json::Value head, json::parse(std::string_view(content).substr(0, line)));
    json::Reader in(head, "prefix");
    const std::string_view body = std::string_view(content).substr(line + 1);
    const bool ours = in.string("key") == key && in.string("hash") == hash128(body).hex();
    const std::int64_t evaluated = in.integer("evaluated");
    Entry entry{file, {}, static_cast<std::size_t>(evaluated), 0, in.array("memory")};
    EC_ASSIGN(entry.transcript.runs, read_runs(in.array("runs"), body));
    EC_TRY(in.status());
    std::size_t at = 0;
    std::size_t tokens = 0;
    for (const Run& run : entry.transcript.runs) {
        at += run.bytes.size();
        tokens += run.tokens;
    }
    if (!ours || evaluated < 1 || entry.evaluated > tokens || tokens > (body.size() - at) / sizeof(std::int32_t)) {
        return unreadable();
    }
    entry.transcript.tokens.resize(tokens);
    std::copy_n(body.data() + at, tokens * sizeof(std::int32_t),
                reinterpret_cast<char*>(entry.transcript.tokens.data()));
    entry.state_at = line + 1 + at + tokens * sizeof(std::int32_t);
    return entry;
}

void PrefixStore::restore(Sequences& sequences, const std::string& prompt) {
    if (entries_.empty()) return;
    const Entry* best = nullptr;
    std::size_t most = sequences.known(prompt) + kLeastTokens;
    for (const Entry& entry : entries_) {
        if (const std::size_t shared = sequences.shared(prompt, entry.transcript); shared >= most) {
            most = shared + 1;
            best = &entry;
        }
    }
    if (best == nullptr) return;
    // Read and checked again: the file may have been replaced or lost since.
    std::string content;
    const Result<Entry> fresh = read(best->file, key_, content);
    Sequence* target = fresh && fresh->transcript == best->transcript ? sequences.blank() : nullptr;
    if (target == nullptr) return;
    const auto* state = reinterpret_cast<const std::uint8_t*>(content.data()) + fresh->state_at;
    if (llama_state_seq_set_data(model_.context(), state, content.size() - fresh->state_at, target->id) == 0) {
        llama_memory_seq_rm(model_.memory(), target->id, -1, -1);
        return;
    }
    target->transcript = fresh->transcript;
    target->evaluated = target->saved = fresh->evaluated;
    std::error_code ignored;
    fs::last_write_time(best->file, fs::file_time_type::clock::now(), ignored);
}

void PrefixStore::save(Sequences& sequences, bool all) {
    if (folder_.empty() || most_bytes_ == 0) return;
    // The most recent only: of the branches of one conversation the others hold little that it does not.
    const std::vector<Sequence*> idle = sequences.idle();
    if (idle.empty()) return;
    Sequence& latest = *idle.back();
    const std::size_t grown = latest.evaluated - std::min(latest.evaluated, latest.saved);
    if (latest.evaluated < kLeastTokens || grown < (all ? kLeastTokens : kGrowth)) return;
    static_cast<void>(write(latest));  // a full disk costs the cache, nothing else
}

Status PrefixStore::write(Sequence& sequence) {
    const Transcript& saved = sequence.transcript;
    std::string body;
    json::Array runs;
    for (const Run& run : saved.runs) {
        body += run.bytes;
        runs.emplace_back(json::Object{{"bytes", run.bytes.size()}, {"tokens", run.tokens}});
    }
    body += bytes_of(saved.tokens);
    const std::size_t state = llama_state_seq_get_size(model_.context(), sequence.id);
    if (state == 0 || state > most_bytes_) return fail(ErrorCode::too_large, "the state is too large to keep");
    const std::size_t at = body.size();
    body.resize(at + state);
    const std::size_t written = llama_state_seq_get_data(
        model_.context(), reinterpret_cast<std::uint8_t*>(body.data()) + at, state, sequence.id);
    body.resize(at + written);
    const json::Object head{{"key", key_},
                            {"hash", hash128(body).hex()},
                            {"evaluated", sequence.evaluated},
                            {"runs", std::move(runs)},
                            {"memory", memory_.saved()}};
    const std::string content = json::write(head) + '\n' + body;
    make_room(content.size());
    const fs::path file = folder_ / (key_ + '-' + hash128(bytes_of(saved.tokens)).hex() + std::string(kEnding));
    EC_TRY(write_file_atomic(file, content, 0600));
    sequence.saved = sequence.evaluated;
    return {};
}

void PrefixStore::make_room(std::uintmax_t bytes) {
    std::vector<FileAge> files = files_in(folder_);
    std::uintmax_t total = bytes;
    for (const FileAge& file : files) total += file.bytes;
    for (const FileAge& file : files) {
        if (total <= most_bytes_) return;
        std::error_code ignored;
        fs::remove(file.path, ignored);
        std::erase_if(entries_, [&](const Entry& entry) { return entry.file == file.path; });
        total -= file.bytes;
    }
}

}  // namespace ec::model::embedded
