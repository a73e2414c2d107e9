#include "openai/chat_exchange.hpp"

#include <algorithm>
#include <charconv>
#include <ec/core/text.hpp>

#include "openai/fields.hpp"

namespace ec::model {
namespace {

constexpr std::size_t kLargestRefusal = 64U << 10;
constexpr std::size_t kLargestEvent = 4U << 20;
constexpr std::string_view kSpace = " \t\r\n";

// Reads the body of one answer piece by piece.
class AnswerStream {
public:
    AnswerStream(ReplyReader& reader, AnswerForm form, const Clock& clock, std::chrono::milliseconds patience)
        : reader_(reader), answer_(form), clock_(clock), patience_(patience), last_word_(clock.now()) {}

    Status head(const net::HttpResponse& response) {
        refused_ = response.status != 200;
        return {};
    }

    Status body(std::string_view bytes) {
        if (satisfied()) return {};
        if (refused_) {
            refusal.append(bytes.substr(0, kLargestRefusal - std::min(kLargestRefusal, refusal.size())));
            return {};
        }
        EC_TRY(answer_ == AnswerForm::ollama ? lines(bytes) : events_or_document(bytes));
        if (clock_.now() - last_word_ > patience_) {
            return fail(ErrorCode::timeout, "the server sends signs of life but no answer");
        }
        return {};
    }

    /// A whole document is read when it has come.
    Status finish() {
        if (refused_ || satisfied()) return {};
        if (!held_.empty() && (answer_ == AnswerForm::ollama || form_ == Form::document))
            return take(std::exchange(held_, {}));
        return {};
    }

    [[nodiscard]] bool satisfied() const { return done_ || reader_.too_long() || reader_.complaint(); }

    std::string refusal;

private:
    enum class Form { unknown, events, document };

    Status take(std::string_view text) {
        auto object = parse_object(text);
        if (!object) return fail(ErrorCode::corrupt, "the server's answer is not the JSON it should be");
        last_word_ = clock_.now();
        reader_.take(answer_, *object);
        return {};
    }

    Status lines(std::string_view bytes) {
        for (;;) {
            const std::size_t end = bytes.find('\n');
            held_ += bytes.substr(0, end);
            if (held_.size() > kLargestEvent) return fail(ErrorCode::too_large, "the server sent an endless line");
            if (end == std::string_view::npos) return {};
            bytes.remove_prefix(end + 1);
            const std::string line = std::exchange(held_, {});
            if (!trim(line).empty()) EC_TRY(take(line));
            done_ = reader_.ended();
            if (satisfied()) return {};
        }
    }

    // A server that does not stream sends one JSON document whatever it calls it.
    Status events_or_document(std::string_view bytes) {
        if (form_ == Form::unknown) {
            held_ += bytes;
            const std::size_t first = held_.find_first_not_of(kSpace);
            if (first == std::string::npos) return {};
            form_ = held_[first] == '{' || held_[first] == '[' ? Form::document : Form::events;
            return form_ == Form::document ? Status{} : events(std::exchange(held_, {}));
        }
        if (form_ == Form::events) return events(bytes);
        held_ += bytes;
        return {};
    }

    Status events(std::string_view bytes) {
        EC_ASSIGN(const auto events, parser_.feed(bytes));
        for (const net::SseParser::Event& event : events) {
            const std::string_view data = trim(event.data);
            if (data == "[DONE]") {
                reader_.take_end();
                done_ = true;
            } else if (!data.empty()) {
                EC_TRY(take(data));
                done_ = answer_ == AnswerForm::llama && reader_.ended();  // it has no other end mark
            }
            if (satisfied()) return {};
        }
        return {};
    }

    ReplyReader& reader_;
    AnswerForm answer_;
    const Clock& clock_;
    std::chrono::milliseconds patience_;
    std::chrono::nanoseconds last_word_;
    bool refused_ = false;
    bool done_ = false;
    Form form_ = Form::unknown;
    std::string held_;
    net::SseParser parser_{kLargestEvent};
};

// RFC 9110 section 10.2.3, in seconds; a date is as good as none, because clocks differ.
std::chrono::milliseconds retry_after(const net::HttpResponse& response) {
    const std::string text = response.header("retry-after");
    unsigned seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
    return std::chrono::seconds(std::min(seconds, 86'400U));
}

}  // namespace

bool is_passing(std::int64_t status) { return status == 429 || status == 408 || (status >= 500 && status != 501); }

TryOutcome ChatExchange::run(const net::HttpRequest& request, ReplyReader& reader, AnswerForm form,
                             std::stop_token stop) {
    AnswerStream stream(reader, form, clock_, patience_);
    net::ResponseSink sink;
    sink.on_head = [&](const net::HttpResponse& head) { return stream.head(head); };
    sink.on_body = [&](std::string_view bytes) { return stream.body(bytes); };
    sink.satisfied = [&] { return stream.satisfied(); };
    const auto response = server_.send(request, sink, std::move(stop));
    TryOutcome outcome;
    outcome.counted = reader.counted();
    if (!response) {
        const ErrorCode code = response.error().code;
        const bool broke = code == ErrorCode::io || code == ErrorCode::timeout;
        if (broke && reader.ended()) {  // what was missing is only the end of the transfer
            outcome.reply = reader.finish();
            return outcome;
        }
        outcome.reply = fail(response.error());
        outcome.may_repeat = code == ErrorCode::io && !reader.begun();
        return outcome;
    }
    if (response->status != 200) {
        outcome.reply = fail(ErrorCode::unavailable, "the server refused");
        outcome.status = response->status;
        outcome.body = std::move(stream.refusal);
        outcome.may_repeat = is_passing(response->status);
        outcome.retry_after = retry_after(*response);
        return outcome;
    }
    if (const Status status = stream.finish(); !status) {
        outcome.reply = fail(status.error());
        return outcome;
    }
    outcome.counted = reader.counted();
    if (const auto& complaint = reader.complaint()) {
        outcome.reply = fail(ErrorCode::unavailable, "the server gave up");
        outcome.status =
            static_cast<int>(complaint->status >= 300 && complaint->status < 600 ? complaint->status : 500);
        outcome.body = complaint->message;
        outcome.may_repeat = !reader.begun() && is_passing(outcome.status);
        return outcome;
    }
    outcome.reply = reader.finish();
    return outcome;
}

}  // namespace ec::model
