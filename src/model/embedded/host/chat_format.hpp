// A conversation as the text that a model reads: its file's own Jinja template, run by llama.cpp's engine.
#pragma once

#include <ec/core/hash.hpp>
#include <ec/core/result.hpp>
#include <ec/model/chat.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "loaded_model.hpp"

namespace ec::model::embedded {

/// A prompt with what its dialect says about the answer.
struct Rendered {
    std::string prompt;
    std::string grammar;                     ///< GBNF of the tool envelope; empty: none
    std::vector<std::string> trigger_words;  ///< regular expressions after which the grammar holds
    Tokens trigger_tokens;
    bool grammar_at_once = false;        ///< the grammar holds from the beginning of the answer, not after a trigger
    std::string forced;                  ///< what the answer must begin with, before a grammar that holds at once
    std::vector<std::string> stops;      ///< the template's own
    std::vector<std::string> preserved;  ///< control tokens that are part of the text
    std::string thinking_start;          ///< "<think>"; empty: the model does not think aloud
    std::string thinking_end;
    bool starts_thinking = false;  ///< the prompt already opened the thinking
    bool fleeting = false;         ///< of a text that is typed: what is evaluated of it gives way to what is typed next
};

/// What a model really wrote after a conversation, thinking and calls included. A later prompt repeats it byte for byte
/// instead of what the template would make of the parsed message, so that the cache still fits.
class Memory {
public:
    void remember(const ChatRequest& request, const std::string& raw);
    /// The raw text of the message that follows the first `n` messages, if that text is where it came from.
    [[nodiscard]] const std::string* recall(const ChatRequest& request, std::size_t n) const;

    /// All of it, for a file; what is no such thing is passed over when it comes back.
    [[nodiscard]] json::Array saved() const;
    void restore(const json::Array& saved);

private:
    void add(Hash128 key, const std::string& raw);

    std::multimap<Hash128, std::string> raw_;
    std::vector<Hash128> order_;  ///< oldest first
};

class ChatFormat {
public:
    /// Uses the model's template, or ChatML where it has none or one that cannot be read; `warning` then says so.
    static Result<std::unique_ptr<ChatFormat>> create(const LoadedModel& model);
    virtual ~ChatFormat() = default;

    /// `invalid_argument` when the template refuses the conversation, and for a schema that no answer can be held to.
    virtual Result<Rendered> render(const ChatRequest& request, const Memory& memory) const = 0;
    [[nodiscard]] virtual const std::string& warning() const = 0;
};

}  // namespace ec::model::embedded
