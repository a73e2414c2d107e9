#include "download.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <ec/core/fs.hpp>
#include <ec/json/json.hpp>

#include "files.hpp"
#include "http_status.hpp"

namespace ec::model::library {
namespace {

constexpr unsigned kTriesWithoutProgress = 5;
constexpr unsigned kRestarts = 3;
constexpr unsigned kRedirects = 8;
constexpr std::chrono::milliseconds kFirstPause{1000};
constexpr std::chrono::milliseconds kLongestPause{30'000};
constexpr std::uint64_t kLargestFile = 1ULL << 42;
constexpr std::uint64_t kKeptFree = 64ULL << 20;  // of a disk, when nobody says how much comes
constexpr std::uint64_t kMostNotes = 8192;

struct Range {
    std::uint64_t first = 0;
    std::uint64_t total = 0;
};

bool number(std::string_view& text, std::uint64_t& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc()) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}

// "bytes 5-9/10" (RFC 9110 section 14.4).
std::optional<Range> parse_range(std::string_view text) {
    Range range;
    std::uint64_t last = 0;
    if (!text.starts_with("bytes ")) return std::nullopt;
    text.remove_prefix(6);
    if (!number(text, range.first) || !text.starts_with('-')) return std::nullopt;
    text.remove_prefix(1);
    if (!number(text, last) || !text.starts_with('/')) return std::nullopt;
    text.remove_prefix(1);
    if (!number(text, range.total) || !text.empty()) return std::nullopt;
    if (last < range.first || range.total != last + 1) return std::nullopt;  // less than the rest was not asked for
    return range;
}

std::uint64_t whole_number(std::string_view text) {
    std::uint64_t value = 0;
    return number(text, value) && text.empty() ? value : 0;
}

bool worth_another_try(ErrorCode code) {
    return code == ErrorCode::io || code == ErrorCode::timeout || code == ErrorCode::unavailable;
}

}  // namespace

std::filesystem::path Download::notes() const { return partial_.string() + ".json"; }

void Download::tell(PullProgress::Stage stage, std::string_view why) const {
    if (progress_) progress_({stage, offset_, total_, why});
}

void Download::discard() {
    ::unlink(notes().c_str());
    ::unlink(partial_.c_str());
}

Status Download::restart() {
    if (::ftruncate(fd_, 0) != 0 || ::lseek(fd_, 0, SEEK_SET) != 0) {
        return fail(from_errno(fmt::format("cannot empty {}", partial_.string()), errno));
    }
    hash_ = crypto::Sha256();
    offset_ = 0;
    total_ = wanted_.size;
    tag_.clear();
    resumed_ = false;
    return {};
}

// What an earlier try left is gone on with only when it can be told that the rest belongs to it: by an entity tag, or
// by the hash at the end.
Status Download::begin(const std::stop_token& stop) {
    total_ = wanted_.size;
    struct stat info{};
    if (::fstat(fd_, &info) != 0) return fail(from_errno(fmt::format("cannot stat {}", partial_.string()), errno));
    const auto there = static_cast<std::uint64_t>(info.st_size);
    std::string tag;
    bool ours = wanted_.sha256.has_value();
    if (const auto text = read_file(notes(), kMostNotes)) {
        const json::Value record = json::parse(*text).value_or(json::Object{});
        json::Reader in(record);
        if (in.string("url") == wanted_.url) tag = in.string("etag");
        ours = ours || !tag.empty();
    }
    if (there == 0 || !ours || (total_ > 0 && there > total_)) return restart();
    EC_TRY(hash_bytes(fd_, there, hash_, progress_, stop));
    if (::lseek(fd_, static_cast<off_t>(there), SEEK_SET) < 0) return restart();
    offset_ = there;
    tag_ = tag;
    resumed_ = true;
    return {};
}

Status Download::remember(const std::string& tag) {
    tag_ = tag;
    return write_file_atomic(notes(), json::write(json::Object{{"etag", tag}, {"url", wanted_.url}}), 0600);
}

Status Download::announce(std::uint64_t total) {
    if (total > kLargestFile || (wanted_.size > 0 && total > 0 && total != wanted_.size)) {
        useless_ = true;
        return fail(ErrorCode::corrupt,
                    fmt::format("the source announced {} bytes of {} and sends {}", wanted_.size, wanted_.what, total));
    }
    if (total > 0) total_ = total;
    if (total_ <= offset_) return {};
    const Status room = check_space(partial_.parent_path(), total_ - offset_);
    final_ = !room;
    return room;
}

Status Download::take_range(const net::HttpResponse& head) {
    const auto range = parse_range(head.header("content-range"));
    const std::string tag = head.header("etag");
    if (!range || range->first != offset_ || (!tag_.empty() && !tag.empty() && tag != tag_)) {
        stale_ = true;
        return fail(ErrorCode::conflict, "the answer does not continue what is there");
    }
    resumed_ = true;
    return announce(range->total);
}

Status Download::take_whole(const net::HttpResponse& head) {
    if (offset_ > 0) {
        EC_TRY(restart());
    }
    const std::string coding = head.header("content-encoding");
    if (!coding.empty() && coding != "identity") {
        return fail(ErrorCode::corrupt,
                    fmt::format("the source sends {} in a coding that was not asked for", wanted_.what));
    }
    EC_TRY(announce(whole_number(head.header("content-length"))));
    const std::string tag = head.header("etag");
    return remember(tag.starts_with('"') ? tag : std::string());
}

Status Download::take_head(const net::HttpResponse& head) {
    if (head.status == 206 && offset_ > 0) return take_range(head);
    if (head.status == 200) return take_whole(head);
    if (head.status == 416 && offset_ > 0) {
        stale_ = true;
        return fail(ErrorCode::conflict, "the source has no such rest");
    }
    if (head.status == 429 || head.status >= 500) {
        again_ = true;
        const std::uint64_t seconds = std::min<std::uint64_t>(whole_number(head.header("retry-after")), 60);
        pause_ = std::chrono::seconds(seconds);
    }
    return fail(status_error(head, wanted_.what));
}

Status Download::take_body(std::string_view bytes) {
    if (total_ > 0 && bytes.size() > total_ - offset_) {
        useless_ = true;
        return fail(ErrorCode::corrupt,
                    fmt::format("the source sends more than the {} bytes of {}", total_, wanted_.what));
    }
    if (const Status written = write_bytes(fd_, bytes, partial_.parent_path()); !written) {
        useless_ = true;  // of part of a file on a full disk nobody has any good
        return written;
    }
    hash_.update(bytes);
    offset_ += bytes.size();
    tell(PullProgress::Stage::downloading);
    return {};
}

Status Download::attempt(const std::stop_token& stop) {
    net::HttpRequest request;
    request.url = wanted_.url;
    request.headers = wanted_.headers;
    request.why = "model-download";
    request.connect_timeout = std::chrono::seconds(10);
    request.first_byte_timeout = std::chrono::seconds(60);
    request.idle_timeout = std::chrono::seconds(60);
    request.redirects = kRedirects;
    const std::uint64_t room = free_space(partial_.parent_path());
    request.body_limit = total_ > 0 ? kLargestFile : std::min(kLargestFile, room > kKeptFree ? room - kKeptFree : 0);
    if (offset_ > 0) {
        request.headers.emplace_back("Range", fmt::format("bytes={}-", offset_));
        if (!tag_.empty()) request.headers.emplace_back("If-Range", tag_);
    }
    net::ResponseSink sink;
    sink.on_head = [this](const net::HttpResponse& head) { return take_head(head); };
    sink.on_body = [this](std::string_view bytes) { return take_body(bytes); };
    const auto answer = http_.send(request, sink, stop);
    if (!answer) {
        if (answer.error().code != ErrorCode::too_large) return fail(answer.error());
        useless_ = true;
        return fail(ErrorCode::too_large, fmt::format("the source sends more of {} than fits here", wanted_.what));
    }
    if (total_ > 0 && offset_ < total_) return fail(ErrorCode::io, "the connection ended before the file did");
    return {};
}

Result<crypto::Sha256Digest> Download::finish() {
    const crypto::Sha256Digest hash = hash_.finish();
    if (wanted_.sha256 && hash != *wanted_.sha256) {
        stale_ = resumed_;  // perhaps only the part from before is wrong
        useless_ = !resumed_;
        return fail(ErrorCode::corrupt,
                    fmt::format("{} is not what the source announced: its SHA-256 is {} and not {}", wanted_.what,
                                hash.hex(), wanted_.sha256->hex()),
                    "try again; if it stays so, do not use this source");
    }
    if (::fsync(fd_) != 0) {
        useless_ = errno == ENOSPC;
        return fail(from_errno(fmt::format("cannot sync {}", partial_.string()), errno));
    }
    ::unlink(notes().c_str());
    return hash;
}

Result<crypto::Sha256Digest> Download::run(const OnPullProgress& progress, const std::stop_token& stop) {
    progress_ = progress;
    EC_TRY(begin(stop));
    unsigned restarts = 0;
    unsigned idle_tries = 0;
    for (;;) {
        const std::uint64_t before = offset_;
        stale_ = again_ = false;
        Status status = total_ > 0 && offset_ == total_ ? Status{} : attempt(stop);
        if (status) {
            auto hash = finish();
            if (hash) return hash;
            status = fail(hash.error());
        }
        if (stale_ && ++restarts <= kRestarts) {
            EC_TRY(restart());
            continue;
        }
        if (useless_ || stale_) discard();
        const bool hopeful = again_ || before > 0 || offset_ > 0;  // somebody was there once
        if (useless_ || stale_ || final_ || !hopeful || !worth_another_try(status.error().code)) {
            if (offset_ == 0) discard();
            return fail(status.error());
        }
        idle_tries = offset_ > before ? 0 : idle_tries + 1;
        if (idle_tries >= kTriesWithoutProgress) {
            if (offset_ == 0) discard();
            return fail(status.error());
        }
        tell(PullProgress::Stage::retrying, status.error().message);
        const auto pause = std::max(pause_, std::min(kLongestPause, kFirstPause * (1 << idle_tries)));
        if (!waiter_.wait(pause, stop)) return fail(ErrorCode::cancelled, "stopped");
    }
}

}  // namespace ec::model::library
