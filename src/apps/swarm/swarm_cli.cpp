#include "swarm_cli.hpp"

#include "../cli_words.hpp"

namespace ec::apps {
namespace {

void add_place(CLI::App& command, SwarmOptions& options) {
    command
        .add_option("--coordinator", options.coordinators,
                    "URL of a coordinator; repeatable, tried in order\n(default: $EDGECODER_COORDINATOR, else [swarm] "
                    "of config.toml, else this machine's)")
        ->allow_extra_args(false);
    command.add_option("--ca", options.ca_file, "Certificates that it is checked against (default: the system's)");
    command.add_option("--token-file", options.token_file,
                       "Where the token to join with is read from, - for standard input\n(default: "
                       "$AGENT_REGISTRATION_TOKEN)");
}

void add_approve(CLI::App& command, std::vector<std::string>& approved) {
    command
        .add_option("--approve", approved,
                    "Guarded place that --apply may write (hooks, CI, editor settings); repeatable")
        ->allow_extra_args(false);
}

void add_work(CLI::App& submit, SubmitOptions& options) {
    submit.add_option("task", options.wish.task, "What to do, in words; without it failing tests are repaired");
    submit.add_option("--test", options.wish.test, "The test command that judges the result");
    submit.add_option("--dir", options.wish.directory, "The project (default: the current directory)");
    submit.add_option("--include", options.wish.include, "File or folder to send that git does not track; repeatable")
        ->allow_extra_args(false);
    submit.add_flag("--split", options.wish.split, "Have the task split into parts that depend on one another");
    submit.add_option("--samples", options.wish.samples, "Answers to a task that are tried (default: 4)")
        ->check(whole_number(1, 256));
    submit
        .add_option("--shards", options.shards,
                    "Shares that a repair is searched in (default: one for each worker\nthat is here and has the "
                    "group's key; 4 while there is none)")
        ->check(whole_number(1, 256));
    submit.add_option("--model", options.wish.model, "The model that workers use (default: theirs)");
    submit
        .add_option("--model-class", options.wish.model_class,
                    "Answers come from a model of this class or a larger one: small, medium (from 4 billion\n"
                    "parameters) or large (from 20 billion; default: any)")
        ->check(CLI::IsMember({"small", "medium", "large"}));
    submit.add_option("--seed", options.wish.seed, "A number; the same one searches the same way (default: 1)")
        ->check(whole_number(0));
    submit.add_option("--memory", options.wish.memory_mb, "MB that a worker must have for it")
        ->check(whole_number(0, 1U << 24));
}

void add_terms(CLI::App& submit, SubmitOptions& options) {
    submit.add_option("--budget", options.budget_seconds, "Seconds that a worker may spend on its part (default: 120)")
        ->check(seconds());
    submit
        .add_option("--deadline", options.deadline_seconds,
                    "Seconds after which the job is given up, waiting included (default: an hour and four budgets)")
        ->check(seconds());
    submit.add_option("--credits", options.wish.credits, "It costs at most so many (default: its tasks with checks)")
        ->check(whole_number(1, 1'000'000));
    submit.add_option("--priority", options.wish.priority, "0 to 100 (default: 50)")->check(whole_number(0, 100));
    submit
        .add_option("--verify", options.verify,
                    "Who runs the tests of a result again: adaptive (other workers, less often where\nthey are "
                    "trusted), always, submitter (this machine, with --watch) or none")
        ->check(CLI::IsMember({"adaptive", "always", "submitter", "none"}));
    submit.add_option("--group", options.wish.group,
                      "The trust group whose machines may see the project, or none\n(default: [swarm] group of "
                      "config.toml, else local)");
    submit.add_option("--trust", options.trust, "With --group none: id of a node that may see it; repeatable")
        ->allow_extra_args(false);
}

void add_submit(CLI::App& app, SubmitOptions& options) {
    CLI::App* submit = app.add_subcommand("submit", "Have other machines work on a task, and get one verified patch");
    add_work(*submit, options);
    add_terms(*submit, options);
    add_place(*submit, options.swarm);
    CLI::Option* watch = submit->add_flag("--watch", options.watch, "Stay until it is done, and print the patch");
    submit->add_flag("--apply", options.apply, "With --watch: write the verified patch to the project")->needs(watch);
    add_approve(*submit, options.approved);
    CLI::Option* key =
        submit->add_option("--key", options.key, "Name of this submission: the same one submits nothing twice");
    submit->add_flag("--resume", options.resume, "Send again what an interrupted run from this folder prepared")
        ->excludes(key);
    CLI::Option* json = submit->add_flag("--json", options.json, "Print one JSON document on stdout");
    submit->add_flag("--events", options.events, "Print JSON lines while it works, the last one the result")
        ->excludes(json);
    submit->footer(
        "Examples:\n  edgecoder submit --test \"pytest -q\" --watch\n"
        "  edgecoder submit \"add a --verbose flag\" --test \"pytest -q\" --samples 8\n"
        "  edgecoder submit \"port the parser to the new API\" --split --test \"pytest -q\" --priority 80\n\n"
        "Prints the job's id; edgecoder jobs fetch ID gets the patch later. What git tracks is sent, sealed for the\n"
        "trust group: the coordinator sees none of it. Files of secrets stay here and are listed. docs/swarm.md has "
        "more.\n"
        "Exit status: 0 submitted, or with --watch fixed or already passing; 1 it came to nothing, 2 wrong usage, 3 "
        "this machine or the\n"
        "coordinator cannot do it, 130 interrupted (the job goes on).");
}

void add_job(CLI::App& jobs, JobsOptions& options, const char* name, const char* help) {
    CLI::App* command = jobs.add_subcommand(name, help);
    command->add_option("id", options.id, "The job's id")->required();
    CLI::Option* json = command->add_flag("--json", options.json, "Print one JSON document on stdout");
    add_place(*command, options.swarm);
    const std::string what = name;
    if (what == "watch") {
        command->add_flag("--events", options.events, "Print JSON lines while it works, the last one the result")
            ->excludes(json);
    }
    if (what == "watch" || what == "fetch") {
        command->add_flag("--verify", options.verify, "Run the tests once more, in the sandbox of this machine");
        command->add_flag("--apply", options.apply, "Write the patch to the project");
        command->add_option("--dir", options.directory,
                            "The project (default: where it was submitted from, else here)");
        add_approve(*command, options.approved);
    }
}

void add_jobs(CLI::App& app, JobsOptions& options) {
    CLI::App* jobs = app.add_subcommand("jobs", "Show, follow, end and fetch submitted jobs");
    jobs->require_subcommand(0, 1);
    CLI::App* list = jobs->add_subcommand("list", "Show the newest jobs of this account; the same without a command");
    list->add_option("--limit", options.limit, "So many (default: 20)")->check(whole_number(1, 100));
    list->add_option("--before", options.before, "Those that are older than this job");
    for (CLI::App* command : {jobs, list}) {
        command->add_flag("--json", options.json, "Print one JSON document on stdout");
        add_place(*command, options.swarm);
    }
    add_job(*jobs, options, "show", "Show a job and its tasks");
    add_job(*jobs, options, "watch", "Follow a job until it ends, and print its patch");
    add_job(*jobs, options, "cancel", "End a job; what was verified stays paid");
    add_job(*jobs, options, "fetch", "Get the patch of a job that is done");
    add_job(*jobs, options, "explain", "Say why a job is not being worked on");
    add_job(*jobs, options, "receipts", "Show what the public log says of its payments, with proofs");
    jobs->footer(
        "Examples:\n  edgecoder jobs\n  edgecoder jobs fetch ID --verify --apply\n\n"
        "The patch goes to stdout, everything else to stderr; edgecoder undo takes back what --apply wrote.\n"
        "Exit status: 0 done, 1 the job has no patch, or none yet, 2 wrong usage or no such job, 3 this machine or "
        "the\ncoordinator cannot do it, 130 interrupted.");
}

CLI::Option* add_kind(CLI::App& command, std::string& kind) {
    return command.add_option("--kind", kind, "client, worker or inference (default: worker)")
        ->check(CLI::IsMember({"client", "worker", "inference"}));
}

void add_node(CLI::App& app, NodeOptions& options) {
    CLI::App* node = app.add_subcommand("node", "Let machines take part in the swarm, and shut them out");
    node->require_subcommand(1);
    CLI::App* id = node->add_subcommand("id", "Print the id of this machine's node");
    add_kind(*id, options.kind);
    CLI::App* join = node->add_subcommand("join", "Have the coordinator know this machine");
    add_kind(*join, options.kind);
    add_place(*join, options.swarm);
    CLI::App* list = node->add_subcommand("list", "Show the nodes that this machine's coordinator knows");
    for (CLI::App* command : {id, join, list}) command->add_flag("--json", options.json, "Print one JSON document");
    for (const auto& [name, help] : std::initializer_list<std::pair<const char*, const char*>>{
             {"approve", "Let a node in that has joined, or was suspended"},
             {"suspend", "Shut a node out for a time"},
             {"revoke", "Shut a node out for good"}}) {
        CLI::App* command = node->add_subcommand(name, help);
        command->add_option("id", options.id, "The node's id")->required();
        command->add_option("--reason", options.reason, "Kept with the change");
        command->add_flag("--json", options.json, "Print one JSON document on stdout");
    }
    node->footer(
        "Examples:\n  edgecoder node join --coordinator https://coordinator.example --token-file -\n"
        "  edgecoder node approve NODE_ID\n\n"
        "id and join are for the machine that takes part, the others for the coordinator's machine and its user. A\n"
        "node's id is the thumbprint of its key: nobody else can have it. Tokens are read, never given as words.\n"
        "Exit status: 0 done, 1 not in this state, 2 wrong usage or no such node, 3 not let in, or no coordinator "
        "here.");
}

void add_admin(CLI::App& app, AdminOptions& options) {
    CLI::App* admin = app.add_subcommand("admin", "Run the coordinator of this machine");
    admin->require_subcommand(1);
    CLI::App* token = admin->add_subcommand("token", "Make tokens that nodes join with");
    token->require_subcommand(1);
    CLI::App* create = token->add_subcommand("create", "Print a new token on stdout; it is not shown again");
    add_kind(*create, options.kind);
    create->add_option("--account", options.account,
                       "Who pays for what the nodes submit and is paid for what they do\n"
                       "(default: local, this machine's people)");
    create->add_option("--uses", options.uses, "Nodes that may join with it (default: 1)")
        ->check(whole_number(1, 10'000));
    create->add_option("--life", options.life_s, "Seconds that it is good for (default: 3600)")
        ->check(whole_number(1, 86'400));
    create->add_flag("--approved", options.approved, "Its nodes need no further approval");
    CLI::App* accounts = admin->add_subcommand("accounts", "Show accounts and what they have");
    CLI::App* grant = admin->add_subcommand("grant", "Give an account credits");
    grant->add_option("account", options.account, "The account")->required();
    grant->add_option("credits", options.amount, "How many, up to three decimals")->required();
    CLI::App* status = admin->add_subcommand("status", "Show what the coordinator does");
    CLI::App* drain = admin->add_subcommand("drain", "Have it give out no more work, so that it can be stopped");
    for (CLI::App* command : {create, accounts, grant, status, drain})
        command->add_flag("--json", options.json, "Print one JSON document on stdout");
    admin->footer(
        "Examples:\n  edgecoder admin token create --kind worker --account alice --uses 5\n"
        "  edgecoder admin grant alice 100\n\n"
        "Asks the coordinator over DATA_DIR/run/admin.sock, which only its own user can open.\n"
        "Exit status: 0 done, 2 wrong usage or no such thing, 3 no coordinator here.");
}

void add_group(CLI::App& app, GroupOptions& options) {
    CLI::App* group = app.add_subcommand("group", "Trust groups: the machines that may see a project");
    group->require_subcommand(1);
    CLI::App* create = group->add_subcommand("create", "Make a group on this machine");
    CLI::App* show = group->add_subcommand("show", "Show a group's id");
    CLI::App* list = group->add_subcommand("list", "Show the groups of this machine");
    CLI::App* add = group->add_subcommand("add-node", "Print an invitation that only that node can open");
    CLI::App* import = group->add_subcommand("import", "Take in a group from an invitation for this machine");
    for (CLI::App* command : {create, show, add}) command->add_option("name", options.name, "The group")->required();
    add->add_option("node", options.node, "The node's id, as its person told it to you")->required();
    add->add_option("--key", options.node_key, "Its public key (default: asked of this machine's coordinator)");
    import->add_option("file", options.file, "The invitation, - for standard input")->required();
    import->add_option("--name", options.name, "Under another name");
    for (CLI::App* command : {create, show, list, import})
        command->add_flag("--json", options.json, "Print one JSON document on stdout");
    group->footer(
        "Examples:\n  edgecoder group create team\n  edgecoder group add-node team NODE_ID > for-anna.json\n"
        "  edgecoder group import for-anna.json\n\n"
        "A group's key lies in DATA_DIR/swarm/groups, for its owner alone. The invitation is no secret, but compare "
        "the\nnode's id with its person by another way than the one you got it by.\n"
        "Exit status: 0 done, 1 there is another group of that name, 2 wrong usage or no such group, 3 not for this "
        "machine.");
}

/// The command below `group` that was given.
std::string chosen(const CLI::App& group) { return group.get_subcommands().front()->get_name(); }

}  // namespace

void add_swarm(CLI::App& app, SwarmCommands& options) {
    add_submit(app, options.submit);
    add_jobs(app, options.jobs);
    add_node(app, options.node);
    add_admin(app, options.admin);
    add_group(app, options.group);
}

std::optional<int> run_swarm(const CLI::App& app, SwarmCommands& options, std::ostream& out, std::ostream& err) {
    if (app.got_subcommand("submit")) return run_submit(options.submit, out, err);
    if (const CLI::App* jobs = app.get_subcommand("jobs"); jobs->parsed()) {
        options.jobs.what = jobs->get_subcommands().empty() ? "list" : chosen(*jobs);
        return run_jobs(options.jobs, out, err);
    }
    if (const CLI::App* node = app.get_subcommand("node"); node->parsed()) {
        options.node.what = chosen(*node);
        return run_node(options.node, out, err);
    }
    if (const CLI::App* admin = app.get_subcommand("admin"); admin->parsed()) {
        options.admin.what = chosen(*admin);
        return run_admin(options.admin, out, err);
    }
    if (const CLI::App* group = app.get_subcommand("group"); group->parsed()) {
        options.group.what = chosen(*group);
        return run_group(options.group, out, err);
    }
    return std::nullopt;
}

}  // namespace ec::apps
