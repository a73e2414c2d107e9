// The answer of a chat server, put together from its pieces while they are passed on.
//
// One ReplyReader per answer. It takes the objects of a stream, or the one object of a server that does not stream, in
// OpenAI's shape or Ollama's, and is lenient in everything that servers are known to differ in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ec/model/chat.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ec::model {

/// Takes <think>…</think> out of a text that comes in pieces, where it stands at the front.
class ThinkSplitter {
public:
    struct Pieces {
        std::string thinking;
        std::string text;
    };
    Pieces put(std::string_view piece);
    /// What is still held back when the text ends.
    Pieces finish();

private:
    enum class State { front, thinking, text };
    State state_ = State::front;
    std::string held_;
};

/// In which shape an answer comes: OpenAI's events or document, Ollama's lines, llama-server's own events.
enum class AnswerForm { openai, ollama, llama };

/// What a server said instead of an answer, in the middle of one.
struct ServerComplaint {
    std::int64_t status = 0;  ///< as an HTTP status, 0 unknown
    std::string message;
};

class ReplyReader {
public:
    /// `taken` ids are in the conversation already; `text_limit` bounds text and thinking together, in bytes.
    ReplyReader(const OnDelta& on_delta, std::vector<std::string> taken, std::size_t text_limit)
        : on_delta_(on_delta), taken_(std::move(taken)), text_limit_(text_limit) {}

    /// What comes goes on with a text: tags of thinking in it are text as well.
    void take_as_it_is() { as_it_is_ = true; }

    void take(AnswerForm form, const json::Object& piece);
    /// A piece of a stream or a whole answer, https://platform.openai.com/docs/api-reference/chat-streaming.
    void take_openai(const json::Object& piece);
    /// A line of Ollama's stream, https://github.com/ollama/ollama/blob/main/docs/api.md.
    void take_ollama(const json::Object& line);
    /// Of llama-server's /infill,
    /// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md#post-completion-given-a-prompt-it-returns-the-predicted-completion
    void take_llama(const json::Object& piece);
    /// "[DONE]"
    void take_end() { ended_ = true; }

    [[nodiscard]] bool ended() const { return ended_; }
    /// Something of the answer has come: trying again would say it twice.
    [[nodiscard]] bool begun() const { return begun_; }
    [[nodiscard]] bool too_long() const { return bytes_ > text_limit_; }
    [[nodiscard]] bool counted() const { return counted_; }
    [[nodiscard]] const std::optional<ServerComplaint>& complaint() const { return complaint_; }

    /// The answer; `corrupt` when there was none. Calls whose arguments are no JSON object are left in the text as
    /// {"name":…,"arguments":…} for whoever repairs calls.
    Result<ChatReply> finish();

private:
    struct Piecemeal {
        std::int64_t index = 0;
        std::string id;
        std::string name;
        std::string arguments;  ///< JSON as text
    };

    void take_text(std::string_view text);
    bool take_complaint(const json::Object& piece);
    void take_message(const json::Object& message);
    void take_calls(const json::Array& calls);
    void take_function(Piecemeal& call, const json::Object& function);
    void take_usage(const json::Object& usage);
    void take_timings(const json::Object& timings);
    void take_reason(std::string_view reason);
    Piecemeal& call_at(const json::Object& call);
    void say(const ThinkSplitter::Pieces& pieces);
    void say(Delta::Kind kind, std::string_view text, std::string& into);
    std::string unique_id(const std::string& wanted);
    void settle_calls();

    const OnDelta& on_delta_;
    std::vector<std::string> taken_;
    std::size_t text_limit_;
    std::size_t bytes_ = 0;
    bool as_it_is_ = false;
    bool ended_ = false;
    bool begun_ = false;
    bool counted_ = false;
    bool malformed_ = false;  ///< a part is of a type that no server sends
    bool cut_ = false;
    std::optional<ServerComplaint> complaint_;
    ThinkSplitter splitter_;
    std::vector<Piecemeal> calls_;
    ChatReply reply_;
};

/// Words of an error in whatever shape servers put it: {"error":{"message"}}, {"error":""}, {"detail"}, plain text. At
/// most a few hundred bytes on one line.
std::string complaint_words(std::string_view body);

}  // namespace ec::model
