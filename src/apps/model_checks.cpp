// `edgecoder model bench` and `verify`: what a model does here, found out by trying.
#include <fmt/format.h>

#include <chrono>
#include <ec/core/text.hpp>
#include <ec/model/embedded.hpp>
#include <ec/model/openai.hpp>
#include <ec/net/egress_ledger.hpp>
#include <ostream>

#include "data_dir.hpp"
#include "error_report.hpp"
#include "model_choice.hpp"
#include "model_command.hpp"
#include "model_library.hpp"
#include "model_report.hpp"
#include "terminal.hpp"

namespace ec::apps {
namespace {

constexpr int kBenchTokens = 64;
constexpr int kBenchLines = 60;  // some 600 to 900 tokens, by tokenizer
constexpr std::int64_t kProbedTokens = 6000;
constexpr int kNotInFull = 1;

std::string bench_prompt() {
    std::string text = "Explain what each of these functions returns.\n";
    for (int i = 0; i < kBenchLines; ++i) text += fmt::format("def f{0}(a, b):\n    return a * {0} + b\n", i);
    return text;
}

double per_second(std::int64_t tokens, std::chrono::milliseconds time) {
    return time.count() <= 0 ? 0 : static_cast<double>(tokens) * 1000 / static_cast<double>(time.count());
}

Result<model::MeasuredSpeed> measure(const ModelOptions& options, std::stop_token stop) {
    EC_ASSIGN(const auto ports, ModelPorts::open(data_dir(), "edgecoder model"));
    EC_ASSIGN(model::Library library, open_library(*ports));
    model::EmbeddedOptions embedded;
    EC_ASSIGN(embedded.file, library.usable_file(options.words));
    EC_TRY(check_can_chat(embedded.file, options.words));
    embedded.name = options.words;
    EC_ASSIGN(const auto model, model::make_embedded_model(embedded));
    model::ChatRequest request;
    request.messages = {{model::Role::user, bench_prompt(), {}, {}}};
    request.sampling.temperature = 0;
    request.sampling.max_tokens = kBenchTokens;
    EC_ASSIGN(const model::ChatReply reply, model->complete(request, {}, std::move(stop)));
    model::MeasuredSpeed speed;
    speed.prompt_tokens = reply.usage.prompt_tokens - reply.usage.cached_tokens;
    speed.decoded_tokens = reply.usage.completion_tokens;
    speed.prompt_per_second = per_second(speed.prompt_tokens, reply.usage.prompt_time);
    speed.decode_per_second = per_second(speed.decoded_tokens, reply.usage.completion_time);
    speed.when = net::rfc3339(std::chrono::system_clock::now());
    if (speed.prompt_per_second <= 0 || speed.decode_per_second <= 0) {
        return fail(ErrorCode::corrupt, "the model wrote too little to be measured",
                    "models without a chat template may stop at once");
    }
    EC_TRY(library.remember(options.words, speed));
    return speed;
}

struct Served {
    model::ContextProbe context;
    model::ToolDialect dialect = model::ToolDialect::none;
};

Result<Served> probe(const ModelOptions& options, const std::stop_token& stop) {
    EC_ASSIGN(const auto ports, ModelPorts::open(data_dir(), "edgecoder model"));
    EC_ASSIGN(const auto model, serve_model(options.words, *ports));
    Served served;
    EC_ASSIGN(served.context, model->probe_context(kProbedTokens, stop));
    EC_ASSIGN(served.dialect, model->probe_dialect(stop));
    return served;
}

int verify_server(const ModelOptions& options, std::ostream& out, std::ostream& err, const std::stop_token& stop) {
    const auto served = probe(options, stop);
    if (!served) return report_error(served.error(), options.json, out, err);
    const model::ContextProbe& context = served->context;
    if (options.json) {
        print_document(json::Object{{"read_in_full", context.read_in_full()},
                                    {"sent_tokens", context.estimated_tokens},
                                    {"counted_tokens", context.counted_tokens},
                                    {"context", context.context},
                                    {"tool_dialect", model::name(served->dialect)}},
                       out);
    } else {
        err << (context.read_in_full()
                    ? fmt::format("a prompt of about {} tokens was read in full", context.estimated_tokens)
                    : fmt::format("a prompt of about {} tokens was NOT read in full: give the model a larger context "
                                  "at its server",
                                  context.estimated_tokens))
            << (context.counted_tokens > 0 ? fmt::format(" (the server counted {})", context.counted_tokens) : "")
            << "\ntools: " << model::name(served->dialect) << "\n";
    }
    return context.read_in_full() ? 0 : kNotInFull;
}

Status verify_file(const ModelOptions& options, std::ostream& err, const std::stop_token& stop) {
    EC_ASSIGN(const auto ports, ModelPorts::open(data_dir(), "edgecoder model"));
    EC_ASSIGN(const model::Library library, open_library(*ports));
    EC_TRY(library.verify(options.words, {}, stop));
    EC_ASSIGN(const model::LibraryEntry entry, library.find(options.words));
    EC_TRY(model::read_model_file(entry.file));
    const std::string by = !entry.signed_by
                               ? "not signed"
                               : fmt::format("signed by {}, {}", entry.signed_by->key.hex(),
                                             entry.signed_by->trusted ? "trusted" : "which is not in trusted_keys");
    if (!options.json) {
        err << fmt::format("{} is as it was: sha256 {}, {}\n", entry.manifest.name, entry.manifest.sha256.hex(), by);
    }
    return {};
}

}  // namespace

int run_model_bench(const ModelOptions& options, std::ostream& out, std::ostream& err, std::stop_token stop) {
    const auto speed = measure(options, std::move(stop));
    if (!speed) return report_error(speed.error(), options.json, out, err);
    if (options.json) {
        print_document(json::Object{{"name", to_valid_utf8(options.words)},
                                    {"prompt_tokens", speed->prompt_tokens},
                                    {"prompt_per_second", speed->prompt_per_second},
                                    {"decoded_tokens", speed->decoded_tokens},
                                    {"decode_per_second", speed->decode_per_second}},
                       out);
        return 0;
    }
    out << fmt::format("{}: {:.1f} tokens/s read ({} tokens), {:.1f} tokens/s written ({} tokens)\n",
                       printable(options.words), speed->prompt_per_second, speed->prompt_tokens,
                       speed->decode_per_second, speed->decoded_tokens)
        << std::flush;
    return 0;
}

int run_model_verify(const ModelOptions& options, std::ostream& out, std::ostream& err, std::stop_token stop) {
    if (options.words.starts_with("http://") || options.words.starts_with("https://")) {
        return verify_server(options, out, err, stop);
    }
    const Status status = verify_file(options, err, stop);
    if (!status) return report_error(status.error(), options.json, out, err);
    if (options.json) print_document(json::Object{{"verified", to_valid_utf8(options.words)}}, out);
    return 0;
}

}  // namespace ec::apps
