#include "openai/reply_reader.hpp"

namespace ec::model {
namespace {

constexpr std::string_view kOpen = "<think>";
constexpr std::string_view kClose = "</think>";
constexpr std::string_view kSpace = " \t\r\n";

// How many bytes at the end of `text` may be the beginning of `tag`.
std::size_t begun_tag(std::string_view text, std::string_view tag) {
    for (std::size_t size = std::min(text.size(), tag.size() - 1); size > 0; --size) {
        if (text.ends_with(tag.substr(0, size))) return size;
    }
    return 0;
}

}  // namespace

ThinkSplitter::Pieces ThinkSplitter::put(std::string_view piece) {
    Pieces out;
    held_ += piece;
    if (state_ == State::front) {
        const std::size_t start = std::min(held_.find_first_not_of(kSpace), held_.size());
        const std::string_view rest = std::string_view(held_).substr(start);
        if (rest.size() < kOpen.size() && kOpen.starts_with(rest)) return out;
        state_ = rest.starts_with(kOpen) ? State::thinking : State::text;
        if (state_ == State::thinking) held_.erase(0, start + kOpen.size());
    }
    if (state_ == State::thinking) {
        const std::size_t close = held_.find(kClose);
        const std::size_t size = close == std::string::npos ? held_.size() - begun_tag(held_, kClose) : close;
        out.thinking = held_.substr(0, size);
        held_.erase(0, size);
        if (close == std::string::npos) return out;
        held_.erase(0, kClose.size());
        state_ = State::text;
    }
    out.text = std::exchange(held_, {});
    return out;
}

ThinkSplitter::Pieces ThinkSplitter::finish() {
    Pieces out;
    (state_ == State::thinking ? out.thinking : out.text) = std::exchange(held_, {});
    return out;
}

}  // namespace ec::model
