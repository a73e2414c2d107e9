#include "edits_of.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/agent/edits.hpp>
#include <ec/agent/withhold.hpp>
#include <ec/core/text.hpp>
#include <optional>

#include "edit_calls.hpp"

namespace ec::agent {
namespace {

constexpr std::size_t kProblemBytes = 4000;

/// The draft as the model sees it: with secrets taken out.
class ShownFiles final : public FileSource {
public:
    ShownFiles(const Task& task, const Draft& draft) : task_(task), draft_(draft), values_(task.secret_values()) {}
    [[nodiscard]] std::optional<std::string> read(const std::string& path) const override {
        task_.attend(path);
        auto text = draft_.read(path);
        if (text) text = agent::redact(*text, nullptr, path, values_);
        return text;
    }
    [[nodiscard]] std::vector<std::string> paths() const override { return draft_.paths(); }

private:
    const Task& task_;
    const Draft& draft_;
    SecretValues values_;
};

/// Puts the secrets of the file at `path` back into what was made of its redacted form. A new file has none to put
/// back, and what the model was shown in place of one is no text to write.
Result<std::string> with_secrets(const Task& task, const Draft& draft, const std::string& path,
                                 const std::string& after) {
    return restore_withheld(after, draft.read(path).value_or(""), path, task.secret_values());
}

Status may_change(const Task& task, const FileChange& change) {
    if (!task.ports.may_write) return {};
    EC_TRY(task.ports.may_write(change.path));
    return change.kind == FileChange::Kind::rename ? task.ports.may_write(change.new_path) : Status{};
}

/// Puts what was understood of an answer into the draft, and into words what was not.
void take(Task& task, Draft& draft, ParsedEdits parsed, bool quiet, TakenEdits& taken) {
    for (FileChange& change : parsed.changes) {
        if (change.kind != FileChange::Kind::remove) {
            auto after = with_secrets(task, draft, change.path, change.after);
            if (!after) {
                taken.problems += fmt::format("{}: {}. Leave the withheld values as they stand.\n", change.path,
                                              after.error().message);
                continue;
            }
            change.after = *std::move(after);
        }
        const std::string& target = change.kind == FileChange::Kind::rename ? change.new_path : change.path;
        if (const Status allowed = may_change(task, change); !allowed) {
            taken.problems += fmt::format("{} may not be changed: {}.\n", target, allowed.error().message);
            continue;
        }
        const Draft earlier = draft;
        draft.take({change});
        taken.paths.push_back(change.path);
        if (quiet) continue;
        const auto before = earlier.read(change.path);
        const auto patch = vcs::unified_patch(
            {{target, before.value_or(""), draft.read(target).value_or(""), !before, !draft.read(target)}});
        task.events.event(EditEvent{target, patch ? *patch : ""});
    }
    for (const EditProblem& problem : parsed.problems) {
        if (problem.kind == EditProblem::Kind::no_edits) continue;
        taken.truncated = taken.truncated || problem.kind == EditProblem::Kind::truncated;
        if (problem.kind == EditProblem::Kind::no_change) continue;  // said and done, or done before
        taken.problems += problem.message + "\n";
    }
    taken.problems = ellipsize(taken.problems, kProblemBytes);
}

EditHints hints_for(const Task& task, const std::string& likely, bool cut) {
    EditHints hints;
    hints.only_file = likely;
    hints.workspace = task.ports.sandbox->workspace().string();
    hints.cut = cut;
    return hints;
}

/// Many a model writes its second answer against the files as they were at first, and means it to take the place of its
/// first one. Where everything fits then, the draft's own version of those files goes.
std::optional<ParsedEdits> against_the_project(const Task& task, Draft& draft, std::string_view text,
                                               const EditHints& hints) {
    if (draft.empty()) return std::nullopt;
    const Draft fresh(*task.ports.workspace);
    ParsedEdits parsed = parse_edits(text, ShownFiles(task, fresh), hints);
    if (parsed.changes.empty() || !parsed.problems.empty()) return std::nullopt;
    std::vector<std::string> paths;
    for (const FileChange& change : parsed.changes) paths.push_back(change.path);
    draft = draft.without(paths);
    return parsed;
}

}  // namespace

TakenEdits take_edits(Task& task, Draft& draft, const model::ChatReply& reply, const std::string& likely, bool quiet) {
    const EditHints hints = hints_for(task, likely, reply.finish == model::Finish::length);
    TakenEdits taken;
    ParsedEdits parsed = parse_edits(reply.text, ShownFiles(task, draft), hints);
    if (std::ranges::any_of(parsed.problems,
                            [](const EditProblem& p) { return p.kind == EditProblem::Kind::no_match; })) {
        if (auto again = against_the_project(task, draft, reply.text, hints)) parsed = *std::move(again);
    }
    take(task, draft, parsed, quiet, taken);
    return taken;
}

TakenEdits take_edit_call(Task& task, Draft& draft, const model::ToolCall& call, const std::string& likely,
                          bool quiet) {
    TakenEdits taken;
    take(task, draft, edits_of_call(call, ShownFiles(task, draft), hints_for(task, likely, false)), quiet, taken);
    return taken;
}

}  // namespace ec::agent
