// The model port: a conversation goes in, the model's next message comes out, streamed while it is made.
//
// A request is a value and holds the whole conversation. An adapter recognises the part it has seen before by itself
// and evaluates only what is new, so callers only ever append; nothing that changes from turn to turn may stand before
// something that does not.
//
// Threads: one call at a time per ChatModel; the stop token may fire on any thread and ends a call within 100 ms, also
// while the prompt is still being read. Errors: `unavailable` when nobody answers, a server goes silent, sends nonsense
// or cannot, or a file cannot be loaded, `denied` when the server refuses us, `not_found` for a model it does not have,
// `cancelled`; from models that run here `too_large` and `corrupt`: the prompt does not fit, the answer is none.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/json/json.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace ec::model {

enum class Role { system, user, assistant, tool };
std::string_view name(Role role);

struct ToolCall {
    std::string id;    ///< the server's own, or one made here; unique within a conversation
    std::string name;  ///< as the model wrote it
    json::Object arguments;
    bool operator==(const ToolCall&) const = default;
};

struct Message {
    Role role = Role::user;
    std::string text;
    std::vector<ToolCall> calls;  ///< assistant only
    std::string call_id;          ///< tool only: which call this answers
    bool operator==(const Message&) const = default;
};

/// A tool as the model sees it. `parameters` is a JSON Schema as text, sent byte for byte.
struct ToolSpec {
    std::string name;
    std::string description;
    std::string parameters;
};

struct Sampling {
    double temperature = 0.2;
    double top_p = 0.95;
    std::uint64_t seed = 1;
    int max_tokens = 4096;
    std::vector<std::string> stop;  ///< texts that end the answer; not part of it
};

enum class ToolChoice { automatic, none, required };

struct ChatRequest {
    std::vector<Message> messages;
    std::vector<ToolSpec> tools;
    ToolChoice tool_choice = ToolChoice::automatic;
    std::string must_call;  ///< with `required`: this tool; empty: any
    /// A JSON Schema as text that the answer's text must match; "{}" is any JSON value. Empty: any text.
    std::string response_schema;
    Sampling sampling;
    /// Text that the answer is likely to repeat (the file being edited): material for drafts where drafting pays.
    std::string likely_text;
};

/// A piece of another file.
struct Excerpt {
    std::string path;
    std::string text;
    bool operator==(const Excerpt&) const = default;
};

/// Text to go on with as it is, without a chat's template; with a `suffix`, the gap before it is filled (FIM).
struct TextRequest {
    std::string prompt;
    std::optional<std::string> suffix;
    std::string path;  ///< of the file with the gap; may be empty
    /// What bears on the gap, most stable first: a list that only grows at its end costs its new part alone.
    std::vector<Excerpt> neighbours;
    Sampling sampling;
};

struct Usage {
    std::int64_t prompt_tokens = 0;  ///< the whole prompt, as the model counted it
    std::int64_t cached_tokens = 0;  ///< of those, not evaluated again
    std::int64_t completion_tokens = 0;
    std::chrono::milliseconds prompt_time{0};
    std::chrono::milliseconds completion_time{0};
};

enum class Finish { stop, length, tool_calls };

struct ChatReply {
    std::string text;      ///< without thinking
    std::string thinking;  ///< what a reasoning model wrote before its answer
    std::vector<ToolCall> calls;
    Finish finish = Finish::stop;
    Usage usage;
    std::vector<std::string> warnings;  ///< loud facts for the person, such as a prompt that was cut
};

struct Delta {
    enum class Kind { text, thinking, prompt_progress };
    Kind kind = Kind::text;
    std::string_view text;  ///< valid during the call only
    double progress = 0;    ///< prompt_progress: 0 to 1
};
using OnDelta = std::function<void(const Delta&)>;

struct ModelFacts {
    std::string name;   ///< as shown and as typed after --model
    bool local = true;  ///< answers on this machine: embedded, or a server at a loopback address
    bool embedded = false;
    std::string where;            ///< "embedded", or the server's address
    std::int64_t context = 0;     ///< tokens; 0 unknown
    std::int64_t parameters = 0;  ///< 0 unknown
    bool native_tools = true;     ///< the server parses tool calls; repair from text is always on besides
    bool fills = false;           ///< known to fill gaps (FIM); a server's model may do so without our knowing
};

class ChatModel {
public:
    virtual ~ChatModel() = default;
    [[nodiscard]] virtual const ModelFacts& facts() const = 0;
    /// `on_delta` may be empty; it is called on the caller's thread.
    virtual Result<ChatReply> complete(const ChatRequest& request, const OnDelta& on_delta, std::stop_token stop) = 0;
    /// Goes on with a text or fills a gap in it. A request with a suffix goes before answers under way where the model
    /// runs here: somebody waits with a finger on a key. The default is `unavailable`.
    virtual Result<ChatReply> complete_text(const TextRequest& request, const OnDelta& on_delta, std::stop_token stop);
    /// `n` independent answers to one prompt, with seeds seed, seed + 1, …; `on_reply` sees each as it is done and may
    /// return false to want no more. The default asks one after the other; an embedded model forks the prompt's state.
    virtual Result<std::vector<ChatReply>> sample(const ChatRequest& request, unsigned n,
                                                  const std::function<bool(const ChatReply&)>& on_reply,
                                                  std::stop_token stop);
};

}  // namespace ec::model
