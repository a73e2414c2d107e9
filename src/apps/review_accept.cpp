// `edgecoder review accept` and `edit`: what came back, as a diff with the sandbox's verdict on it.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/executor/apply.hpp>
#include <ostream>

#include "data_dir.hpp"
#include "error_report.hpp"
#include "project_sandbox.hpp"
#include "review_command.hpp"
#include "review_report.hpp"
#include "review_stores.hpp"
#include "terminal.hpp"
#include "write_patch.hpp"

namespace ec::apps {
namespace {

using agent::ReviewItem;

constexpr int kTestsSayNo = 1;

struct Judged {
    ReviewItem item;
    std::string patch;
    agent::ReviewVerdict verdict;
    bool applied = false;
};

Result<ReviewItem> answered_item(agent::ReviewQueue& queue, const ReviewOptions& options) {
    EC_ASSIGN(const std::int64_t id, only_id(options.ids));
    EC_ASSIGN(ReviewItem item, queue.get(id));
    if (item.state != agent::ReviewState::answered)
        return fail(ErrorCode::conflict, fmt::format("review {} is {}, not answered", id, agent::name(item.state)));
    return item;
}

Result<Judged> judge_and_apply(const ReviewOptions& options, const ReviewPorts& ports, std::stop_token stop) {
    EC_TRY(executor::check_approvals(options.approved));
    EC_TRY(undo_dir());
    EC_ASSIGN(const auto limit, run_limit(options.timeout_seconds));
    EC_ASSIGN(agent::ReviewQueue queue, open_review_queue());
    Judged judged;
    EC_ASSIGN(judged.item, answered_item(queue, options));
    const std::filesystem::path& workspace = judged.item.workspace;
    EC_ASSIGN(const auto files, ports.read_patch(judged.item.answer, workspace));
    EC_TRY(agent::check_patch(files, workspace));
    EC_ASSIGN(judged.patch, vcs::unified_patch(files));
    EC_ASSIGN(const auto sandbox, open_project_sandbox(workspace));
    EC_ASSIGN(judged.verdict, agent::judge_patch(*sandbox, judged.item.test, files, limit, std::move(stop)));
    EC_TRY(queue.judged(judged.item.id, judged.verdict));
    if (judged.verdict.outcome == agent::ReviewVerdict::Outcome::passed || options.anyway) {
        EC_TRY(write_patch(workspace, files, options.approved, "a review"));
        EC_TRY(queue.accept(judged.item.id));
        judged.applied = true;
    }
    EC_ASSIGN(judged.item, queue.get(judged.item.id));
    return judged;
}

void print_json(const Judged& judged, std::ostream& out) {
    json::Object document = review_json(judged.item, false);
    document["status"] = judged.applied ? "ok" : "refused";
    document["patch"] = to_valid_utf8(judged.patch);
    document["applied"] = judged.applied;
    document["tests"] = json::Object{{"outcome", judged.verdict.outcome_name()},
                                     {"passed", judged.verdict.passed},
                                     {"failed", judged.verdict.failed},
                                     {"reason", to_valid_utf8(judged.verdict.reason)}};
    document["tier"] = judged.verdict.tier;
    out << json::write(document) << '\n' << std::flush;
}

/// The words of $VISUAL or $EDITOR, as a shell takes them.
std::string editor() {
    for (const char* name : {"VISUAL", "EDITOR"}) {
        const char* value = std::getenv(name);
        if (value != nullptr && *value != '\0') return value;
    }
    return "vi";
}

Status run_editor(const std::filesystem::path& file) {
    const std::string script = editor() + " \"$@\"";
    const pid_t child = ::fork();
    if (child < 0) return fail(from_errno("cannot start an editor", errno));
    if (child == 0) {
        ::execlp("sh", "sh", "-c", script.c_str(), "edgecoder", file.c_str(), nullptr);
        ::_exit(127);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) return fail(from_errno("cannot wait for the editor", errno));
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    return fail(ErrorCode::cancelled, fmt::format("{} did not end well; the answer is as it was", editor()),
                "set EDITOR to an editor that is here");
}

struct Edited {
    ReviewItem item;
    bool changed = false;
    std::string trouble;  ///< why it is no patch now
};

Result<Edited> edit_answer(const ReviewOptions& options, const ReviewPorts& ports) {
    EC_ASSIGN(agent::ReviewQueue queue, open_review_queue());
    Edited edited;
    EC_ASSIGN(edited.item, answered_item(queue, options));
    std::string text = edited.item.answer;
    if (const auto files = ports.read_patch(text, edited.item.workspace)) {
        if (auto patch = vcs::unified_patch(*files); patch && !patch->empty()) text = *std::move(patch);
    }
    EC_ASSIGN(const TempDir dir, TempDir::create());
    const std::filesystem::path file = dir.path() / fmt::format("review-{}.diff", edited.item.id);
    EC_TRY(write_file_atomic(file, text, 0600));
    EC_TRY(run_editor(file));
    EC_ASSIGN(const std::string after, read_file(file, agent::kMostAnswer));
    edited.changed = after != text;
    if (edited.changed) EC_TRY(queue.edit(edited.item.id, after));
    const auto files = ports.read_patch(after, edited.item.workspace);
    if (!files) edited.trouble = files.error().message;
    EC_ASSIGN(edited.item, queue.get(edited.item.id));
    return edited;
}

}  // namespace

int run_review_accept(const ReviewOptions& options, const ReviewPorts& ports, std::ostream& out, std::ostream& err,
                      std::stop_token stop) {
    const auto judged = judge_and_apply(options, ports, std::move(stop));
    if (!judged) return report_error(judged.error(), options.json, out, err);
    if (options.json) {
        print_json(*judged, out);
    } else {
        out << Style::for_descriptor(1).diff(printable_text(judged->patch)) << std::flush;
        err << "edgecoder: " << printable(judged->verdict.text()) << '\n'
            << (judged->applied
                    ? "edgecoder: written; edgecoder undo takes it back\n"
                    : fmt::format("edgecoder: nothing was written; edgecoder review edit {0}, {1} reject {0}, or "
                                  "edgecoder review accept {0} --anyway\n",
                                  judged->item.id, options.prefix));
    }
    return judged->applied ? 0 : kTestsSayNo;
}

int run_review_edit(const ReviewOptions& options, const ReviewPorts& ports, std::ostream& out, std::ostream& err) {
    const auto edited = edit_answer(options, ports);
    if (!edited) return report_error(edited.error(), options.json, out, err);
    if (options.json) {
        json::Object document = review_json(edited->item, true);
        document["status"] = "ok";
        document["changed"] = edited->changed;
        document["problem"] = to_valid_utf8(edited->trouble);
        out << json::write(document) << '\n' << std::flush;
        return 0;
    }
    err << "edgecoder: review " << edited->item.id << (edited->changed ? " is edited\n" : " is as it was\n");
    if (!edited->trouble.empty())
        err << "edgecoder: it cannot be read as a patch: " << printable(edited->trouble) << '\n';
    return 0;
}

}  // namespace ec::apps
