#include "agent_cli.hpp"

#include "cli_words.hpp"
#include "run_command.hpp"
#include "session_host.hpp"

namespace ec::apps {

void add_run(CLI::App& app, RunCommandOptions& options) {
    CLI::App* run = app.add_subcommand("run", "Plan and make a change, proved by the project's tests");
    run->add_option("task", options.task, "What to do, in words")->required();
    run->add_option("--dir", options.directory, "The project (default: the current directory)");
    run->add_option("--test", options.test, "The test command (default: found from the project)");
    run->add_option("--model", options.model,
                    "none, a name from edgecoder model list, a GGUF file, or BASE_URL#MODEL\n"
                    "(default: $EDGECODER_MODEL, else the one of edgecoder model use)");
    run->add_option("--approach", options.approach,
                    "How the model works: tools (it looks around by itself), pipeline (led step by step,\n"
                    "for small models) or auto (the default)");
    run->add_option("--samples", options.samples, "Answers that the pipeline asks for and compares (default: 4)")
        ->check(whole_number(1, 64));
    run->add_option("--budget", options.budget_seconds, "Give up after this many seconds (default: 900)")
        ->check(seconds());
    run->add_option("--seed", options.seed, "A number; the same one asks the model the same way (default: 1)")
        ->check(whole_number(0));
    run->add_flag("--yes", options.yes, "Write the change to the project; without it the change is only shown");
    run->add_option("--approve", options.approved,
                    "Guarded place that may be written (hooks, CI, editor settings); repeatable")
        ->allow_extra_args(false);
    run->add_flag("--edit-tests", options.edit_tests, "Let changes of existing tests and build configuration count");
    run->add_flag("--json", options.json, "Print JSON lines of events, the last one the result (docs/events.md)");
    run->footer(
        "Examples:\n  edgecoder run \"make the parser accept comments\" --test \"pytest -q\" --model ./model.gguf\n"
        "  edgecoder run --model http://localhost:11434/v1#qwen2.5-coder:7b \"add a --verbose flag\" --yes\n\n"
        "The change goes to stdout as a patch, everything else to stderr. Nothing is written without --yes,\n"
        "and edgecoder undo takes back what was.\n"
        "The key for a server that wants one comes from $EDGECODER_API_KEY.\n"
        "Exit status: 0 done or answered, 1 not done, 2 wrong usage, 3 this machine or the model cannot do it, 130 "
        "interrupted.");
}

void add_session(CLI::App& app, SessionCommandOptions& options) {
    app.add_option("--dir", options.directory, "Session: the project (default: the current directory)");
    app.add_option("--model", options.model, "Session: the model, as for run");
    app.add_option("--test", options.test, "Session: the test command (default: found from the project)");
    app.add_option("--approach", options.approach, "Session: auto, pipeline or tools");
    app.add_option("--task", options.task, "Session: begin with this task");
    app.add_option("--resume", options.resume, "Session: go on with this one (an id, or last)");
    app.add_option("--approve", options.approved, "Session: guarded place that may be written; repeatable")
        ->allow_extra_args(false);
    app.add_flag("--edit-tests", options.edit_tests,
                 "Session: let changes of existing tests and build configuration count");
    app.add_flag("--plain", options.plain, "Session: whole lines only, for screen readers and logs");
    app.add_flag("--yes", options.yes, "Session without a terminal: approve what is asked");
}

}  // namespace ec::apps
