#include "openai/reply_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>

#include "openai/fields.hpp"

namespace ec::model {
namespace {

constexpr std::size_t kMostCalls = 128;
constexpr std::size_t kLongestWords = 300;

std::chrono::milliseconds from_nanoseconds(std::int64_t ns) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::nanoseconds(ns));
}

bool is_string(const json::Value& value) { return value.is_string(); }
bool is_object(const json::Value& value) { return value.is_object(); }
bool is_array(const json::Value& value) { return value.is_array(); }
bool is_content(const json::Value& value) { return value.is_string() || value.is_array(); }

/// Whether `key` holds something, of a kind that it never has.
bool is_other(const json::Object& object, std::string_view key, bool (*may_be)(const json::Value&)) {
    const json::Value* value = object.if_contains(key);
    return value != nullptr && !value->is_null() && !may_be(*value);
}

// A string, or an array of parts with texts.
std::string content_text(const json::Object& message) {
    if (const json::Array* parts = array_at(message, "content")) {
        std::string text;
        for (const json::Value& part : *parts) {
            if (const json::Object* object = part.if_object()) text += text_at(*object, "text");
        }
        return text;
    }
    return std::string(text_at(message, "content"));
}

std::string find_words(const json::Value& value) {
    if (value.is_string()) return std::string(value.get_string());
    if (const json::Array* array = value.if_array()) return array->empty() ? "" : find_words(array->front());
    const json::Object* object = value.if_object();
    if (object == nullptr) return {};
    for (const char* key : {"error", "message", "detail", "msg", "title"}) {
        const json::Value* inner = object->if_contains(key);
        if (inner == nullptr) continue;
        if (std::string words = find_words(*inner); !words.empty()) return words;
    }
    return {};
}

// The object that arguments are, also where they were encoded twice; nothing when they are none.
std::optional<json::Object> parse_arguments(const std::string& text) {
    if (trim(text).empty()) return json::Object();
    auto value = json::parse(is_valid_utf8(text) ? text : to_valid_utf8(text));
    if (value && value->is_string()) {
        auto inner = json::parse(std::string_view(value->get_string()));
        value = std::move(inner);
    }
    if (!value) return std::nullopt;
    if (value->is_null()) return json::Object();
    if (!value->is_object()) return std::nullopt;
    return std::move(value->get_object());
}

}  // namespace

std::string complaint_words(std::string_view body) {
    std::string words;
    if (const auto value = json::parse(to_valid_utf8(body))) words = find_words(*value);
    if (words.empty()) words = to_valid_utf8(body.substr(0, 4 * kLongestWords));
    for (char& c : words) {
        if ((c >= 0 && c < 0x20) || c == 0x7f) c = ' ';
    }
    return ellipsize(trim(words), kLongestWords);
}

void ReplyReader::take(AnswerForm form, const json::Object& piece) {
    switch (form) {
        case AnswerForm::openai:
            return take_openai(piece);
        case AnswerForm::ollama:
            return take_ollama(piece);
        case AnswerForm::llama:
            return take_llama(piece);
    }
}

void ReplyReader::take_openai(const json::Object& piece) {
    if (take_complaint(piece)) return;
    if (const json::Object* usage = object_at(piece, "usage")) take_usage(*usage);
    if (const json::Object* timings = object_at(piece, "timings")) take_timings(*timings);
    malformed_ = malformed_ || is_other(piece, "choices", is_array);
    const json::Array* choices = array_at(piece, "choices");
    if (choices == nullptr) return;
    for (const json::Value& value : *choices) {
        const json::Object* choice = value.if_object();
        if (choice == nullptr || integer_at(*choice, "index") != 0) continue;
        const json::Object* message = object_at(*choice, "delta");
        if (message == nullptr) message = object_at(*choice, "message");
        malformed_ = malformed_ || is_other(*choice, "delta", is_object) || is_other(*choice, "message", is_object);
        if (message != nullptr) take_message(*message);
        take_text(text_at(*choice, "text"));  // of a completion without roles
        take_reason(text_at(*choice, "finish_reason"));
    }
}

