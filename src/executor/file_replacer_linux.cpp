#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ec/core/text.hpp>

#include "beneath.hpp"
#include "file_identity.hpp"
#include "file_replacer.hpp"
#include "hash_blocks.hpp"

namespace ec::executor {
namespace {

constexpr int kFolder = O_RDONLY | O_DIRECTORY;

}  // namespace

Error conflict(std::vector<std::string> paths, std::string_view what, std::string_view remedy) {
    constexpr std::size_t kShown = 10;
    std::sort(paths.begin(), paths.end());
    const std::size_t more = paths.size() > kShown ? paths.size() - kShown : 0;
    paths.resize(std::min(paths.size(), kShown));
    return {ErrorCode::conflict,
            fmt::format("{}{} {}; nothing was written", join(paths, ", "),
                        more > 0 ? fmt::format(" and {} more", more) : std::string{}, what),
            std::string(remedy)};
}

Result<FileReplacer> FileReplacer::open(const std::filesystem::path& workspace, std::function<void()> before_step) {
    UniqueFd root(::open(workspace.c_str(), kFolder | O_NOFOLLOW | O_CLOEXEC));
    if (!root.valid()) return fail(from_errno(fmt::format("cannot open {}", workspace.string()), errno));
    return FileReplacer(std::move(root), std::move(before_step));
}

UniqueFd FileReplacer::open_parent(const std::string& path, int flags) const {
    const std::string folder = folder_of(path);
    return open_beneath(root_.get(), folder.empty() ? "." : folder, flags | O_DIRECTORY);
}

std::optional<struct stat> FileReplacer::look(const std::string& path) const {
    const UniqueFd parent = open_parent(path, O_PATH);
    struct stat info{};
    if (!parent.valid() || ::fstatat(parent.get(), name_of(path).c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
        return std::nullopt;
    return info;
}

std::vector<std::string> FileReplacer::list(const std::string& folder) const {
    constexpr std::size_t kMost = 100'000;
    std::vector<std::string> names;
    UniqueFd dir = open_beneath(root_.get(), folder.empty() ? "." : folder, kFolder);
    DIR* stream = dir.valid() ? ::fdopendir(dir.get()) : nullptr;
    if (stream == nullptr) return names;
    static_cast<void>(dir.release());
    while (const dirent* entry = ::readdir(stream)) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != ".." && names.size() < kMost) names.emplace_back(name);
    }
    ::closedir(stream);
    return names;
}

std::string FileReplacer::head_of(const std::string& path) const {
    const UniqueFd file = open_beneath(root_.get(), path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    struct stat info{};
    char buffer[4096];
    if (!file.valid() || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
    const ssize_t n = ::read(file.get(), buffer, sizeof buffer);
    return n <= 0 ? std::string{} : std::string(buffer, static_cast<std::size_t>(n));
}

std::optional<std::string> FileReplacer::read_link(const std::string& path) const {
    const auto info = look(path);
    if (!info || !S_ISLNK(info->st_mode)) return std::nullopt;
    const UniqueFd parent = open_parent(path, O_PATH);
    return link_target(parent.get(), name_of(path));
}

Status FileReplacer::examine(Plan& plan, UndoJournal::Draft* draft) {
    std::sort(plan.orders.begin(), plan.orders.end(), [](const Order& a, const Order& b) { return a.path < b.path; });
    for (std::size_t i = 1; i < plan.orders.size(); ++i) {
        if (plan.orders[i].path == plan.orders[i - 1].path) {
            return fail(ErrorCode::invalid_argument, fmt::format("{} is ordered twice", plan.orders[i].path));
        }
    }
    for (const Order& order : plan.orders) {
        if (order.after.kind == FileState::Kind::absent) leaving_.insert(order.path);
    }
    for (const FolderState& folder : plan.folders) returning_.insert(folder.path);
    for (Order& order : plan.orders) {
        Item item;
        item.file.path = order.path;
        item.file.after = order.after;
        item.order = std::move(order);
        EC_TRY(examine_one(item, draft, plan.started_ns));
    }
    for (std::size_t i = 0; i < items_.size(); ++i) items_[i].aside = fmt::format("{}", i);
    return {};
}

Status FileReplacer::examine_one(Item& item, UndoJournal::Draft* draft, std::uint64_t started_ns) {
    const std::string& path = item.order.path;
    const auto changed = [&] {
        conflicts_.push_back(path);
        return Status{};
    };
    const bool removes = item.order.after.kind == FileState::Kind::absent;
    const UniqueFd parent = open_parent(path, O_PATH);
    bool exists = false;
    if (parent.valid()) {
        exists = ::fstatat(parent.get(), name_of(path).c_str(), &item.seen, AT_SYMLINK_NOFOLLOW) == 0;
        if (!exists && errno != ENOENT) return fail(from_errno(fmt::format("cannot look at {}", path), errno));
    } else if (errno == ENOTDIR || errno == ELOOP) {
        bool makes_room = false;
        for (std::string at = folder_of(path); !at.empty(); at = folder_of(at)) makes_room |= leaves(at);
        if (!makes_room && !removes) return changed();
    } else if (errno != ENOENT) {
        return fail(from_errno(fmt::format("cannot enter the folder of {}", path), errno));
    }
    // A folder in the way is removed if it is empty by then; one that is to be there again was never replaced.
    if (exists && S_ISDIR(item.seen.st_mode) && (!removes || returning_.contains(path))) exists = false;
    if (exists && !S_ISREG(item.seen.st_mode) && !S_ISLNK(item.seen.st_mode)) return changed();
    if (const auto& expected = item.order.expected) {
        const FileIdentity now = exists ? identity_of(item.seen) : FileIdentity{};
        if (now != *expected || (started_ns != 0 && now.ctime_ns > started_ns)) return changed();
    }
    if (exists) {
        const auto& expected = item.order.expected_state;
        // Told by the size before anything is read.
        const auto size = static_cast<std::uint64_t>(item.seen.st_size);
        const auto may_be = [&](const FileState& state) {
            return state.kind == FileState::Kind::file && state.size == size;
        };
        if (expected && S_ISREG(item.seen.st_mode) && !may_be(*expected) && !may_be(item.order.after)) return changed();
        EC_TRY(capture(item, parent.get(), draft));
    }
    const FileState& before = item.file.before;
    if (before.same_as(item.order.after)) return {};
    if (item.order.expected_state && !before.same_as(*item.order.expected_state)) return changed();
    items_.push_back(std::move(item));
    return {};
}

Status FileReplacer::capture(Item& item, int parent, UndoJournal::Draft* draft) const {
    const std::string name = name_of(item.order.path);
    FileState& before = item.file.before;
    before.mode = item.seen.st_mode & 07777U;
    before.uid = item.seen.st_uid;
    before.gid = item.seen.st_gid;
    if (S_ISLNK(item.seen.st_mode)) {
        before.kind = FileState::Kind::link;
        before.target = link_target(parent, name);
        return {};
    }
    before.kind = FileState::Kind::file;
    const UniqueFd file(::openat(parent, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!file.valid()) return fail(from_errno(fmt::format("cannot read {}", item.order.path), errno));
    struct stat opened{};
    struct stat after{};
    const bool same = ::fstat(file.get(), &opened) == 0 && is_same_file(opened, item.seen);
    if (draft != nullptr) {
        EC_TRY(draft->keep(file.get(), item.file));
    } else {
        EC_TRY(read_blocks(file.get(), item.order.path, [&](std::string_view block) -> Status {
            before.hash = extend_hash(before.hash, block);
            before.size += block.size();
            return {};
        }));
    }
    if (same && ::fstat(file.get(), &after) == 0 && is_same_file(after, item.seen)) return {};
    return fail(conflict({item.order.path}, "is being written to", "try again"));
}

// Which folders come and which may go. Folders in which something is put stay whatever else leaves them.
void FileReplacer::plan_folders(const Plan& plan) {
    const auto folder_at = [&](const std::string& path) -> std::optional<FolderState> {
        const UniqueFd fd = open_beneath(root_.get(), path, O_PATH | O_DIRECTORY);
        struct stat info{};
        if (!fd.valid() || ::fstat(fd.get(), &info) != 0) return std::nullopt;
        return FolderState{path, info.st_mode & 07777U, info.st_uid, info.st_gid};
    };
    std::set<std::string> needed;
    std::set<std::string> doomed;
    for (const Item& item : items_) {
        const bool removes = item.order.after.kind == FileState::Kind::absent;
        for (std::string at = folder_of(item.order.path); !at.empty(); at = folder_of(at)) {
            if (!removes) needed.insert(at);
            if (removes && !plan.removable) doomed.insert(at);
        }
        if (!removes && item.file.before.kind == FileState::Kind::absent) doomed.insert(item.order.path);
    }
    std::map<std::string, FolderState> wanted;
    for (const FolderState& folder : plan.folders) wanted.emplace(folder.path, folder);
    for (const auto& [path, state] : wanted) {
        for (std::string at = path; !at.empty(); at = folder_of(at)) needed.insert(at);
    }
    if (plan.removable) doomed.insert(plan.removable->begin(), plan.removable->end());
    for (const std::string& path : doomed) {
        const auto state = needed.contains(path) ? std::nullopt : folder_at(path);
        if (state) removed_.push_back(*state);
    }
    for (const std::string& path : needed) {
        if (folder_at(path)) continue;
        const auto known = wanted.find(path);
        created_.push_back(known == wanted.end() ? FolderState{path} : known->second);
    }
}

Result<std::vector<std::string>> FileReplacer::perform(Plan plan, UndoJournal& journal) {
    mark();
    EC_ASSIGN(UndoJournal::Draft draft, journal.begin());
    EC_TRY(examine(plan, &draft));
    UndoStep step;
    if (!conflicts_.empty()) {
        return fail(
            conflict(conflicts_, "changed meanwhile", plan.kind == UndoStep::Kind::apply ? "run it again" : ""));
    }
    plan_folders(plan);
    // All as it shall be already: no step, so that undo takes back what was really written last.
    if (plan.kind == UndoStep::Kind::apply && items_.empty() && removed_.empty() && created_.empty()) {
        return std::vector<std::string>{};
    }
    step.kind = plan.kind;
    step.of = plan.of;
    step.origin = plan.origin;
    step.time_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    step.scratch = scratch_name_ = UndoJournal::fresh_name(".edgecoder-");
    for (const Item& item : items_) step.files.push_back(item.file);
    step.removed = removed_;
    for (const FolderState& folder : created_) step.created.push_back(folder.path);
    mark();
    EC_TRY(journal.publish(std::move(draft), step));
    mark();
    if (Status status = carry_out(); !status) {
        const bool clean = roll_back();
        remove_scratch(step);
        if (clean) journal.drop(step);
        Error error = status.error();
        if (!clean) error.remedy = "some files could not be put back; run edgecoder undo";
        return fail(std::move(error));
    }
    remove_scratch(step);
    mark();
    // Everything is in place; without this mark, undo takes the step for one that was interrupted and still works.
    static_cast<void>(journal.complete(step));
    std::vector<std::string> paths;
    for (const Item& item : items_) paths.push_back(item.order.path);
    return paths;
}

Result<std::vector<std::string>> FileReplacer::perform_again(Plan plan, const UndoStep& interrupted) {
    remove_scratch(interrupted);
    EC_TRY(examine(plan, nullptr));
    if (!conflicts_.empty()) return fail(conflict(conflicts_, "changed meanwhile", ""));
    plan_folders(plan);
    scratch_name_ = interrupted.scratch;
    Status status = carry_out();
    if (!status) roll_back();
    remove_scratch(interrupted);
    EC_TRY(status);
    std::vector<std::string> paths;
    for (const Item& item : items_) paths.push_back(item.order.path);
    return paths;
}

// A flat folder of ours; whatever else may lie in it is not for us to remove.
void FileReplacer::remove_scratch(const UndoStep& step) const {
    UniqueFd dir = open_beneath(root_.get(), step.scratch, kFolder);
    struct stat info{};
    const bool ours =
        dir.valid() && ::fstat(dir.get(), &info) == 0 && info.st_uid == ::geteuid() && (info.st_mode & 0777U) == 0700U;
    DIR* stream = ours ? ::fdopendir(dir.get()) : nullptr;
    if (stream == nullptr) return;
    const int fd = dir.release();
    while (const dirent* entry = ::readdir(stream)) {
        const std::string_view name = entry->d_name;
        if (name == "." || name == "..") continue;
        mark();
        if (::unlinkat(fd, entry->d_name, 0) != 0) ::unlinkat(fd, entry->d_name, AT_REMOVEDIR);
    }
    ::closedir(stream);
    mark();
    ::unlinkat(root_.get(), step.scratch.c_str(), AT_REMOVEDIR);
}

}  // namespace ec::executor
