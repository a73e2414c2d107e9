#include <sys/stat.h>

#include <algorithm>
#include <ec/executor/apply.hpp>

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
    const auto verdicts = judge_export(changes, options.approved,
                                       [&](const std::string& path) { return replacer.read_link(path); });
    for (std::size_t i = 0; i < changes.size(); ++i) {
        if (verdicts[i]) {
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
