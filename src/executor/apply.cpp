#include <sys/stat.h>

#include <algorithm>
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

}  // namespace

Result<Applied> apply_changes(const std::filesystem::path& workspace, std::span<const Change> changes,
                              const ApplyOptions& options) {
    EC_TRY(check_approvals(options.approved));
    std::error_code error;
    const std::filesystem::path real = std::filesystem::canonical(workspace, error);
    if (error) return fail(from_errno("cannot find " + workspace.string(), error.value()));
    EC_ASSIGN(FileReplacer replacer, FileReplacer::open(real, options.before_step));

    Applied applied;
    Plan plan;
    plan.started_ns = options.started_ns;
    const auto verdicts =
        judge_export(changes, options.approved, [&](const std::string& path) { return replacer.read_link(path); });
    const std::set<std::string> behind = guarded_elsewhere(replacer, changes, real);
    for (std::size_t i = 0; i < changes.size(); ++i) {
        if (!verdicts[i] && !is_guarded_path(changes[i].path) && is_at_or_below(changes[i].path, behind)) {
            applied.refused.push_back({changes[i].path, Refusal::Why::behind});
        } else if (verdicts[i]) {
            applied.refused.push_back({changes[i].path, *verdicts[i]});
        } else if (is_special(replacer, changes[i].path)) {
            applied.refused.push_back({changes[i].path, Refusal::Why::special});
        } else {
            plan.orders.push_back(order_for(changes[i]));
        }
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

Result<FileIdentity> identify(const std::filesystem::path& workspace, const std::string& path) {
    std::error_code error;
    const std::filesystem::path real = std::filesystem::canonical(workspace, error);
    if (error) return fail(from_errno("cannot find " + workspace.string(), error.value()));
    EC_ASSIGN(const FileReplacer replacer, FileReplacer::open(real, {}));
    const auto info = replacer.look(path);
    return info ? identity_of(*info) : FileIdentity{};
}

}  // namespace ec::executor
