#include "open_buffers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>

#include "write_patch.hpp"

namespace ec::apps {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::size_t kMostNamed = 16;  // files that a task's words name
constexpr std::size_t kReadWords = 16U << 10;
constexpr std::size_t kMostKnown = 64;            // files that were unsaved at some time
constexpr std::uint64_t kLargestFile = 1U << 20;  // as WorkspaceLimits

std::string plain(std::string_view text) {
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    std::string out = replace_all(std::string(text), "\r\n", "\n");
    if (out.ends_with('\n')) out.pop_back();
    return out;
}

Error changed_meanwhile(const std::string& path) {
    return {ErrorCode::conflict, fmt::format("{} was changed meanwhile; nothing was written", path),
            "ask for the change again"};
}

}  // namespace

std::optional<std::string> newer_text(const std::string& buffer, const std::string& disk) {
    if (plain(buffer) == plain(disk)) return std::nullopt;
    std::string text = buffer;
    if (disk.find("\r\n") != std::string::npos && text.find('\r') == std::string::npos)
        text = replace_all(std::move(text), "\n", "\r\n");
    if (disk.starts_with(kByteOrderMark) && !text.starts_with(kByteOrderMark)) text.insert(0, kByteOrderMark);
    return text;
}

std::optional<std::string> OpenBuffers::on_disk(const std::string& path) const {
    auto text = read_file(project_.files().root() / path, kLargestFile);
    return text ? std::optional(*std::move(text)) : std::nullopt;
}

std::optional<std::string> OpenBuffers::now(const std::string& path) {
    std::optional<std::string> disk = on_disk(path);
    if (editor_ == nullptr || !editor_->reads() || silent_) return disk;
    auto buffer = editor_->read(project_.files().root() / path);
    if (!buffer) {
        // One that is stuck is not asked for every file of a task.
        silent_ = buffer.error().code == ErrorCode::timeout;
        return disk;
    }
    if (auto newer = newer_text(*buffer, disk.value_or(""))) return newer;
    return disk;
}

void OpenBuffers::begin(const std::string& task) {
    if (editor_ == nullptr) return;
    asked_.clear();
    silent_ = false;
    std::set<std::string> known = known_;
    for (agent::UnsavedFile& file : project_.unsaved()) known.insert(std::move(file.path));
    for (const std::string& path : known) attend(path);
    const std::string_view words = std::string_view(task).substr(0, kReadWords);
    std::size_t named = 0;
    for (const std::string& path : project_.paths()) {
        if (named == kMostNamed) break;
        const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
        const bool whole = words.find(path) != std::string_view::npos;
        if (!whole && (name.find('.') == std::string_view::npos || words.find(name) == std::string_view::npos))
            continue;
        ++named;
        attend(path);
    }
}

void OpenBuffers::attend(const std::string& path) {
    if (editor_ == nullptr || !editor_->reads() || !asked_.insert(path).second) return;
    // What the agent may not see as a file it may not see as a buffer.
    if (!project_.files().may_read(path)) return;
    std::optional<std::string> text = now(path);
    const std::optional<std::string> disk = on_disk(path);
    if (silent_) return;
    if (!text || text == disk || text->size() > kLargestFile) return project_.set_unsaved(path, std::nullopt);
    if (known_.size() < kMostKnown) known_.insert(path);
    project_.set_unsaved(path, std::move(text));
}

Status OpenBuffers::check_unchanged(const std::vector<vcs::FileVersion>& files) {
    silent_ = false;
    for (const vcs::FileVersion& file : files) {
        const std::optional<std::string> text = now(file.path);
        if (silent_) return fail(ErrorCode::timeout, "the editor does not say what it holds; nothing was written");
        if (text != (file.created ? std::nullopt : std::optional(file.before)))
            return fail(changed_meanwhile(file.path));
        if (editor_->writes() && !file.removed) continue;
        if (text != on_disk(file.path)) {
            return fail(ErrorCode::conflict,
                        fmt::format("{} has unsaved changes in the editor; nothing was written", file.path),
                        "save it and ask again");
        }
    }
    return {};
}

Result<std::vector<executor::Applied>> OpenBuffers::write(const std::vector<vcs::FileVersion>& files,
                                                          const std::vector<std::string>& approved,
                                                          std::string_view who) {
    left_unsaved_.clear();
    std::vector<executor::Applied> applied;
    if (editor_ != nullptr) EC_TRY(check_unchanged(files));
    if (editor_ != nullptr && editor_->writes()) {
        EC_ASSIGN(applied, hand_over(files, approved, who));
    } else {
        EC_ASSIGN(executor::Applied one, write_patch(project_.files().root(), files, approved, who));
        applied.push_back(std::move(one));
    }
    for (const vcs::FileVersion& file : files) {
        const bool held = std::ranges::find(left_unsaved_, file.path) != left_unsaved_.end();
        project_.set_unsaved(file.path, held ? std::optional(file.after) : std::nullopt);
    }
    return applied;
}

Result<std::vector<executor::Applied>> OpenBuffers::hand_over(const std::vector<vcs::FileVersion>& files,
                                                              const std::vector<std::string>& approved,
                                                              std::string_view who) {
    const std::filesystem::path root = project_.files().root();
    EC_TRY(may_write(files, approved, who));
    std::vector<executor::HandedChange> handed;
    std::vector<vcs::FileVersion> removed;
    for (const vcs::FileVersion& file : files) {
        if (file.removed)
            removed.push_back(file);
        else
            handed.push_back({file.path, file.created ? std::nullopt : std::optional(file.before), file.after});
    }
    const executor::Hand hand = [&](const std::string& path, const std::string& text) {
        return editor_->write(root / path, text);
    };
    EC_ASSIGN(const executor::ApplyOptions options, apply_options(approved));
    std::vector<executor::Applied> applied;
    EC_ASSIGN(executor::Applied written, executor::apply_by_hand(root, handed, options, hand));
    if (!written.refused.empty()) {
        return fail(ErrorCode::denied,
                    fmt::format("{} may not be written by {}; nothing was written", written.refused.front().path, who));
    }
    for (const executor::HandedChange& change : handed) {
        if (std::ranges::find(written.written, change.path) == written.written.end())
            left_unsaved_.push_back(change.path);
    }
    if (!written.name.empty()) applied.push_back(std::move(written));
    if (removed.empty()) return applied;
    auto gone = write_patch(root, removed, approved, who);
    if (!gone) {
        for (const executor::HandedChange& change : handed) {
            if (change.before) static_cast<void>(editor_->write(root / change.path, *change.before));
        }
        return fail(gone.error());
    }
    applied.push_back(*std::move(gone));
    return applied;
}

}  // namespace ec::apps
