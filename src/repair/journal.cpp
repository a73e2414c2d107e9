#include <fcntl.h>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/json/json.hpp>
#include <ec/repair/journal.hpp>

namespace ec::repair {
namespace {

constexpr std::array<std::string_view, 4> kVerdicts = {"pass", "fail", "timeout", "invalid"};

std::optional<Verdict> verdict_of(std::string_view name) {
    for (std::size_t i = 0; i < kVerdicts.size(); ++i) {
        if (kVerdicts[i] == name) return static_cast<Verdict>(i);
    }
    return std::nullopt;
}

std::optional<Hash128> hash_of(std::string_view hex) {
    Hash128 hash;
    if (hex.size() != 32) return std::nullopt;
    for (auto [word, from] : {std::pair{&hash.high, 0U}, std::pair{&hash.low, 16U}}) {
        const char* first = hex.data() + from;
        if (std::from_chars(first, first + 16, *word, 16).ptr != first + 16) return std::nullopt;
    }
    return hash;
}

}  // namespace

Result<Journal> Journal::open(const std::filesystem::path& path, bool resume) {
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    if (error) return fail(from_errno(fmt::format("cannot create {}", path.parent_path().string()), error.value()));
    std::filesystem::permissions(path.parent_path(), std::filesystem::perms::owner_all, error);

    std::unordered_map<Hash128, Entry> known;
    if (resume && std::filesystem::exists(path)) {
        EC_ASSIGN(const std::string text, read_file(path, 1ULL << 30));
        for (const std::string_view line : split_lines(text)) {
            const auto value = json::parse(line);
            if (!value) continue;
            json::Reader reader(*value);
            const auto id = hash_of(reader.string("id"));
            const auto verdict = verdict_of(reader.string("verdict"));
            const auto limit = std::chrono::milliseconds(reader.integer("limit_ms"));
            if (!id || !verdict) continue;
            Judgement judgement;
            judgement.verdict = *verdict;
            judgement.passed = static_cast<std::uint32_t>(reader.integer("passed"));
            if (reader.status()) known[*id] = {judgement, limit};
        }
    }
    UniqueFd fd(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | (resume ? 0 : O_TRUNC), 0600));
    if (!fd.valid()) return fail(from_errno(fmt::format("cannot open {}", path.string()), errno));
    // A line cut by a crash must not swallow the next one.
    Journal journal(std::move(fd), std::move(known));
    if (resume) journal.pending_ = "\n";
    return journal;
}

std::optional<Judgement> Journal::find(Hash128 candidate, std::chrono::milliseconds limit) const {
    const auto at = known_.find(candidate);
    if (at == known_.end()) return std::nullopt;
    if (at->second.judgement.verdict == Verdict::timeout && at->second.limit < limit) return std::nullopt;
    return at->second.judgement;
}

void Journal::record(Hash128 candidate, const Judgement& judgement, std::chrono::milliseconds limit) {
    known_[candidate] = {judgement, limit};
    pending_ += fmt::format("{{\"id\":\"{}\",\"verdict\":\"{}\",\"passed\":{},\"limit_ms\":{}}}\n", candidate.hex(),
                            kVerdicts[static_cast<std::size_t>(judgement.verdict)], judgement.passed, limit.count());
}

Status Journal::flush() {
    std::string_view rest = pending_;
    while (!rest.empty()) {
        const ssize_t n = ::write(fd_.get(), rest.data(), rest.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(from_errno("cannot write the journal", errno));
        rest.remove_prefix(static_cast<std::size_t>(n));
    }
    pending_.clear();
    return {};
}

}  // namespace ec::repair