void ReplyReader::take_ollama(const json::Object& line) {
    if (take_complaint(line)) return;
    malformed_ = malformed_ || is_other(line, "message", is_object);
    if (const json::Object* message = object_at(line, "message")) take_message(*message);
    take_text(text_at(line, "response"));  // of a completion without roles
    const json::Value* done = line.if_contains("done");
    if (done == nullptr || !done->is_bool() || !done->get_bool()) return;
    const std::string_view reason = text_at(line, "done_reason");
    take_reason(reason.empty() ? "stop" : reason);
    ended_ = true;
    counted_ = line.contains("prompt_eval_count");
    reply_.usage.prompt_tokens = integer_at(line, "prompt_eval_count");
    reply_.usage.completion_tokens = integer_at(line, "eval_count");
    reply_.usage.prompt_time = from_nanoseconds(integer_at(line, "prompt_eval_duration"));
    reply_.usage.completion_time = from_nanoseconds(integer_at(line, "eval_duration"));
}

void ReplyReader::take_llama(const json::Object& piece) {
    if (take_complaint(piece)) return;
    malformed_ = malformed_ || is_other(piece, "content", is_string);
    take_text(text_at(piece, "content"));
    const json::Value* stop = piece.if_contains("stop");
    if (stop == nullptr || !stop->is_bool() || !stop->get_bool()) return;
    take_reason(text_at(piece, "stop_type") == "limit" ? "length" : "stop");
    counted_ = piece.contains("tokens_evaluated");
    reply_.usage.prompt_tokens = integer_at(piece, "tokens_evaluated");
    reply_.usage.completion_tokens = integer_at(piece, "tokens_predicted");
    if (const json::Object* timings = object_at(piece, "timings")) take_timings(*timings);
}

void ReplyReader::take_text(std::string_view text) {
    if (text.empty()) return;
    if (as_it_is_) return say(Delta::Kind::text, text, reply_.text);
    say(splitter_.put(text));
}

bool ReplyReader::take_complaint(const json::Object& piece) {
    const json::Value* error = piece.if_contains("error");
    if (error == nullptr || error->is_null()) return false;
    ServerComplaint complaint;
    complaint.message = complaint_words(json::write(json::Value(piece)));
    if (const json::Object* object = error->if_object()) {
        complaint.status = integer_at(*object, "code", integer_at(*object, "status"));
    }
    complaint_ = std::move(complaint);
    return true;
}

void ReplyReader::take_message(const json::Object& message) {
    for (const char* key : {"reasoning_content", "reasoning", "thinking"}) {
        const std::string_view thinking = text_at(message, key);
        if (thinking.empty()) continue;
        say(Delta::Kind::thinking, thinking, reply_.thinking);
        break;  // the same words under several names
    }
    malformed_ = malformed_ || is_other(message, "content", is_content) || is_other(message, "tool_calls", is_array);
    take_text(content_text(message));
    if (const json::Array* calls = array_at(message, "tool_calls")) take_calls(*calls);
    if (const json::Object* function = object_at(message, "function_call")) {
        if (calls_.empty()) calls_.emplace_back();
        take_function(calls_.front(), *function);
    }
}

void ReplyReader::take_calls(const json::Array& calls) {
    for (const json::Value& value : calls) {
        const json::Object* call = value.if_object();
        if (call == nullptr) continue;
        Piecemeal& taken = call_at(*call);
        if (const std::string_view id = text_at(*call, "id"); !id.empty()) taken.id = id;
        if (const json::Object* function = object_at(*call, "function")) take_function(taken, *function);
    }
}

// Pieces of a call have its index. Where servers leave that out, or say 0 for every call, a new id begins a new call,
// and so does a whole function without either.
ReplyReader::Piecemeal& ReplyReader::call_at(const json::Object& call) {
    const std::string_view id = text_at(call, "id");
    const json::Object* function = object_at(call, "function");
    const bool named = function != nullptr && !text_at(*function, "name").empty();
    const std::int64_t index = integer_at(call, "index", -1);
    const auto same = [&](const Piecemeal& known) {
        if (!id.empty() && !known.id.empty() && named) return known.id == id && known.index == index;
        return index >= 0 ? known.index == index : !named;
    };
    const auto found = std::find_if(calls_.rbegin(), calls_.rend(), same);
    if (found != calls_.rend()) return *found;
    if (calls_.size() == kMostCalls) return calls_.back();
    calls_.emplace_back().index = index;
    return calls_.back();
}

