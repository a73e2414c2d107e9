#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/executor/apply.hpp>
#include <set>

#include "export_rules.hpp"
#include "file_identity.hpp"
#include "file_replacer.hpp"
#include "undo_journal.hpp"

namespace ec::executor {
namespace {

Order order_for(const Change& change) {
    Order order;
    order.path = change.path;
    order.expected = change.before;
    if (change.kind == Change::Kind::deleted) return order;
    order.after.kind = change.symlink ? FileState::Kind::link : FileState::Kind::file;
    order.after.mode = change.mode & 0777U;
    if (change.symlink) {
        order.after.target = change.symlink_target;
    } else {
        order.content = change.content;
        order.after.size = change.content.size();
        order.after.hash = content_hash(change.content);
    }
    return order;
}

bool is_special(const FileReplacer& replacer, const std::string& path) {
    const auto info = replacer.look(path);
    return info && !S_ISREG(info->st_mode) && !S_ISLNK(info->st_mode) && !S_ISDIR(info->st_mode);
}

// Real places that guarded names of the project lead to: `.vscode` may be a link to config/editor, and `.git` a file
// that says "gitdir: …". Looked for in the folders above what changed.
std::set<std::string> guarded_elsewhere(const FileReplacer& replacer, std::span<const Change> changes,
                                        const std::filesystem::path& workspace) {
    std::set<std::string> folders{""};
    for (const Change& change : changes) {
        for (std::size_t at = change.path.find('/'); at != std::string::npos; at = change.path.find('/', at + 1)) {
            folders.insert(change.path.substr(0, at));
        }
    }
    std::set<std::string> places;
    for (const std::string& folder : folders) {
        for (const std::string& name : replacer.list(folder)) {
            const std::string path = folder.empty() ? name : folder + "/" + name;
            if (!leads_to_guarded(path)) continue;
            std::string target = replacer.read_link(path).value_or("");
            // .github/workflows may be a link as well. What is added stands behind `folder` in the set.
            if (target.empty()) folders.insert(path);
            const std::string head = target.empty() ? replacer.head_of(path) : std::string{};
            if (head.starts_with("gitdir:")) target = trim(std::string_view(head).substr(7));
            const std::string root = workspace.string() + "/";
            const bool absolute = target.starts_with(root);
            const auto place = resolve_inside(absolute ? "" : folder, absolute ? target.substr(root.size()) : target,
                                              [&](const std::string& at) { return replacer.read_link(at); });
            if (place && !place->empty()) places.insert(*place);
        }
    }
    return places;
}

bool is_at_or_below(const std::string& path, const std::set<std::string>& places) {
    if (places.contains(path)) return true;
    for (std::size_t at = path.find('/'); at != std::string::npos; at = path.find('/', at + 1)) {
        if (places.contains(path.substr(0, at))) return true;
    }
    return false;
}

/// Why each change may not be made; nothing where it may.
std::vector<std::optional<Refusal::Why>> judge(const FileReplacer& replacer, std::span<const Change> changes,
                                               const std::vector<std::string>& approved,
                                               const std::filesystem::path& workspace) {
    auto verdicts = judge_export(changes, approved, [&](const std::string& path) { return replacer.read_link(path); });
    const std::set<std::string> behind = guarded_elsewhere(replacer, changes, workspace);
    for (std::size_t i = 0; i < changes.size(); ++i) {
        if (verdicts[i]) continue;
        if (!is_guarded_path(changes[i].path) && is_at_or_below(changes[i].path, behind))
            verdicts[i] = Refusal::Why::behind;
        else if (is_special(replacer, changes[i].path))
            verdicts[i] = Refusal::Why::special;
    }
    return verdicts;
}

Result<std::filesystem::path> real_path(const std::filesystem::path& workspace) {
    std::error_code error;
    std::filesystem::path real = std::filesystem::canonical(workspace, error);
    if (error) return fail(from_errno("cannot find " + workspace.string(), error.value()));
    return real;
}

FileState state_of(const struct stat& info, std::string_view content) {
    return {FileState::Kind::file,
            static_cast<std::uint32_t>(info.st_mode & 07777U),
            info.st_uid,
            info.st_gid,
            content.size(),
            content_hash(content),
            {}};
}

/// Carries a change out by another's hand, and notes what undo needs.
class HandedApply {
public:
    HandedApply(const std::filesystem::path& workspace, const FileReplacer& replacer, const Hand& hand)
        : workspace_(workspace), replacer_(replacer), hand_(hand) {}

    /// What stands there now. `before` of the change goes into the journal, which may be newer than the disk's.
    Status examine(const HandedChange& change, UndoJournal::Draft& draft) {
        for (std::size_t at = change.path.find('/'); at != std::string::npos; at = change.path.find('/', at + 1)) {
            const std::string folder = change.path.substr(0, at);
            const auto there = replacer_.look(folder);
            // A link may lead out, and nobody but us would look.
            if (there && !S_ISDIR(there->st_mode)) return fail(conflict({change.path}, "lies behind a link", ""));
            if (!there) created_.insert(folder);
        }
        FileStep file;
        file.path = change.path;
        const auto info = replacer_.look(change.path);
        Hash128 on_disk;
        if (info) {
            if (!S_ISREG(info->st_mode)) return fail(conflict({change.path}, "is no plain file", ""));
            if (!change.before) return fail(conflict({change.path}, "is there already", ""));
            EC_ASSIGN(const std::string text, read_file(workspace_ / change.path));
            on_disk = content_hash(text);
            file.before = state_of(*info, *change.before);
            EC_TRY(draft.keep(*change.before, file));
        }
        files_.push_back({std::move(file), on_disk});
        return {};
    }

