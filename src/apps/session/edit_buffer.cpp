#include "edit_buffer.hpp"

#include <algorithm>
#include <utility>

#include "cells.hpp"

namespace ec::apps::session {
namespace {

constexpr std::size_t kUndoSteps = 100;

bool is_word(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || byte == '_';
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

}  // namespace

std::size_t EditBuffer::next(std::size_t at) const {
    if (at >= text_.size()) return text_.size();
    at += first_code_point(std::string_view(text_).substr(at)).bytes;
    while (at < text_.size()) {
        const CodePoint mark = first_code_point(std::string_view(text_).substr(at));
        if (mark.value < 0x300 || cell_width(mark.value) != 0) break;
        at += mark.bytes;
    }
    return at;
}

std::size_t EditBuffer::previous(std::size_t at) const {
    while (at > 0) {
        at = previous_code_point(text_, at);
        const CodePoint found = first_code_point(std::string_view(text_).substr(at));
        if (found.value < 0x300 || cell_width(found.value) != 0) break;
    }
    return at;
}

std::size_t EditBuffer::start_of_line(std::size_t at) const {
    const std::size_t newline = at == 0 ? std::string::npos : text_.rfind('\n', at - 1);
    return newline == std::string::npos ? 0 : newline + 1;
}

std::size_t EditBuffer::end_of_line(std::size_t at) const { return std::min(text_.find('\n', at), text_.size()); }

void EditBuffer::remember() {
    if (undo_.size() == kUndoSteps) undo_.erase(undo_.begin());
    // Large texts are not kept a hundred times.
    if (text_.size() > 64 * 1024) undo_.clear();
    undo_.push_back({text_, cursor_});
}

void EditBuffer::set(std::string text) {
    text_ = std::move(text);
    if (text_.size() > kLongest) text_.resize(previous_code_point(text_, kLongest));
    cursor_ = text_.size();
    undo_.clear();
}

bool EditBuffer::insert(std::string_view text) {
    if (text_.size() + text.size() > kLongest) return false;
    remember();
    text_.insert(cursor_, text);
    cursor_ += text.size();
    return true;
}

void EditBuffer::replace(std::size_t begin, std::size_t end, std::string_view with) {
    if (begin > end || end > text_.size() || text_.size() + with.size() > kLongest) return;
    remember();
    text_.replace(begin, end - begin, with);
    cursor_ = begin + with.size();
}

void EditBuffer::left() { cursor_ = previous(cursor_); }
void EditBuffer::right() { cursor_ = next(cursor_); }

void EditBuffer::word_left() {
    while (cursor_ > 0 && !is_word(text_[cursor_ - 1])) left();
    while (cursor_ > 0 && is_word(text_[cursor_ - 1])) left();
}

void EditBuffer::word_right() {
    while (cursor_ < text_.size() && !is_word(text_[cursor_])) right();
    while (cursor_ < text_.size() && is_word(text_[cursor_])) right();
}

void EditBuffer::line_start() { cursor_ = start_of_line(cursor_); }
void EditBuffer::line_end() { cursor_ = end_of_line(cursor_); }

bool EditBuffer::line_up() {
    const std::size_t start = start_of_line(cursor_);
    if (start == 0) return false;
    const std::size_t column = cell_width(std::string_view(text_).substr(start, cursor_ - start));
    const std::size_t above = start_of_line(start - 1);
    cursor_ = above + fitting_prefix(std::string_view(text_).substr(above, start - 1 - above), column).size();
    return true;
}

bool EditBuffer::line_down() {
    const std::size_t end = end_of_line(cursor_);
    if (end == text_.size()) return false;
    const std::size_t start = start_of_line(cursor_);
    const std::size_t column = cell_width(std::string_view(text_).substr(start, cursor_ - start));
    const std::size_t below = end + 1;
    cursor_ = below + fitting_prefix(std::string_view(text_).substr(below, end_of_line(below) - below), column).size();
    return true;
}

void EditBuffer::erase_left() {
    if (cursor_ == 0) return;
    remember();
    const std::size_t begin = previous(cursor_);
    text_.erase(begin, cursor_ - begin);
    cursor_ = begin;
}

void EditBuffer::erase_right() {
    if (cursor_ == text_.size()) return;
    remember();
    text_.erase(cursor_, next(cursor_) - cursor_);
}

void EditBuffer::kill(std::size_t begin, std::size_t end) {
    if (begin == end) return;
    remember();
    killed_ = text_.substr(begin, end - begin);
    text_.erase(begin, end - begin);
    cursor_ = begin;
}

void EditBuffer::kill_word_left() {
    std::size_t begin = cursor_;
    while (begin > 0 && is_blank(text_[begin - 1])) --begin;
    while (begin > 0 && !is_blank(text_[begin - 1])) --begin;
    kill(begin, cursor_);
}

// At the end of a line it takes the line end itself, so that repeating it goes on.
void EditBuffer::kill_to_line_end() {
    const std::size_t end = end_of_line(cursor_);
    kill(cursor_, end == cursor_ ? std::min(end + 1, text_.size()) : end);
}

void EditBuffer::kill_to_line_start() { kill(start_of_line(cursor_), cursor_); }

void EditBuffer::yank() {
    if (!killed_.empty()) insert(killed_);
}

void EditBuffer::transpose() {
    if (cursor_ == text_.size()) left();
    if (cursor_ == 0 || cursor_ == text_.size()) return;
    const std::size_t before = previous(cursor_);
    const std::size_t after = next(cursor_);
    const std::string swapped = text_.substr(cursor_, after - cursor_) + text_.substr(before, cursor_ - before);
    replace(before, after, swapped);
}

void EditBuffer::undo() {
    if (undo_.empty()) return;
    text_ = std::move(undo_.back().text);
    cursor_ = undo_.back().cursor;
    undo_.pop_back();
}

}  // namespace ec::apps::session
