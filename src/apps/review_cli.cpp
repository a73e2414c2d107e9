#include "review_cli.hpp"

#include "cli_words.hpp"
#include "interrupt.hpp"
#include "review_command.hpp"
#include "review_wiring.hpp"

namespace ec::apps {
namespace {

constexpr std::uint64_t kMostId = std::numeric_limits<std::int64_t>::max();

CLI::App* sub(CLI::App* review, const char* name, const char* help, ReviewOptions& options) {
    CLI::App* command = review->add_subcommand(name, help);
    command->add_flag("--json", options.json, "Print one JSON document on stdout");
    return command;
}

void add_id(CLI::App* command, ReviewOptions& options) {
    command->add_option("id", options.ids, "The review's number")
        ->required()
        ->expected(1)
        ->check(whole_number(1, kMostId));
}

void add_queue(CLI::App* review, ReviewOptions& options) {
    CLI::App* queue = sub(review, "queue", "Pack a question and keep it; nothing is sent", options);
    queue->add_option("--task", options.task, "What is to be done, in your words")->required();
    queue->add_option("--test", options.test, "The test command that shows it is done");
    queue->add_option("--file", options.files, "PATH, PATH:LINE or PATH:FIRST-LAST to show; repeatable")
        ->allow_extra_args(false);
    queue->add_option("--why", options.why, "outside_sandbox, time, model_limit or asked (default)");
    queue->add_option("--output", options.output_file, "The failing output, from a file or -, instead of a run");
    queue->add_option("--dir", options.directory, "The project (default: the current directory)");
    queue->add_option("--timeout", options.timeout_seconds, "For one run of the test command (default: 600)")
        ->check(seconds());
}

void add_send(CLI::App* review, ReviewOptions& options) {
    CLI::App* send =
        sub(review, "send", "Show a question and, when you agree, send it; later fetch its answer", options);
    send->add_option("id", options.ids, "The reviews' numbers")->check(whole_number(1, kMostId));
    send->add_flag("--all", options.all, "All that are queued, and all whose answer is not there yet");
    send->add_option("--dir", options.directory,
                     "The project whose questions --all means (default: the current directory)");
    send->add_option("--to", options.reviewer, "A reviewer of config.toml (default: the only one)");
    send->add_flag("--yes", options.yes, "Do not ask");
    send->add_flag("--again", options.again, "Also one that was being sent when the program ended");
}

void add_accept(CLI::App* review, ReviewOptions& options) {
    CLI::App* accept = sub(review, "accept", "Test the answer in the sandbox and write it when it passes", options);
    add_id(accept, options);
    accept->add_flag("--anyway", options.anyway, "Write it although its tests do not pass, or there are none");
    accept->add_option("--approve", options.approved, "Guarded file or folder that it may write; repeatable")
        ->allow_extra_args(false);
    accept->add_option("--timeout", options.timeout_seconds, "For one run of the test command (default: 600)")
        ->check(seconds());
}

}  // namespace

void add_review(CLI::App& app, ReviewOptions& options) {
    CLI::App* review = app.add_subcommand("review", "Ask a larger model, a team or a person, when you choose to");
    review->require_subcommand(1);
    add_queue(review, options);
    CLI::App* list = sub(review, "list", "The reviews, newest first", options);
    list->add_option("--state", options.state, "queued, sent, answered, accepted or rejected");
    list->add_option("--limit", options.limit, "The newest so many (default: 100)")
        ->check(whole_number(1, kMostListed));
    CLI::App* show = sub(review, "show", "Print exactly what is or was sent", options);
    add_id(show, options);
    show->add_flag("--answer", options.answer, "Print the answer instead, as a diff");
    add_send(review, options);
    add_accept(review, options);
    add_id(sub(review, "reject", "Put a review away", options), options);
    add_id(sub(review, "edit", "Open the answer as a diff in $VISUAL or $EDITOR", options), options);
    review->footer(
        "Reviewers and the most that may be spent a day stand in config.toml; docs/review.md has the keys.\n"
        "Exit status: 0 done, 1 the tests say no or you did, 2 wrong usage, 3 not possible here or nobody answered\n"
        "(the review waits), 130 interrupted.");
}

int run_review(const CLI::App& review, const ReviewOptions& options, std::ostream& out, std::ostream& err) {
    if (review.got_subcommand("list")) return run_review_list(options, out, err);
    if (review.got_subcommand("reject")) return run_review_reject(options, out, err);
    const ReviewPorts ports = review_ports();
    if (review.got_subcommand("show")) return run_review_show(options, ports, out, err);
    if (review.got_subcommand("edit")) return run_review_edit(options, ports, out, err);
    const Interrupt interrupt;
    int status = 0;
    if (review.got_subcommand("queue"))
        status = run_review_queue(options, ports, out, err, interrupt.token());
    else if (review.got_subcommand("send"))
        status = run_review_send(options, ports, out, err, interrupt.token());
    else
        status = run_review_accept(options, ports, out, err, interrupt.token());
    return interrupt.interrupted() ? kInterruptedStatus : status;
}

}  // namespace ec::apps
