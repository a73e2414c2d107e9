#include "protocol.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <ec/json/json.hpp>
#include <utility>

namespace ec::model::embedded {
namespace {

template <class... Fs>
struct Overloaded : Fs... {
    using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

json::Array texts(const std::vector<std::string>& values) {
    json::Array array;
    for (const std::string& value : values) array.emplace_back(value);
    return array;
}

template <class T>
json::Array numbers(const std::vector<T>& values) {
    json::Array array;
    for (const T value : values) array.emplace_back(static_cast<double>(value));
    return array;
}

json::Array calls_of(const std::vector<ToolCall>& calls) {
    json::Array array;
    for (const ToolCall& call : calls) {
        array.emplace_back(json::Object{{"id", call.id}, {"name", call.name}, {"arguments", call.arguments}});
    }
    return array;
}

constexpr std::array kChoices{ToolChoice::automatic, ToolChoice::none, ToolChoice::required};

std::string_view choice_name(ToolChoice choice) {
    switch (choice) {
        case ToolChoice::none:
            return "none";
        case ToolChoice::required:
            return "required";
        case ToolChoice::automatic:
            break;
    }
    return "automatic";
}

void add(json::Object& out, const Sampling& sampling) {
    out["temperature"] = sampling.temperature;
    out["top_p"] = sampling.top_p;
    out["seed"] = static_cast<std::int64_t>(sampling.seed);
    out["max_tokens"] = sampling.max_tokens;
    out["stop"] = texts(sampling.stop);
}

json::Object object(const Load& load) {
    return {{"type", "load"},
            {"file", load.file},
            {"threads", load.threads},
            {"context", load.context},
            {"memory_bytes", load.memory_bytes},
            {"gpu_layers", load.gpu_layers},
            {"quantised_cache", load.quantised_cache},
            {"embeddings", load.embeddings},
            {"cache_dir", load.cache_dir},
            {"cache_bytes", load.cache_bytes}};
}

json::Object object(const Chat& chat) {
    json::Array messages;
    for (const Message& message : chat.request.messages) {
        messages.emplace_back(json::Object{{"role", name(message.role)},
                                           {"text", message.text},
                                           {"calls", calls_of(message.calls)},
                                           {"call_id", message.call_id}});
    }
    json::Array tools;
    for (const ToolSpec& tool : chat.request.tools) {
        tools.emplace_back(
            json::Object{{"name", tool.name}, {"description", tool.description}, {"parameters", tool.parameters}});
    }
    json::Object out{{"type", "chat"},
                     {"id", chat.id},
                     {"n", chat.n},
                     {"messages", messages},
                     {"tools", tools},
                     {"tool_choice", choice_name(chat.request.tool_choice)},
                     {"must_call", chat.request.must_call},
                     {"response_schema", chat.request.response_schema},
                     {"likely_text", chat.request.likely_text}};
    add(out, chat.request.sampling);
    return out;
}

json::Object object(const Text& text) {
    json::Array neighbours;
    for (const Excerpt& neighbour : text.request.neighbours) {
        neighbours.emplace_back(json::Object{{"path", neighbour.path}, {"text", neighbour.text}});
    }
    json::Object out{{"type", "text"},
                     {"id", text.id},
                     {"prompt", text.request.prompt},
                     {"gap", text.request.suffix.has_value()},
                     {"suffix", text.request.suffix.value_or("")},
                     {"path", text.request.path},
                     {"neighbours", neighbours}};
    add(out, text.request.sampling);
    return out;
}

json::Object object(const Reply& answer) {
    const ChatReply& reply = answer.reply;
    const Usage& usage = reply.usage;
    return {{"type", "reply"},
            {"id", answer.id},
            {"index", answer.index},
            {"text", reply.text},
            {"thinking", reply.thinking},
            {"length", reply.finish == Finish::length},
            {"prompt_tokens", usage.prompt_tokens},
            {"cached_tokens", usage.cached_tokens},
            {"completion_tokens", usage.completion_tokens},
            {"prompt_ms", usage.prompt_time.count()},
            {"completion_ms", usage.completion_time.count()},
            {"warnings", texts(reply.warnings)}};
}

Result<Role> role_named(const std::string& text) {
    for (const Role role : {Role::system, Role::user, Role::assistant, Role::tool}) {
        if (name(role) == text) return role;
    }
    return fail(ErrorCode::corrupt, "no such role: " + text);
}

Result<Message> read_message(const json::Value& value) {
    json::Reader in(value, "message");
    Message message;
    EC_ASSIGN(message.role, role_named(in.string("role")));
    message.text = in.string("text");
    message.call_id = in.string("call_id");
    for (const json::Value& element : in.array("calls")) {
        json::Reader call(element, "call");
        message.calls.push_back({call.string("id"), call.string("name"), call.object("arguments")});
        EC_TRY(call.status());
    }
    EC_TRY(in.status());
    return message;
}

/// Looks at the bytes only, before anything is made of them.
bool holds_more_values(std::string_view frame, std::size_t most) {
    std::size_t values = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < frame.size(); ++i) {
        const char c = frame[i];
        if (quoted && c == '\\') {
            ++i;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && (c == ',' || c == '[' || c == '{') && ++values > most) {
            return true;
        }
    }
    return false;
}

Result<ToHost> read_embed(json::Reader& in) {
    if (in.array("texts").size() > kMostTexts) return fail(ErrorCode::too_large, "too many texts in one request");
    Embed embed{in.integer("id"), in.strings("texts")};
    EC_TRY(in.status());
    return embed;
}

Sampling read_sampling(json::Reader& in) {
    Sampling sampling;
    sampling.temperature = in.number("temperature");
    sampling.top_p = in.number("top_p", 1);
    sampling.seed = static_cast<std::uint64_t>(in.integer("seed"));
    sampling.max_tokens = static_cast<int>(std::clamp<std::int64_t>(in.integer("max_tokens"), 0, 1 << 30));
    sampling.stop = in.strings("stop");
    return sampling;
}

Result<ToHost> read_text(json::Reader& in) {
    Text text;
    if (in.array("neighbours").size() > kMostNeighbours) {
        return fail(ErrorCode::too_large, "a gap may have at most 4096 neighbours");
    }
    text.id = in.integer("id");
    text.request.prompt = in.string("prompt");
    std::string suffix = in.string("suffix");
    if (in.boolean("gap")) text.request.suffix = std::move(suffix);
    text.request.path = in.string("path");
    for (const json::Value& value : in.array("neighbours")) {
        json::Reader neighbour(value, "neighbour");
        text.request.neighbours.push_back({neighbour.string("path"), neighbour.string("text")});
        EC_TRY(neighbour.status());
    }
    text.request.sampling = read_sampling(in);
    EC_TRY(in.status());
    return text;
}

Result<ToHost> read_chat(json::Reader& in) {
    Chat chat;
    if (in.array("messages").size() > kMostMessages) {
        return fail(ErrorCode::too_large, "a conversation may have at most 10000 messages");
    }
    chat.id = in.integer("id");
    const std::int64_t n = in.integer("n", 1);
    for (const json::Value& value : in.array("messages")) {
        EC_ASSIGN(Message message, read_message(value));
        chat.request.messages.push_back(std::move(message));
    }
    for (const json::Value& value : in.array("tools")) {
        json::Reader tool(value, "tool");
        chat.request.tools.push_back({tool.string("name"), tool.string("description"), tool.string("parameters")});
        EC_TRY(tool.status());
    }
    const std::string choice = in.string("tool_choice", "automatic");
    for (const ToolChoice known : kChoices) {
        if (choice == choice_name(known)) chat.request.tool_choice = known;
    }
    chat.request.must_call = in.string("must_call");
    chat.request.response_schema = in.string("response_schema");
    chat.request.sampling = read_sampling(in);
    chat.request.likely_text = in.string("likely_text");
    EC_TRY(in.status());
    if (n < 1 || n > kMostSamples)
        return fail(ErrorCode::invalid_argument, "between 1 and 256 samples can be asked for");
    if (chat.request.messages.empty()) return fail(ErrorCode::invalid_argument, "a request needs a message");
    chat.n = static_cast<unsigned>(n);
    return chat;
}

Result<ToHost> read_load(json::Reader& in) {
    Load load;
    load.file = in.string("file");
    load.threads = in.integer("threads");
    load.context = in.integer("context");
    load.memory_bytes = in.integer("memory_bytes");
    load.gpu_layers = in.integer("gpu_layers", -1);
    load.quantised_cache = in.boolean("quantised_cache");
    load.embeddings = in.boolean("embeddings");
    load.cache_dir = in.string("cache_dir");
    load.cache_bytes = in.integer("cache_bytes");
    EC_TRY(in.status());
    if (load.file.empty()) return fail(ErrorCode::invalid_argument, "no model file was named");
    if (load.threads < 0 || load.threads > 512) {
        return fail(ErrorCode::invalid_argument, "a model runs on 1 to 512 threads");
    }
    if (load.context < 0 || load.context > (std::int64_t{1} << 24) || load.memory_bytes < 0 || load.cache_bytes < 0) {
        return fail(ErrorCode::invalid_argument, "sizes of a model must not be negative or beyond all reason");
    }
    load.gpu_layers = std::clamp<std::int64_t>(load.gpu_layers, -1, 100000);
    return load;
}

Result<FromHost> read_reply(json::Reader& in) {
    Reply answer;
    answer.id = in.integer("id");
    answer.index = static_cast<unsigned>(std::clamp<std::int64_t>(in.integer("index"), 0, kMostSamples));
    ChatReply& reply = answer.reply;
    reply.text = in.string("text");
    reply.thinking = in.string("thinking");
    reply.finish = in.boolean("length") ? Finish::length : Finish::stop;
    reply.usage = {in.integer("prompt_tokens"), in.integer("cached_tokens"), in.integer("completion_tokens"),
                   std::chrono::milliseconds(in.integer("prompt_ms")),
                   std::chrono::milliseconds(in.integer("completion_ms"))};
    reply.warnings = in.strings("warnings");
    EC_TRY(in.status());
    return answer;
}

Result<std::vector<double>> read_numbers(const json::Array& array) {
    std::vector<double> values;
    values.reserve(array.size());
    for (const json::Value& value : array) {
        if (!value.is_number()) return fail(ErrorCode::corrupt, "a number was expected");
        const double number = value.to_number<double>();
        if (!std::isfinite(number)) return fail(ErrorCode::corrupt, "a finite number was expected");
        values.push_back(number);
    }
    return values;
}

Result<FromHost> read_vectors(json::Reader& in) {
    Vectors answer;
    answer.id = in.integer("id");
    for (const json::Value& value : in.array("vectors")) {
        if (!value.is_array()) return fail(ErrorCode::corrupt, "a vector was expected");
        EC_ASSIGN(const std::vector<double> row, read_numbers(value.get_array()));
        std::vector<float>& vector = answer.vectors.emplace_back();
        vector.reserve(row.size());
        for (const double number : row) vector.push_back(static_cast<float>(number));
    }
    EC_TRY(in.status());
    return answer;
}

Result<FromHost> read_loaded(json::Reader& in) {
    Loaded loaded;
    loaded.context = in.integer("context");
    loaded.parameters = in.integer("parameters");
    loaded.width = in.integer("width");
    loaded.fills = in.boolean("fills");
    EC_ASSIGN(loaded.batch_cost, read_numbers(in.array("batch_cost")));
    loaded.warnings = in.strings("warnings");
    EC_TRY(in.status());
    return loaded;
}

Result<FromHost> read_failed(json::Reader& in) {
    Failed failed;
    failed.id = in.integer("id");
    const std::string code = in.string("code");
    for (int i = 0; i <= static_cast<int>(ErrorCode::internal); ++i) {
        if (name(static_cast<ErrorCode>(i)) == code) failed.error.code = static_cast<ErrorCode>(i);
    }
    failed.error.message = in.string("message");
    failed.error.remedy = in.string("remedy");
    EC_TRY(in.status());
    return failed;
}

}  // namespace

std::string encode(const ToHost& message) {
    const json::Object frame = std::visit(
        Overloaded{[](const Hello& hello) { return json::Object{{"type", "hello"}, {"version", hello.version}}; },
                   [](const Load& load) { return object(load); }, [](const Chat& chat) { return object(chat); },
                   [](const Text& text) { return object(text); },
                   [](const Embed& embed) {
                       return json::Object{{"type", "embed"}, {"id", embed.id}, {"texts", texts(embed.texts)}};
                   },
                   [](const Cancel& cancel) { return json::Object{{"type", "cancel"}, {"id", cancel.id}}; },
                   [](const Pause&) { return json::Object{{"type", "pause"}}; },
                   [](const Resume&) { return json::Object{{"type", "resume"}}; }},
        message);
    return json::write(frame);
}

std::string encode(const FromHost& message) {
    const json::Object frame = std::visit(
        Overloaded{
            [](const Welcome& welcome) { return json::Object{{"type", "welcome"}, {"version", welcome.version}}; },
            [](const Loaded& loaded) {
                return json::Object{{"type", "loaded"},
                                    {"context", loaded.context},
                                    {"parameters", loaded.parameters},
                                    {"width", loaded.width},
                                    {"fills", loaded.fills},
                                    {"batch_cost", numbers(loaded.batch_cost)},
                                    {"warnings", texts(loaded.warnings)}};
            },
            [](const Progress& progress) {
                return json::Object{{"type", "progress"}, {"id", progress.id}, {"share", progress.share}};
            },
            [](const Chunk& chunk) {
                return json::Object{
                    {"type", "chunk"}, {"id", chunk.id}, {"thinking", chunk.thinking}, {"text", chunk.text}};
            },
            [](const Reply& reply) { return object(reply); },
            [](const Vectors& vectors) {
                json::Array rows;
                for (const std::vector<float>& row : vectors.vectors) rows.emplace_back(numbers(row));
                return json::Object{{"type", "vectors"}, {"id", vectors.id}, {"vectors", std::move(rows)}};
            },
            [](const Done& done) { return json::Object{{"type", "done"}, {"id", done.id}}; },
            [](const Failed& failed) {
                return json::Object{{"type", "failed"},
                                    {"id", failed.id},
                                    {"code", name(failed.error.code)},
                                    {"message", failed.error.message},
                                    {"remedy", failed.error.remedy}};
            }},
        message);
    return json::write(frame);
}

Result<ToHost> decode_to_host(std::string_view frame) {
    if (holds_more_values(frame, kMostValues)) return fail(ErrorCode::too_large, "a request of too many parts");
    EC_ASSIGN(const json::Value value, json::parse(frame));
    json::Reader in(value, "request");
    const std::string type = in.string("type");
    EC_TRY(in.status());
    if (type == "load") return read_load(in);
    if (type == "chat") return read_chat(in);
    if (type == "text") return read_text(in);
    if (type == "cancel") {
        const Cancel cancel{in.integer("id")};
        EC_TRY(in.status());
        return cancel;
    }
    if (type == "embed") return read_embed(in);
    if (type == "hello") {
        const Hello hello{in.integer("version")};
        EC_TRY(in.status());
        return hello;
    }
    if (type == "pause") return Pause{};
    if (type == "resume") return Resume{};
    return fail(ErrorCode::corrupt, "no such request: " + type);
}

Result<FromHost> decode_from_host(std::string_view frame) {
    EC_ASSIGN(const json::Value value, json::parse(frame));
    json::Reader in(value, "answer");
    const std::string type = in.string("type");
    EC_TRY(in.status());
    if (type == "loaded") return read_loaded(in);
    if (type == "reply") return read_reply(in);
    if (type == "vectors") return read_vectors(in);
    if (type == "failed") return read_failed(in);
    if (type == "progress") {
        const Progress progress{in.integer("id"), std::clamp(in.number("share"), 0.0, 1.0)};
        EC_TRY(in.status());
        return progress;
    }
    if (type == "chunk") {
        Chunk chunk{in.integer("id"), in.boolean("thinking"), in.string("text")};
        EC_TRY(in.status());
        return chunk;
    }
    if (type == "welcome") {
        const Welcome welcome{in.integer("version")};
        EC_TRY(in.status());
        return welcome;
    }
    if (type == "done") {
        const Done done{in.integer("id")};
        EC_TRY(in.status());
        return done;
    }
    return fail(ErrorCode::corrupt, "no such answer: " + type);
}

}  // namespace ec::model::embedded
