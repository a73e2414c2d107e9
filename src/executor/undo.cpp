#include <fmt/format.h>

#include <ec/core/text.hpp>
#include <ec/executor/undo.hpp>

#include "file_replacer.hpp"
#include "undo_journal.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;

Result<fs::path> resolve(const fs::path& workspace) {
    std::error_code error;
    fs::path real = fs::canonical(workspace, error);
    if (error || !fs::is_directory(real, error)) {
        return fail(ErrorCode::not_found,
                    fmt::format("there is no directory {}", ellipsize(to_valid_utf8(workspace.native()), 200)));
    }
    return real;
}

Plan reverse(const UndoStep& step, const UndoJournal& journal, UndoStep::Kind kind, bool force) {
    Plan plan;
    plan.kind = kind;
    plan.of = step.sequence;
    plan.origin = step.apply_name();
    plan.folders = step.removed;
    plan.removable = step.created;
    for (const FileStep& file : step.files) {
        Order order;
        order.path = file.path;
        order.after = file.before;
        order.owner_given = true;
        if (!file.image.empty()) order.image = journal.image(step, file);
        if (!force) order.expected_state = file.after;
        plan.orders.push_back(std::move(order));
    }
    return plan;
}

// Puts the tree back to where it was before an interrupted step, and forgets the step.
Result<std::vector<std::string>> take_back(const fs::path& workspace, UndoJournal& journal, const UndoStep& step,
                                           const UndoOptions& options) {
    EC_ASSIGN(FileReplacer replacer, FileReplacer::open(workspace, options.before_step));
    EC_ASSIGN(auto restored, replacer.perform_again(reverse(step, journal, step.kind, false), step));
    journal.drop(step);
    return restored;
}

Result<Undone> reverse_step(const fs::path& workspace, UndoJournal& journal, const UndoStep& step, UndoStep::Kind kind,
                            const UndoOptions& options) {
    EC_ASSIGN(FileReplacer replacer, FileReplacer::open(workspace, options.before_step));
    replacer.remove_scratch(step);
    EC_ASSIGN(auto restored, replacer.perform(reverse(step, journal, kind, options.force), journal));
    return Undone{step.sequence, std::move(restored), !step.complete, step.apply_name()};
}

Result<Undone> take_newest_back(const fs::path& asked, const UndoOptions& options, UndoStep::Kind kind) {
    EC_ASSIGN(const fs::path workspace, resolve(asked));
    EC_ASSIGN(UndoJournal journal, UndoJournal::open(options.undo_dir, workspace));
    for (bool try_to_mend = true;;) {
        EC_ASSIGN(const std::vector<UndoStep> steps, journal.steps());
        // An undo that was interrupted is itself taken back first, so that it can be done as a whole.
        if (try_to_mend && !steps.empty() && !steps.back().complete && steps.back().kind != UndoStep::Kind::apply) {
            try_to_mend = take_back(workspace, journal, steps.back(), options).has_value();
            continue;
        }
        const UndoStacks all = stacks(steps);
        const auto& stack = kind == UndoStep::Kind::undo ? all.undoable : all.redoable;
        if (stack.empty()) {
            return fail(ErrorCode::not_found, kind == UndoStep::Kind::undo ? "there is nothing to undo here"
                                                                           : "there is nothing to redo here");
        }
        const UndoStep& step = *stack.back();
        if (step.complete || options.force) return reverse_step(workspace, journal, step, kind, options);
        EC_ASSIGN(std::vector<std::string> restored, take_back(workspace, journal, step, options));
        // One that ended before its first file was replaced left nothing to take back.
        if (!restored.empty()) return Undone{step.sequence, std::move(restored), true, step.apply_name()};
    }
}

}  // namespace

Result<Undone> undo(const fs::path& workspace, const UndoOptions& options) {
    return take_newest_back(workspace, options, UndoStep::Kind::undo);
}

Result<Undone> redo(const fs::path& workspace, const UndoOptions& options) {
    return take_newest_back(workspace, options, UndoStep::Kind::redo);
}

Result<std::vector<UndoEntry>> undo_history(const fs::path& asked, const fs::path& undo_dir) {
    EC_ASSIGN(const fs::path workspace, resolve(asked));
    EC_ASSIGN(const UndoJournal journal, UndoJournal::open(undo_dir, workspace));
    EC_ASSIGN(const std::vector<UndoStep> steps, journal.steps());
    const UndoStacks all = stacks(steps);
    std::vector<UndoEntry> entries;
    const auto add = [&](const UndoStep& step, UndoEntry::State state) {
        UndoEntry entry{step.sequence, step.time_ms, state, {}, step.apply_name()};
        for (const FileStep& file : step.files) entry.files.push_back(file.path);
        entries.push_back(std::move(entry));
    };
    // The next to redo is the newest of all, the next to undo follows.
    for (const UndoStep* step : all.redoable) add(*step, UndoEntry::State::undone);
    for (auto step = all.undoable.rbegin(); step != all.undoable.rend(); ++step) {
        add(**step, (*step)->complete ? UndoEntry::State::applied : UndoEntry::State::interrupted);
    }
    return entries;
}

}  // namespace ec::executor
