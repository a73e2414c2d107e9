#include "box_report.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <ec/core/fs.hpp>
#include <filesystem>

namespace ec::executor {
namespace {

constexpr std::size_t kHead = 5;  // tag and length
constexpr std::uint32_t kMostErrno = 4095;
constexpr std::uint32_t kMostPid = 1U << 22;  // PID_MAX_LIMIT of the kernel
constexpr std::size_t kMostErrorText = 64U << 10;
constexpr std::string_view kMalformed = "a record that is cut short or holds more than it should";
constexpr std::string_view kMisplaced = "a record where it does not belong";

// One spelling for one file: relative, no empty, "." or ".." part, no NUL.
bool is_plain_path(std::string_view path) {
    if (!is_inside_relative(path) || path.back() == '/') return false;
    for (std::size_t at = 0; at <= path.size();) {
        const std::size_t end = std::min(path.find('/', at), path.size());
        const std::string_view part = path.substr(at, end - at);
        if (part.empty() || part == ".") return false;
        at = end + 1;
    }
    return true;
}

bool is_plain_name(std::string_view name) {
    return is_plain_path(name) && name.find('/') == std::string_view::npos && name.size() <= 255;
}

bool take_from(std::uint64_t& left, std::size_t size) {
    if (size > left) return false;
    left -= size;
    return true;
}

bool is_stop(std::uint8_t value) {
    switch (static_cast<box::Stop>(value)) {
        case box::Stop::none:
        case box::Stop::wall:
        case box::Stop::output:
        case box::Stop::cancelled:
        case box::Stop::memory:
        case box::Stop::pids:
        case box::Stop::disk:
            return true;
    }
    return false;
}

}  // namespace

void BoxReportParser::feed(std::string_view bytes) {
    if (corrupt()) return;
    pending_.append(bytes);
    std::size_t at = 0;
    std::string_view problem;
    while (problem.empty() && !report_.complete && pending_.size() - at >= kHead) {
        box::Parser head(std::string_view(pending_).substr(at, kHead));
        const auto tag = static_cast<box::Tag>(head.u8());
        const std::uint32_t size = head.u32();
        // Judged before it is waited for: a length that is a lie must not make us collect gigabytes.
        if (size > largest(tag)) {
            problem = "a record of an unknown kind, or larger than its kind can be";
        } else if (pending_.size() - at - kHead < size) {
            break;
        } else {
            problem = take(tag, std::string_view(pending_).substr(at + kHead, size));
            at += kHead + size;
        }
    }
    if (problem.empty() && report_.complete && at < pending_.size()) problem = kMisplaced;
    pending_.erase(0, at);
    if (problem.empty()) return;
    const pid_t init = report_.init;  // still to be waited for
    report_ = {};
    report_.init = init;
    report_.problem = problem;
    pending_ = {};
}

std::uint64_t BoxReportParser::largest(box::Tag tag) const {
    switch (tag) {
        case box::Tag::started:
        case box::Tag::ready:
        case box::Tag::no_exec:
        case box::Tag::handed:
        case box::Tag::summary:
            return 64;
        case box::Tag::error:
            return kMostErrorText;
        case box::Tag::change:
            return 64 + names_left_ + content_left_;
        case box::Tag::artifact:
            return 512 + artifacts_left_;
        case box::Tag::end:
            return 64;
    }
    return 0;
}

std::string_view BoxReportParser::take(box::Tag tag, std::string_view body) {
    // A set-up that failed is the last thing that pid 1 says; the box says its one thing at the same time.
    if (report_.complete || (report_.setup_error && tag != box::Tag::started)) return kMisplaced;
    box::Parser in(body);
    std::string_view problem;
    switch (tag) {
        case box::Tag::started:
            problem = take_started(in);
            break;
        case box::Tag::ready:
            problem = take_ready(in);
            break;
        case box::Tag::error:
            problem = take_error(in);
            break;
        case box::Tag::no_exec:
            problem = take_no_exec(in);
            break;
        case box::Tag::handed:
            problem = take_handed();
            break;
        case box::Tag::summary:
            problem = take_summary(in);
            break;
        case box::Tag::change:
            problem = take_change(in);
            break;
        case box::Tag::artifact:
            problem = take_artifact(in);
            break;
        case box::Tag::end:
            problem = take_end(in);
            break;
        default:
            return "a record of an unknown kind";
    }
    return problem.empty() && !in.done() ? kMalformed : problem;
}

std::string_view BoxReportParser::take_started(box::Parser& in) {
    if (report_.init >= 0 || report_.ready) return kMisplaced;
    const std::uint32_t pid = in.u32();
    if (pid < 2 || pid > kMostPid) return "a process number that cannot be";
    report_.init = static_cast<pid_t>(pid);
    return {};
}

std::string_view BoxReportParser::take_ready(box::Parser& in) {
    if (report_.ready) return "a second ready record";
    const std::uint32_t abi = in.u32();
    if (abi > 0xffff) return "a Landlock version that cannot be";
    report_.ready = true;
    report_.landlock_abi = static_cast<int>(abi);
    report_.own_userns = in.flag();
    report_.has_proc = in.flag();
    return {};
}

std::string_view BoxReportParser::take_error(box::Parser& in) {
    if (report_.summary) return kMisplaced;
    SetupError error;
    const std::uint32_t number = in.u32();
    if (number > kMostErrno) return "an error number that cannot be";
    error.error = static_cast<int>(number);
    error.step = in.text();
    error.detail = in.text();
    report_.setup_error = std::move(error);
    return {};
}

std::string_view BoxReportParser::take_no_exec(box::Parser& in) {
    if (!report_.ready || report_.exec_error || report_.summary) return kMisplaced;
    const std::uint32_t number = in.u32();
    if (number > kMostErrno) return "an error number that cannot be";
    report_.exec_error = static_cast<int>(number);
    return {};
}

std::string_view BoxReportParser::take_handed() {
    if (!report_.ready || report_.handed || report_.exec_error || report_.summary) return kMisplaced;
    report_.handed = true;
    return {};
}

std::string_view BoxReportParser::take_summary(box::Parser& in) {
    if (!report_.ready || report_.summary) return kMisplaced;
    box::Summary summary;
    const std::uint32_t status = in.u32();
    const int wait_status = static_cast<int>(status & 0xffffU);
    if (status > 0xffff || (!WIFEXITED(wait_status) && !WIFSIGNALED(wait_status)))
        return "a wait status that cannot be";
    summary.wait_status = wait_status;
    const std::uint8_t stop = in.u8();
    if (!is_stop(stop)) return "a reason for ending the run that cannot be";
    summary.stop = static_cast<box::Stop>(stop);
    summary.pids_full = in.flag();
    summary.disk_full = in.flag();
    summary.wall_us = in.u64();
    summary.cpu_us = in.u64();
    summary.peak_memory = in.u64();
    report_.summary = summary;
    return {};
}

std::string_view BoxReportParser::take_change(box::Parser& in) {
    if (!report_.summary) return kMisplaced;
    if (report_.changes.size() >= box::kMostChanges) return "more changes than a report may hold";
    Change change;
    const std::uint8_t kind = in.u8();
    if (kind > static_cast<std::uint8_t>(box::ChangeKind::deleted)) return "a kind of change that cannot be";
    change.kind = static_cast<Change::Kind>(kind);
    change.symlink = in.flag();
    change.content_missing = in.flag();
    change.mode = in.u32() & 0777U;
    change.path = in.text();
    change.symlink_target = in.text();
    change.content = in.text();
    change.before.exists = in.flag();
    change.before.inode = in.u64();
    change.before.size = in.u64();
    change.before.mtime_ns = in.u64();
    change.before.ctime_ns = in.u64();
    if (!in.ok()) return kMalformed;
    if (!is_plain_path(change.path)) return "a change outside the workspace";
    if (!change.symlink_target.empty() &&
        (!change.symlink || !box::link_stays_inside(change.path, change.symlink_target))) {
        return "a link that leads out of the workspace";
    }
    const bool empty = change.symlink || change.content_missing || change.kind == Change::Kind::deleted;
    if ((empty && !change.content.empty()) || (change.kind == Change::Kind::deleted && change.symlink)) {
        return "a change that contradicts itself";
    }
    if (!take_from(names_left_, change.path.size() + change.symlink_target.size()) ||
        !take_from(content_left_, change.content.size())) {
        return "more bytes of changes than a report may hold";
    }
    report_.changes.push_back(std::move(change));
    return {};
}

std::string_view BoxReportParser::take_artifact(box::Parser& in) {
    if (!report_.summary) return kMisplaced;
    if (report_.artifacts.size() >= box::kMostArtifacts) return "more artifacts than a report may hold";
    std::string name = in.text();
    std::string content = in.text();
    if (!in.ok()) return kMalformed;
    if (!is_plain_name(name)) return "an artifact whose name is not a plain file name";
    if (!take_from(artifacts_left_, content.size())) return "more bytes of artifacts than a report may hold";
    if (!report_.artifacts.emplace(std::move(name), std::move(content)).second) return "an artifact that came twice";
    return {};
}

std::string_view BoxReportParser::take_end(box::Parser& in) {
    if (!report_.summary) return kMisplaced;
    report_.changes_cut = in.flag();
    std::ranges::sort(report_.changes, {}, &Change::path);
    if (std::ranges::adjacent_find(report_.changes, {}, &Change::path) != report_.changes.end()) {
        return "a change that came twice";
    }
    report_.complete = in.done();
    return {};
}

}  // namespace ec::executor