void ReplyReader::take_function(Piecemeal& call, const json::Object& function) {
    begun_ = true;
    if (const std::string_view name = text_at(function, "name"); call.name != name)
        call.name += name;  // some repeat it
    const json::Value* arguments = function.if_contains("arguments");
    if (arguments == nullptr || arguments->is_null()) return;
    const std::string text = arguments->is_string() ? std::string(arguments->get_string()) : json::write(*arguments);
    bytes_ += text.size();
    call.arguments += text;
}

void ReplyReader::take_usage(const json::Object& usage) {
    reply_.usage.prompt_tokens = integer_at(usage, "prompt_tokens", reply_.usage.prompt_tokens);
    reply_.usage.completion_tokens = integer_at(usage, "completion_tokens", reply_.usage.completion_tokens);
    counted_ = counted_ || reply_.usage.prompt_tokens > 0;
    if (const json::Object* details = object_at(usage, "prompt_tokens_details")) {
        reply_.usage.cached_tokens = integer_at(*details, "cached_tokens", reply_.usage.cached_tokens);
    }
}

// llama-server's measurements.
void ReplyReader::take_timings(const json::Object& timings) {
    reply_.usage.prompt_time = std::chrono::milliseconds(integer_at(timings, "prompt_ms"));
    reply_.usage.completion_time = std::chrono::milliseconds(integer_at(timings, "predicted_ms"));
    reply_.usage.cached_tokens = integer_at(timings, "cache_n", reply_.usage.cached_tokens);
}

void ReplyReader::take_reason(std::string_view reason) {
    if (reason.empty()) return;
    ended_ = true;
    cut_ = reason == "length" || reason == "max_tokens";
    if (reason == "content_filter") reply_.warnings.emplace_back("the server's content filter ended the answer");
}

void ReplyReader::say(const ThinkSplitter::Pieces& pieces) {
    say(Delta::Kind::thinking, pieces.thinking, reply_.thinking);
    say(Delta::Kind::text, pieces.text, reply_.text);
}

void ReplyReader::say(Delta::Kind kind, std::string_view text, std::string& into) {
    if (text.empty()) return;
    begun_ = true;
    bytes_ += text.size();
    into += text;
    if (on_delta_) on_delta_(Delta{kind, text, 0});
}

Result<ChatReply> ReplyReader::finish() {
    say(splitter_.finish());
    // Where the prompt's template opened the thinking, only its end is in the text.
    if (const std::size_t close = reply_.text.find("</think>");
        !as_it_is_ && reply_.thinking.empty() && close != std::string::npos) {
        reply_.thinking = reply_.text.substr(0, close);
        reply_.text.erase(0, close + std::string_view("</think>").size());
    }
    if (!as_it_is_ && !reply_.thinking.empty())
        reply_.text.erase(0, std::min(reply_.text.find_first_not_of("\r\n"), reply_.text.size()));
    if (!begun_ && malformed_) return fail(ErrorCode::corrupt, "the server's answer has not the form of one");
    if (!begun_ && !ended_) return fail(ErrorCode::corrupt, "the server sent no answer");
    settle_calls();
    if (too_long()) {
        cut_ = true;
        reply_.warnings.emplace_back("the model wrote far more than it was asked to and was cut off");
    } else if (!ended_) {
        cut_ = true;
        reply_.warnings.emplace_back("the answer came without its end mark and may be cut off");
    }
    reply_.finish = cut_ ? Finish::length : reply_.calls.empty() ? Finish::stop : Finish::tool_calls;
    return std::move(reply_);
}

void ReplyReader::settle_calls() {
    for (Piecemeal& call : calls_) {
        if (auto arguments = parse_arguments(call.arguments); arguments && !call.name.empty()) {
            reply_.calls.push_back({unique_id(call.id), std::move(call.name), *std::move(arguments)});
            continue;
        }
        if (!reply_.text.empty()) reply_.text += "\n";
        reply_.text += fmt::format("{{\"name\": {}, \"arguments\": {}}}", json::write(json::Value(call.name)),
                                   to_valid_utf8(call.arguments));
    }
}

std::string ReplyReader::unique_id(const std::string& wanted) {
    std::string id = wanted;
    for (std::size_t i = taken_.size(); id.empty() || std::ranges::find(taken_, id) != taken_.end(); ++i) {
        id = fmt::format("call_{}", i + 1);
    }
    taken_.push_back(id);
    return id;
}

}  // namespace ec::model
