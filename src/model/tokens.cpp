#include <ec/model/chat.hpp>
#include <ec/model/tokens.hpp>

namespace ec::model {
namespace {

enum class Kind { letter, digit, blank, line_end, other, high };

// What vocabularies of 30,000 to 250,000 entries have in common: words of a few letters are one entry, digits are taken
// one by one (Qwen) or by three, a blank belongs to the word behind it, runs of blanks and of one sign are entries.
constexpr std::size_t kLettersOfAToken = 7;
constexpr std::size_t kBlanksOfAToken = 16;
constexpr std::size_t kEqualSignsOfAToken = 4;
constexpr std::size_t kAroundAMessage = 8;
constexpr std::size_t kAroundACall = 16;

Kind kind_of(char c) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return Kind::letter;
    if (c >= '0' && c <= '9') return Kind::digit;
    if (c == ' ' || c == '\t') return Kind::blank;
    if (c == '\n' || c == '\r') return Kind::line_end;
    return static_cast<unsigned char>(c) >= 0x80 ? Kind::high : Kind::other;
}

std::size_t parts(std::size_t length, std::size_t size) { return (length + size - 1) / size; }

/// Words inside an identifier are entries of their own: "getHTTPCode" is three runs.
std::size_t letters_end(std::string_view text, std::size_t at) {
    const auto upper = [&](std::size_t i) { return text[i] >= 'A' && text[i] <= 'Z'; };
    std::size_t i = at + 1;
    while (i < text.size() && kind_of(text[i]) == Kind::letter && (!upper(i) || upper(i - 1))) ++i;
    return i;
}

}  // namespace

std::size_t estimate_tokens(std::string_view text) {
    std::size_t tokens = 0;
    for (std::size_t at = 0; at < text.size();) {
        const Kind kind = kind_of(text[at]);
        std::size_t end = at + 1;
        if (kind == Kind::letter)
            end = letters_end(text, at);
        else if (kind == Kind::other)
            while (end < text.size() && text[end] == text[at]) ++end;
        else
            while (end < text.size() && kind_of(text[end]) == kind) ++end;
        const std::size_t length = end - at;
        switch (kind) {
            case Kind::letter:
                tokens += parts(length, kLettersOfAToken);
                break;
            case Kind::blank:
                if (length > 1 || end == text.size() || kind_of(text[end]) != Kind::letter)
                    tokens += parts(length, kBlanksOfAToken);
                break;
            case Kind::other:
                tokens += parts(length, kEqualSignsOfAToken);
                break;
            case Kind::digit:
            case Kind::line_end:
                tokens += length;
                break;
            case Kind::high:
                tokens += parts(length * 2, 3);
                break;
        }
        at = end;
    }
    return tokens;
}

std::size_t estimate_tokens(std::span<const Message> messages) {
    std::size_t tokens = 0;
    for (const Message& message : messages) {
        tokens += kAroundAMessage + estimate_tokens(message.text);
        for (const ToolCall& call : message.calls)
            tokens +=
                kAroundACall + estimate_tokens(call.name) + estimate_tokens(json::write(json::Value(call.arguments)));
    }
    return tokens;
}

}  // namespace ec::model
