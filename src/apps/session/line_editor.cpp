#include "line_editor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cells.hpp"
#include "safe_text.hpp"

namespace ec::apps::session {
namespace {

using Kind = Key::Kind;
using Out = EditOutcome::Kind;

std::string common_prefix(const std::vector<std::string>& words) {
    std::string prefix = words.front();
    for (const std::string& word : words) {
        const auto [end, other] = std::mismatch(prefix.begin(), prefix.end(), word.begin(), word.end());
        prefix.erase(end, prefix.end());
    }
    // Not in the middle of a character.
    while (!prefix.empty() &&
           first_code_point(std::string_view(prefix).substr(previous_code_point(prefix, prefix.size()))).value ==
               0xfffd)
        prefix.pop_back();
    return prefix;
}

}  // namespace

LineEditor::LineEditor(History& history, Completer completer) : history_(history), completer_(std::move(completer)) {}

std::string LineEditor::exchange(std::string text) {
    std::string before = buffer_.text();
    buffer_.set(std::move(text));
    browsing_.reset();
    search_.reset();
    return before;
}

EditOutcome LineEditor::press(const Key& key) {
    if (search_) return press_in_search(key);
    switch (key.kind) {
        case Kind::character:
        case Kind::paste:
            buffer_.insert(key.text);
            edited();
            return {};
        case Kind::control:
            return press_control(key.text.front());
        case Kind::enter:
            return press_enter();
        case Kind::alt_enter:
            buffer_.insert("\n");
            edited();
            return {};
        case Kind::tab:
            return complete();
        case Kind::backspace:
            buffer_.erase_left();
            edited();
            return {};
        case Kind::del:
            buffer_.erase_right();
            edited();
            return {};
        case Kind::up:
            if (!buffer_.line_up()) browse(true);
            return {};
        case Kind::down:
            if (!buffer_.line_down()) browse(false);
            return {};
        case Kind::left:
            buffer_.left();
            return {};
        case Kind::right:
            buffer_.right();
            return {};
        case Kind::home:
            buffer_.line_start();
            return {};
        case Kind::end:
            buffer_.line_end();
            return {};
        case Kind::word_left:
            buffer_.word_left();
            return {};
        case Kind::word_right:
            buffer_.word_right();
            return {};
        case Kind::alt:
            if (key.text == "\x7f") buffer_.kill_word_left();
            return {};
        case Kind::page_up:
            browse(true);
            return {};
        case Kind::page_down:
            browse(false);
            return {};
        case Kind::escape:
            break;
    }
    return {};
}

EditOutcome LineEditor::press_control(char letter) {
    switch (letter) {
        case 'a':
            buffer_.line_start();
            break;
        case 'b':
            buffer_.left();
            break;
        case 'c':
            return {Out::interrupt, {}, {}};
        case 'd':
            if (buffer_.empty()) return {Out::end_of_input, {}, {}};
            buffer_.erase_right();
            break;
        case 'e':
            buffer_.line_end();
            break;
        case 'f':
            buffer_.right();
            break;
        case 'k':
            buffer_.kill_to_line_end();
            break;
        case 'l':
            return {Out::clear_screen, {}, {}};
        case 'n':
            browse(false);
            break;
        case 'p':
            browse(true);
            break;
        case 'r':
            search_ = Search{{}, std::nullopt, buffer_.text()};
            break;
        case 't':
            buffer_.transpose();
            break;
        case 'u':
            buffer_.kill_to_line_start();
            break;
        case 'w':
            buffer_.kill_word_left();
            break;
        case 'y':
            buffer_.yank();
            break;
        case 'z':
            return {Out::suspend, {}, {}};
        case '_':
            buffer_.undo();
            break;
        default:
            break;
    }
    return {};
}

// A backslash at the end asks for another line, as in a shell.
EditOutcome LineEditor::press_enter() {
    const std::string& text = buffer_.text();
    if (buffer_.cursor() == text.size() && text.ends_with('\\') && !text.ends_with("\\\\")) {
        buffer_.replace(text.size() - 1, text.size(), "\n");
        return {};
    }
    return {Out::submit, exchange({}), {}};
}

EditOutcome LineEditor::complete() {
    if (!completer_) return {};
    const Completions found = completer_(buffer_.before_cursor());
    if (found.candidates.empty() || found.begin > buffer_.cursor()) return {};
    const std::string typed(buffer_.before_cursor().substr(found.begin));
    if (found.candidates.size() == 1) {
        const std::string& only = found.candidates.front();
        buffer_.replace(found.begin, buffer_.cursor(), only.ends_with('/') ? only : only + " ");
        return {};
    }
    const std::string common = common_prefix(found.candidates);
    if (common.size() > typed.size()) {
        buffer_.replace(found.begin, buffer_.cursor(), common);
        return {};
    }
    return {Out::candidates, {}, found.candidates};
}

void LineEditor::browse(bool back) {
    const std::vector<std::string>& entries = history_.entries();
    if (back) {
        const std::size_t from = browsing_.value_or(entries.size());
        if (from == 0) return;
        if (!browsing_) draft_ = buffer_.text();
        buffer_.set(entries[from - 1]);
        browsing_ = from - 1;
    } else if (browsing_) {
        const std::size_t to = *browsing_ + 1;
        if (to < entries.size()) {
            buffer_.set(entries[to]);
            browsing_ = to;
        } else {
            buffer_.set(std::exchange(draft_, {}));
            browsing_.reset();
        }
    }
}

void LineEditor::search_again(std::size_t before) {
    const std::optional<std::size_t> found = history_.find_back(search_->query, before);
    if (!found) return;
    search_->found = found;
    buffer_.set(history_.entries()[*found]);
}

void LineEditor::leave_search(bool keep) {
    if (!keep) buffer_.set(search_->before);
    search_.reset();
}

EditOutcome LineEditor::press_in_search(const Key& key) {
    const std::size_t all = history_.entries().size();
    const bool control = key.kind == Kind::control;
    if (key.kind == Kind::character || key.kind == Kind::paste) {
        search_->query += safe_line(key.text);
        search_->found.reset();
        search_again(all);
    } else if (key.kind == Kind::backspace) {
        if (!search_->query.empty()) search_->query.resize(previous_code_point(search_->query, search_->query.size()));
        search_->found.reset();
        search_again(all);
    } else if (control && key.text == "r") {
        search_again(search_->found.value_or(all));
    } else if (key.kind == Kind::escape || (control && (key.text == "g" || key.text == "c"))) {
        leave_search(false);
    } else {
        // Any other key takes what was found and does what it always does.
        leave_search(true);
        return press(key);
    }
    return {};
}

EditPicture LineEditor::picture(std::string_view prompt, std::size_t width, std::size_t most_rows) const {
    EditPicture all;
    if (search_) {
        const bool missed = !search_->query.empty() && !search_->found;
        const std::string label = fmt::format("({}: {}) ", missed ? "not found" : "search", search_->query);
        all = layout(label, buffer_.text(), buffer_.text().size(), width);
    } else {
        all = layout(prompt, buffer_.text(), buffer_.cursor(), width);
    }
    if (all.rows.size() <= most_rows || most_rows == 0) return all;
    const std::size_t first = std::min(all.row - std::min(all.row, most_rows / 2), all.rows.size() - most_rows);
    const auto begin = all.rows.begin() + static_cast<std::ptrdiff_t>(first);
    return {{begin, begin + static_cast<std::ptrdiff_t>(most_rows)}, all.row - first, all.column};
}

EditPicture layout(std::string_view prompt, std::string_view text, std::size_t cursor, std::size_t width) {
    width = std::max<std::size_t>(width, 4);
    const std::string lead = text_of(shorten(plain_line(prompt), width / 2));
    const std::size_t indent = cell_width(lead);
    EditPicture out;
    Line row{{lead, Tone::cyan}};
    std::string run;
    std::size_t used = indent;
    const auto new_row = [&] {
        row.push_back({std::exchange(run, {}), Tone::plain});
        out.rows.push_back(std::exchange(row, Line{{std::string(indent, ' '), Tone::plain}}));
        used = indent;
    };
    for (std::size_t at = 0;;) {
        if (at == cursor) out.row = out.rows.size(), out.column = used;
        if (at >= text.size()) break;
        const CodePoint next = first_code_point(text.substr(at));
        const std::string_view bytes = text.substr(at, next.bytes);
        at += next.bytes;
        if (next.value == '\n') {
            new_row();
            continue;
        }
        const std::string shown = next.value == '\t' ? "    " : safe_line(bytes);
        const std::size_t cells = cell_width(shown);
        if (used + cells > width && used > indent) {
            const bool here = at - next.bytes == cursor;
            new_row();
            if (here) out.row = out.rows.size(), out.column = used;
        }
        run += shown;
        used += cells;
    }
    // The cursor needs a place of its own behind a full row.
    if (cursor >= text.size() && out.column >= width) {
        new_row();
        out.row = out.rows.size();
        out.column = used;
    }
    row.push_back({std::move(run), Tone::plain});
    out.rows.push_back(std::move(row));
    return out;
}

}  // namespace ec::apps::session