    Status write_all(std::span<const HandedChange> changes) {
        for (std::size_t i = 0; i < changes.size(); ++i) {
            const Status written = hand_(changes[i].path, changes[i].after);
            if (written) continue;
            while (i-- > 0) take_back(changes[i], files_[i].file);
            return written;
        }
        return {};
    }

    /// The step as the disk shows it: a file that is as it was has not been saved.
    Result<UndoStep> step() {
        UndoStep step;
        step.scratch = UndoJournal::fresh_name(".edgecoder-");
        step.time_ms =
            std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
                .count();
        for (Noted& noted : files_) {
            const auto info = replacer_.look(noted.file.path);
            if (!info || !S_ISREG(info->st_mode)) continue;
            EC_ASSIGN(const std::string text, read_file(workspace_ / noted.file.path));
            noted.file.after = state_of(*info, text);
            const bool was_there = noted.file.before.kind == FileState::Kind::file;
            if (was_there && noted.file.after.hash == noted.on_disk) continue;
            step.files.push_back(std::move(noted.file));
        }
        step.created.assign(created_.begin(), created_.end());
        return step;
    }

private:
    struct Noted {
        FileStep file;
        Hash128 on_disk;
    };

    void take_back(const HandedChange& change, const FileStep& file) {
        std::error_code ignored;
        if (change.before) static_cast<void>(hand_(change.path, *change.before));
        if (file.before.kind == FileState::Kind::absent) std::filesystem::remove(workspace_ / change.path, ignored);
    }

    const std::filesystem::path& workspace_;
    const FileReplacer& replacer_;
    const Hand& hand_;
    std::vector<Noted> files_;
    std::set<std::string> created_;
};

}  // namespace

Result<Applied> apply_changes(const std::filesystem::path& workspace, std::span<const Change> changes,
                              const ApplyOptions& options) {
    EC_TRY(check_approvals(options.approved));
    EC_ASSIGN(const std::filesystem::path real, real_path(workspace));
    EC_ASSIGN(FileReplacer replacer, FileReplacer::open(real, options.before_step));

    Applied applied;
    Plan plan;
    plan.started_ns = options.started_ns;
    const auto verdicts = judge(replacer, changes, options.approved, real);
    for (std::size_t i = 0; i < changes.size(); ++i) {
        if (verdicts[i])
            applied.refused.push_back({changes[i].path, *verdicts[i]});
        else
            plan.orders.push_back(order_for(changes[i]));
    }
    std::sort(applied.refused.begin(), applied.refused.end(),
              [](const Refusal& a, const Refusal& b) { return a.path < b.path; });
    if (plan.orders.empty()) return applied;

    EC_ASSIGN(UndoJournal journal, UndoJournal::open(options.undo_dir, real));
    if (const auto steps = journal.steps(); steps && !steps->empty() && !steps->back().complete) {
        replacer.remove_scratch(steps->back());
    }
    EC_ASSIGN(applied.written, replacer.perform(std::move(plan), journal));
    applied.name = replacer.step_name();
    return applied;
}

Result<Applied> apply_by_hand(const std::filesystem::path& workspace, std::span<const HandedChange> changes,
                              const ApplyOptions& options, const Hand& hand) {
    EC_TRY(check_approvals(options.approved));
    EC_ASSIGN(const std::filesystem::path real, real_path(workspace));
    EC_ASSIGN(const FileReplacer replacer, FileReplacer::open(real, options.before_step));
    std::vector<Change> asked(changes.size());
    for (std::size_t i = 0; i < changes.size(); ++i) {
        asked[i].path = changes[i].path;
        asked[i].kind = changes[i].before ? Change::Kind::modified : Change::Kind::created;
    }
    Applied applied;
    const auto verdicts = judge(replacer, asked, options.approved, real);
    for (std::size_t i = 0; i < changes.size(); ++i) {
        if (verdicts[i]) applied.refused.push_back({changes[i].path, *verdicts[i]});
    }
    if (!applied.refused.empty() || changes.empty()) return applied;

    EC_ASSIGN(UndoJournal journal, UndoJournal::open(options.undo_dir, real));
    EC_ASSIGN(UndoJournal::Draft draft, journal.begin());
    HandedApply work(real, replacer, hand);
    for (const HandedChange& change : changes) EC_TRY(work.examine(change, draft));
    EC_TRY(work.write_all(changes));
    EC_ASSIGN(UndoStep step, work.step());
    if (step.files.empty()) return applied;
    for (const FileStep& file : step.files) applied.written.push_back(file.path);
    std::ranges::sort(applied.written);
    EC_TRY(journal.publish(std::move(draft), step));
    EC_TRY(journal.complete(step));
    applied.name = step.apply_name();
    return applied;
}

Result<FileIdentity> identify(const std::filesystem::path& workspace, const std::string& path) {
    EC_ASSIGN(const std::filesystem::path real, real_path(workspace));
    EC_ASSIGN(const FileReplacer replacer, FileReplacer::open(real, {}));
    const auto info = replacer.look(path);
    return info ? identity_of(*info) : FileIdentity{};
}

}  // namespace ec::executor
