#include <fmt/format.h>

#include <algorithm>
#include <ec/core/rng.hpp>
#include <ec/core/text.hpp>
#include <ec/model/openai.hpp>
#include <ec/net/http_client.hpp>

#include "fim/fim.hpp"
#include "openai/chat_exchange.hpp"
#include "openai/lessons.hpp"
#include "openai/probes.hpp"
#include "openai/prompt_check.hpp"
#include "openai/server.hpp"
#include "openai/server_notes.hpp"

namespace ec::model {
namespace {

using std::chrono::milliseconds;

constexpr unsigned kTries = 4;
constexpr unsigned kFillTries = 2;  // somebody waits with a finger on a key
constexpr milliseconds kFirstPause{500};
constexpr milliseconds kLongestPause{8000};
constexpr milliseconds kLongestWish{60'000};  // of a server's Retry-After that is honoured
constexpr unsigned kMostLessons = 6;
constexpr std::uint16_t kOllamaPort = 11434;
constexpr std::int64_t kBytesPerToken = 3;   // of code, rather too few than too many
constexpr std::int64_t kLargePrompt = 2000;  // tokens; below it nothing is asked beside the completion itself

/// A server's nonsense, or its silence, is nobody's wrong usage and no failure of the task, whatever is wrong with it.
template <class T>
Result<T> blamed_on_server(Result<T> answer) {
    const auto is = [&](ErrorCode code) { return answer.error().code == code; };
    if (!answer && (is(ErrorCode::corrupt) || is(ErrorCode::too_large) || is(ErrorCode::timeout)))
        answer.error().code = ErrorCode::unavailable;
    return answer;
}

/// What is asked until there is an answer. A request is made anew for each try, with what was learned until then.
struct Question {
    std::function<std::pair<net::HttpRequest, AnswerForm>()> ask;
    std::vector<std::string> taken;  ///< ids of calls
    int max_tokens = 0;
    bool as_it_is = false;
    std::optional<FillWay> way = std::nullopt;  ///< by which a gap is filled where the server may not have it
    unsigned tries = kTries;
};

Status check_schema(const ChatRequest& request) {
    if (request.response_schema.empty()) return {};
    const auto schema = json::parse(request.response_schema);
    if (schema && (schema->is_object() || schema->is_bool())) return {};
    return fail(ErrorCode::invalid_argument, "the schema of the answer is no JSON Schema");
}

std::vector<std::string> call_ids(const ChatRequest& request) {
    std::vector<std::string> ids;
    for (const Message& message : request.messages) {
        for (const ToolCall& call : message.calls) ids.push_back(call.id);
    }
    return ids;
}

class OpenAiModel final : public ServedModel {
public:
    OpenAiModel(net::HttpClient& http, OpenAiOptions options, const Clock& clock, Waiter& waiter)
        : options_(std::move(options)),
          server_(http, options_),
          exchange_(server_, clock, options_.first_byte_timeout),
          waiter_(waiter),
          rng_(options_.seed),
          notes_(load_notes(options_.notes_dir, options_.address)),
          saved_(notes_),
          family_(fim::template_for(options_.address.model)) {
        facts_.name = options_.address.text();
        facts_.local = options_.address.local;
        facts_.where = options_.address.base_url;
        update_facts();
    }

    [[nodiscard]] const ModelFacts& facts() const override { return facts_; }

    Result<ChatReply> complete(const ChatRequest& request, const OnDelta& on_delta, std::stop_token stop) override {
        return blamed_on_server(answer(request, on_delta, std::move(stop)));
    }
    Result<ChatReply> complete_text(const TextRequest& request, const OnDelta& on_delta,
                                    std::stop_token stop) override {
        return blamed_on_server(request.suffix ? fill(request, on_delta, stop) : go_on(request, on_delta, stop));
    }
    Result<ContextProbe> probe_context(std::int64_t tokens, std::stop_token stop) override {
        return blamed_on_server(context(tokens, std::move(stop)));
    }
    Result<ToolDialect> probe_dialect(std::stop_token stop) override {
        return blamed_on_server(dialect(std::move(stop)));
    }

private:
    Result<ChatReply> answer(const ChatRequest& request, const OnDelta& on_delta, const std::stop_token& stop) {
        const std::size_t bytes = prompt_bytes(request);
        EC_TRY(check_schema(request));
        EC_TRY(prepare(bytes, stop));
        update_facts();
        EC_TRY(check_size(bytes));
        auto reply = ask(request, on_delta, stop);
        if (reply) {
            if (!reply->calls.empty() && !notes_.dialect) notes_.dialect = ToolDialect::native;
            judge_reading(bytes, *reply, stop);
            warn_of_plain_transport(*reply);
        }
        remember();
        return reply;
    }

    Result<ContextProbe> context(std::int64_t tokens, const std::stop_token& stop) {
        EC_TRY(look(stop));
        if (notes_.kind == ServerKind::openai && notes_.context == 0) notes_.context = server_.ask_context(stop);
        EC_ASSIGN(const ContextProbe probe, send_marker(tokens, stop));
        note_reading(probe.front_was_read, probe.estimated_tokens);
        remember();
        return probe;
    }

    Result<ToolDialect> dialect(const std::stop_token& stop) {
        if (notes_.kind == ServerKind::unknown && is_ollama_port()) EC_TRY(look(stop));
        EC_ASSIGN(const ChatReply reply, ask(dialect_question(), {}, stop));
        notes_.dialect = dialect_of(reply);
        remember();
        return *notes_.dialect;
    }

    [[nodiscard]] bool is_ollama_port() const { return options_.address.port == kOllamaPort; }

    Status look(std::stop_token stop) {
        if (notes_.kind != ServerKind::unknown || looked_) return {};
        EC_TRY(server_.look(notes_, std::move(stop)));
        looked_ = true;
        return {};
    }

    [[nodiscard]] bool fits(std::size_t bytes) const {
        return notes_.context == 0 || least_tokens(bytes) <= notes_.context;
    }

    [[nodiscard]] Status check_size(std::size_t bytes) const {
        if (fits(bytes)) return {};
        return fail(ErrorCode::too_large,
                    fmt::format("the prompt of about {} tokens does not fit into the {} that the model reads",
                                estimated_tokens(bytes), notes_.context),
                    "use a model with a larger context");
    }

    /// Asks the server about itself where that is due.
    Status prepare(std::size_t bytes, std::stop_token stop) {
        const bool large = estimated_tokens(bytes) > kLargePrompt;
        if (!large && !is_ollama_port()) return {};
        EC_TRY(look(stop));
        // What is remembered may be of a server that was started anew since.
        const bool due = notes_.context == 0 || !fits(bytes);
        if (!large || !due || std::exchange(asked_context_, true)) return {};
        if (notes_.kind == ServerKind::openai) notes_.context = server_.ask_context(stop);
        if (notes_.kind == ServerKind::ollama && !looked_) EC_TRY(server_.look(notes_, stop));
        return {};
    }

    [[nodiscard]] std::pair<net::HttpRequest, AnswerForm> http_request(const ChatRequest& request) {
        const ModelAddress& address = options_.address;
        if (notes_.kind != ServerKind::ollama) {
            return {server_.post(address.base_url + "/chat/completions",
                                 openai_body(address.model, request, notes_.refusals)),
                    AnswerForm::openai};
        }
        const std::int64_t context = grown_context(prompt_bytes(request), request.sampling);
        return {
            server_.post(address.root() + "/api/chat", ollama_body(address.model, request, notes_.refusals, context)),
            AnswerForm::ollama};
    }

    // A smaller context than the last one would load the model anew.
    std::int64_t grown_context(std::size_t bytes, const Sampling& sampling) {
        num_ctx_ = std::max(num_ctx_, wanted_context(bytes, sampling.max_tokens, notes_.context));
        return num_ctx_;
    }

    Result<ChatReply> ask(const ChatRequest& request, const OnDelta& on_delta, const std::stop_token& stop) {
        return ask(Question{.ask = [&] { return http_request(request); },
                            .taken = call_ids(request),
                            .max_tokens = request.sampling.max_tokens},
                   on_delta, stop);
    }

    /// Tries until there is an answer, or a failure that does not pass.
    Result<ChatReply> ask(const Question& question, const OnDelta& on_delta, const std::stop_token& stop) {
        const std::size_t limit = (64U << 10) + 64U * static_cast<std::size_t>(std::max(0, question.max_tokens));
        const Refusals known = notes_.refusals;
        unsigned lessons = 0;
        missing_ = false;
        for (unsigned made = 1;;) {
            ReplyReader reader(on_delta, question.taken, limit);
            if (question.as_it_is) reader.take_as_it_is();
            const auto [request, form] = question.ask();
            TryOutcome outcome = exchange_.run(request, reader, form, stop);
            counted_ = outcome.counted;
            if (outcome.reply) return std::move(outcome.reply);
            if (question.way && !reader.begun() && says_missing(outcome, notes_.fills == *question.way)) {
                missing_ = true;
                return std::move(outcome.reply);
            }
            if (lessons < kMostLessons && learns(outcome)) {
                ++lessons;
                continue;
            }
            if (lessons > 0 && !outcome.may_repeat) notes_.refusals = known;  // it was about something else
            if (!outcome.may_repeat || made >= question.tries || outcome.retry_after > kLongestWish) {
                return fail(explained(outcome, stop));
            }
            if (!waiter_.wait(pause(made, outcome.retry_after), stop)) return fail(ErrorCode::cancelled, "stopped");
            ++made;
        }
    }

    /// Unlike a conversation, a text goes to different places on different servers, so they are looked at first.
    Status prepare_text(const TextRequest& request, const std::stop_token& stop) {
        EC_TRY(look(stop));
        EC_TRY(prepare(prompt_bytes(request), stop));
        update_facts();
        return {};
    }

    /// The text as it stands, without a suffix.
    Result<ChatReply> go_on(const TextRequest& request, const OnDelta& on_delta, const std::stop_token& stop) {
        EC_TRY(prepare_text(request, stop));
        EC_TRY(check_size(request.prompt.size()));
        auto reply = ask_text(request.prompt, std::nullopt, request.sampling, kTries, on_delta, stop);
        remember();
        return reply;
    }

    Result<ChatReply> fill(const TextRequest& request, const OnDelta& on_delta, const std::stop_token& stop) {
        EC_TRY(prepare_text(request, stop));
        const TextRequest fitting = fitted(request);
        for (const FillWay way : ways()) {
            auto reply = fill_by(way, fitting, on_delta, stop);
            if (!reply && missing_) continue;
            if (reply) {
                notes_.fills = way;
                warn_of_plain_transport(*reply);
            }
            remember();
            return reply;
        }
        notes_.fills = FillWay::unknown;
        remember();
        return fail(ErrorCode::unavailable,
                    fmt::format("{} fills no gaps in a text: its server has no means of its own, and the words that "
                                "the model was trained with are not known by its name",
                                facts_.name),
                    "use a code model that was trained for it, such as qwen2.5-coder, under its own name");
    }

    /// In the order in which they are worth trying.
    [[nodiscard]] std::vector<FillWay> ways() const {
        const bool named = family_ != nullptr;
        if (notes_.kind == ServerKind::ollama) return {named ? FillWay::words : FillWay::suffix};
        if (notes_.fills == FillWay::words && named) return {FillWay::words};
        std::vector<FillWay> all{FillWay::infill};
        if (named) all.push_back(FillWay::words);
        return all;
    }

    Result<ChatReply> fill_by(FillWay way, const TextRequest& request, const OnDelta& on_delta,
                              const std::stop_token& stop) {
        if (way == FillWay::words) {
            Sampling sampling = request.sampling;
            sampling.stop = fim::stops(*family_, request);
            return ask_text(fim::prompt(*family_, request), std::nullopt, sampling, kFillTries, on_delta, stop);
        }
        if (way == FillWay::suffix) {
            return ask_text(request.prompt, request.suffix, request.sampling, kFillTries, on_delta, stop);
        }
        const auto infill = [&] {
            return std::pair(
                server_.post(options_.address.root() + "/infill", infill_body(options_.address.model, request)),
                AnswerForm::llama);
        };
        return ask(Question{.ask = infill,
                            .taken = {},
                            .max_tokens = request.sampling.max_tokens,
                            .as_it_is = true,
                            .way = FillWay::infill,
                            .tries = kFillTries},
                   on_delta, stop);
    }

    Result<ChatReply> ask_text(const std::string& prompt, const std::optional<std::string>& suffix,
                               const Sampling& sampling, unsigned tries, const OnDelta& on_delta,
                               const std::stop_token& stop) {
        const ModelAddress& address = options_.address;
        const auto request = [&] {
            if (notes_.kind != ServerKind::ollama) {
                return std::pair(server_.post(address.base_url + "/completions",
                                              completion_body(address.model, prompt, sampling, notes_.refusals)),
                                 AnswerForm::openai);
            }
            const std::int64_t context = grown_context(prompt.size() + (suffix ? suffix->size() : 0), sampling);
            return std::pair(server_.post(address.root() + "/api/generate",
                                          generate_body(address.model, prompt, suffix, sampling, context)),
                             AnswerForm::ollama);
        };
        return ask(Question{.ask = request,
                            .taken = {},
                            .max_tokens = sampling.max_tokens,
                            .as_it_is = true,
                            .way = suffix ? std::optional(FillWay::suffix) : std::nullopt,
                            .tries = tries},
                   on_delta, stop);
    }

    [[nodiscard]] TextRequest fitted(const TextRequest& request) const {
        if (notes_.context == 0) return request;
        const std::int64_t answer = std::min<std::int64_t>(request.sampling.max_tokens, notes_.context / 2);
        return fim::fitted(request, static_cast<std::size_t>((notes_.context - answer) * kBytesPerToken));
    }

    Error explained(const TryOutcome& outcome, std::stop_token stop) {
        if (outcome.status == 0) return outcome.reply.error();
        Error error = server_.explain(outcome.status, outcome.body, std::move(stop));
        if (outcome.retry_after > kLongestWish) {
            error.remedy = fmt::format("it asks to be tried again in {} seconds", outcome.retry_after.count() / 1000);
        }
        return error;
    }

    /// Full jitter (AWS Architecture Blog, "Exponential Backoff and Jitter"), after what the server asks for.
    milliseconds pause(unsigned made, milliseconds wish) {
        const milliseconds ceiling = std::min(kLongestPause, kFirstPause * (1U << made));
        return wish + milliseconds(rng_.below(static_cast<std::uint64_t>(ceiling.count()) + 1));
    }

    /// Whether a refusal says how to ask better.
    bool learns(const TryOutcome& outcome) {
        if (notes_.kind == ServerKind::ollama && outcome.status == 404 &&
            complaint_words(outcome.body).find("model") == std::string::npos) {
            notes_.kind = ServerKind::openai;  // another program took its port
            notes_.context = 0;
            return true;
        }
        if (outcome.status != 400 && outcome.status != 422 && outcome.status != 500) return false;
        const auto member = lesson(outcome.body, notes_.refusals);
        if (member == nullptr) return false;
        notes_.refusals.*member = true;
        return true;
    }

    void judge_reading(std::size_t bytes, ChatReply& reply, std::stop_token stop) {
        const std::int64_t estimate = estimated_tokens(bytes);
        if (counted_) {
            const std::int64_t limit = notes_.kind == ServerKind::ollama ? num_ctx_ : notes_.context;
            const auto cut = cut_words(bytes, reply.usage.prompt_tokens, limit);
            if (cut) warn(reply, *cut);
            const bool plausible = reply.usage.prompt_tokens >= least_tokens(bytes) / 2;
            if (cut || (plausible && estimate > kLargePrompt)) note_reading(!cut, estimate);
            return;
        }
        if (estimate <= kLargePrompt) return;
        if (notes_.reads_in_full == true && estimate <= notes_.verified_tokens * 5 / 4) return;
        if (unread_tokens_ == 0 || estimate < unread_tokens_) {
            const auto probe = send_marker(estimate, std::move(stop));
            if (!probe) return;  // a later prompt will find out
            note_reading(probe->front_was_read, estimate);
            if (probe->front_was_read) return;
            unread_tokens_ = estimate;
        }
        warn(reply, fmt::format("the model cannot say what stood in the first line of {} tokens", unread_tokens_));
    }

    Result<ContextProbe> send_marker(std::int64_t tokens, std::stop_token stop) {
        const std::string marker = fmt::format("K{:08X}", rng_.next() & 0xffffffffU);
        const ChatRequest question = context_question(tokens, marker);
        EC_ASSIGN(const ChatReply answer, ask(question, {}, std::move(stop)));
        ContextProbe probe;
        probe.estimated_tokens = estimated_tokens(prompt_bytes(question));
        probe.counted_tokens = counted_ ? answer.usage.prompt_tokens : 0;
        probe.front_was_read = repeats_marker(answer, marker);
        probe.context = notes_.context;
        return probe;
    }

    void note_reading(bool in_full, std::int64_t tokens) {
        notes_.reads_in_full = in_full;
        notes_.verified_tokens = in_full ? std::max(notes_.verified_tokens, tokens) : 0;
    }

    void warn(ChatReply& reply, const std::string& words) const {
        const char* remedy = notes_.kind == ServerKind::ollama
                                 ? "use a model with a larger context, or shorten the task"
                                 : "start the server with a larger context (llama-server -c, OLLAMA_CONTEXT_LENGTH, "
                                   "\"Context Length\" in LM Studio)";
        reply.warnings.push_back(fmt::format("{}; its answer may miss what was cut: {}", words, remedy));
    }

    void warn_of_plain_transport(ChatReply& reply) {
        if (options_.address.local || warned_ || !options_.address.base_url.starts_with("http:")) return;
        warned_ = true;
        reply.warnings.push_back(fmt::format("{} is not encrypted: the network in between can read prompts{}",
                                             options_.address.base_url,
                                             options_.api_key.empty() ? "" : " and the key"));
    }

    void update_facts() {
        facts_.context = notes_.context;
        facts_.parameters = notes_.parameters;
        facts_.fills = family_ != nullptr || notes_.fills != FillWay::unknown;
        facts_.native_tools =
            !notes_.refusals.tools && notes_.dialect.value_or(ToolDialect::native) == ToolDialect::native;
    }

    void remember() {
        update_facts();
        if (notes_ == saved_) return;
        saved_ = notes_;
        // What cannot be written down is found out again the next time.
        static_cast<void>(save_notes(options_.notes_dir, options_.address, notes_));
    }

    OpenAiOptions options_;
    Server server_;
    ChatExchange exchange_;
    Waiter& waiter_;
    Rng rng_;
    ServerNotes notes_;
    ServerNotes saved_;
    const fim::Template* family_;  ///< null: not known by the model's name
    ModelFacts facts_;
    std::int64_t num_ctx_ = 0;
    std::int64_t unread_tokens_ = 0;  ///< the smallest prompt whose front was seen not to be read; 0 none
    bool counted_ = false;
    bool missing_ = false;  ///< the server does not have what was asked of it last
    bool looked_ = false;
    bool asked_context_ = false;
    bool warned_ = false;
};

}  // namespace

std::unique_ptr<ServedModel> make_openai_model(net::HttpClient& http, OpenAiOptions options, const Clock& clock,
                                               Waiter& waiter) {
    return std::make_unique<OpenAiModel>(http, std::move(options), clock, waiter);
}

}  // namespace ec::model
