#include "text_stream.hpp"

#include <algorithm>
#include <ec/core/text.hpp>

namespace ec::model::embedded {
namespace {

// Bytes at the end of `text` that may be the front of `word`.
std::size_t begun(std::string_view text, std::string_view word) {
    for (std::size_t n = std::min(text.size(), word.size() - 1); n > 0; --n) {
        if (word.starts_with(text.substr(text.size() - n))) return n;
    }
    return 0;
}

// Bytes at the end of `text` that are the front of a UTF-8 character.
std::size_t begun_character(std::string_view text) {
    for (std::size_t n = 1; n <= std::min<std::size_t>(3, text.size()); ++n) {
        const auto byte = static_cast<unsigned char>(text[text.size() - n]);
        if (byte < 0x80) return 0;
        if (byte < 0xc0) continue;
        const std::size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
        return length > n ? n : 0;
    }
    return 0;
}

std::size_t white_front(std::string_view text) {
    const std::size_t n = text.find_first_not_of(" \t\r\n");
    return n == std::string_view::npos ? text.size() : n;
}

}  // namespace

TextStream::TextStream(TextStreamOptions options) : options_(std::move(options)) {
    std::erase_if(options_.stops, [](const std::string& stop) { return stop.empty(); });
    where_ = options_.thinking_start.empty() || options_.thinking_end.empty() ? Where::text
             : options_.starts_thinking                                       ? Where::thinking
                                                                              : Where::front;
}

TextStream::Piece TextStream::feed(std::string_view bytes) {
    Piece out;
    if (stopped_) return out;
    held_ += bytes;
    advance(false, out);
    return out;
}

TextStream::Piece TextStream::finish() {
    Piece out;
    if (!stopped_) advance(true, out);
    return out;
}

void TextStream::advance(bool last, Piece& out) {
    for (bool moved = true; moved && !stopped_;) {
        switch (where_) {
            case Where::front:
                moved = advance_front(last);
                break;
            case Where::thinking:
                moved = advance_thinking(last, out);
                break;
            case Where::gap:
                held_.erase(0, white_front(held_));
                moved = !held_.empty();
                if (moved) where_ = Where::text;
                break;
            case Where::text:
                moved = advance_text(last, out);
                break;
        }
    }
}

// Thinking counts only at the very front: a tag in the middle of an answer is part of it.
bool TextStream::advance_front(bool last) {
    const std::size_t white = white_front(held_);
    const std::string_view rest = std::string_view(held_).substr(white);
    if (rest.starts_with(options_.thinking_start)) {
        held_.erase(0, white + options_.thinking_start.size());
        where_ = Where::thinking;
        return true;
    }
    if (!last && std::string_view(options_.thinking_start).starts_with(rest)) return false;
    where_ = Where::text;
    return true;
}

bool TextStream::advance_thinking(bool last, Piece& out) {
    const std::size_t end = held_.find(options_.thinking_end);
    if (end != std::string::npos) {
        out.thinking += take(end);
        held_.erase(0, options_.thinking_end.size());
        where_ = Where::gap;
        return true;
    }
    const std::size_t hold = last ? 0 : std::max(begun(held_, options_.thinking_end), begun_character(held_));
    out.thinking += take(held_.size() - hold);
    return false;
}

bool TextStream::advance_text(bool last, Piece& out) {
    std::size_t end = std::string::npos;
    std::size_t hold = begun_character(held_);
    for (const std::string& stop : options_.stops) {
        end = std::min(end, held_.find(stop));
        hold = std::max(hold, begun(held_, stop));
    }
    if (end != std::string::npos) {
        out.text += take(end);
        held_.clear();
        stopped_ = true;
        return false;
    }
    out.text += take(held_.size() - (last ? 0 : hold));
    return false;
}

std::string TextStream::take(std::size_t n) {
    std::string text = to_valid_utf8(std::string_view(held_).substr(0, n));
    held_.erase(0, n);
    return text;
}

}  // namespace ec::model::embedded
