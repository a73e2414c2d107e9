#include "model_cli.hpp"

#include <CLI/CLI.hpp>

#include "interrupt.hpp"
#include "model_command.hpp"

namespace ec::apps {
namespace {

CLI::App* sub(CLI::App* model, const char* name, const char* help, ModelOptions& options) {
    CLI::App* command = model->add_subcommand(name, help);
    command->add_flag("--json", options.json, "Print one JSON document on stdout");
    return command;
}

void add_pull(CLI::App* model, ModelOptions& options) {
    CLI::App* pull = sub(model, "pull", "Download a model and keep it", options);
    pull->add_option("source", options.words,
                     "A name of the catalogue, a URL, hf:OWNER/REPO[:FILE], ollama:NAME[:TAG], or a manifest (.json)")
        ->required();
    pull->add_option("--name", options.name, "The name it gets here (default: made from the source)");
    pull->add_option("--sha256", options.sha256, "Take it only with this SHA-256");
    pull->add_flag("--yes", options.yes, "Do not ask");
}

void add_sign(CLI::App* model, ModelOptions& options) {
    CLI::App* sign = sub(model, "sign", "Sign a model's manifest for a fleet", options);
    sign->add_option("name", options.words, "The model")->required();
    sign->add_option("--key", options.key_file, "File with the secret key")->required();
    sign->add_flag("--new-key", options.new_key, "Make the key first; the file must not exist");
    sign->add_option("--source", options.source, "Where the fleet will fetch the file from");
}

void add_word(CLI::App* command, ModelOptions& options, const char* help) {
    command->add_option("name", options.words, help)->required();
}

}  // namespace

void add_model(CLI::App& app, ModelOptions& options) {
    CLI::App* model = app.add_subcommand("model", "Models on this machine: pull, add, use, measure, verify");
    model->require_subcommand(1);
    CLI::App* list = sub(model, "list", "The models that are here", options);
    list->add_flag("--catalogue", options.catalogue, "Models to pull by name, instead of those that are here");
    add_pull(model, options);
    CLI::App* add = sub(model, "add", "Keep a copy of a GGUF file of yours", options);
    add->add_option("file", options.words, "The file")->required();
    add->add_option("--name", options.name, "The name it gets here (default: made from the file's)");
    CLI::App* use = sub(model, "use", "Make a model the default, for when --model is not given", options);
    add_word(use, options, "A model of the list, BASE_URL#MODEL, or none");
    use->add_flag("--embeddings", options.embeddings, "Let search go by meaning with this embedding model (or none)");
    add_word(sub(model, "remove", "Remove a model and, when no other name has it, its file", options), options,
             "The model");
    add_word(sub(model, "info", "Show what is known of a model", options), options, "The model");
    add_word(sub(model, "bench", "Measure how fast a model is here, and remember it", options), options, "The model");
    add_word(sub(model, "verify", "Check a model's hash and signature, or what a server does with prompts", options),
             options, "The model, or BASE_URL#MODEL");
    add_sign(model, options);
    model->footer(
        "To begin:\n  edgecoder model list --catalogue          what there is, with sizes and licences\n"
        "  edgecoder model pull qwen2.5-coder-7b     fetch one, after you agreed\n"
        "  edgecoder model use qwen2.5-coder-7b      take it where --model is not given\n\n"
        "docs/models.md has the sources, signatures and policies.\n"
        "Exit status: 0 done, 1 the model is not as it should be or you said no, 2 wrong usage, 3 not possible here or "
        "refused\nby a policy, 130 interrupted (what was downloaded is kept for the next time).");
}

int run_model(const CLI::App& model, const ModelOptions& options, std::ostream& out, std::ostream& err) {
    if (model.got_subcommand("list")) return run_model_list(options, out, err);
    if (model.got_subcommand("use")) return run_model_use(options, out, err);
    if (model.got_subcommand("remove")) return run_model_remove(options, out, err);
    if (model.got_subcommand("info")) return run_model_info(options, out, err);
    if (model.got_subcommand("sign")) return run_model_sign(options, out, err);
    const Interrupt interrupt;
    int status = 0;
    if (model.got_subcommand("pull"))
        status = run_model_pull(options, out, err, interrupt.token());
    else if (model.got_subcommand("add"))
        status = run_model_add(options, out, err, interrupt.token());
    else if (model.got_subcommand("bench"))
        status = run_model_bench(options, out, err, interrupt.token());
    else
        status = run_model_verify(options, out, err, interrupt.token());
    return interrupt.interrupted() ? kInterruptedStatus : status;
}

}  // namespace ec::apps
