// Where output goes: a terminal that can move its cursor, or plain lines.
//
// A Display has a printed part that only grows and, on a LiveScreen, some live rows under it that are drawn again in
// place: what still streams, the line that is typed, the status. Every update is one write, so that nothing tears.
// Sequences used (ECMA-48): CUU, CUF, CUP, ED, SGR, and DECTCEM to hide the cursor while it moves. One thread.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "styled.hpp"

namespace ec::apps::session {

/// Takes the bytes of one update. Must not throw.
using WriteBytes = std::function<void(std::string_view)>;

/// The rows that are drawn in place; the cursor is in rows[row] at `column`.
struct LiveRows {
    std::vector<Line> rows;
    std::size_t row = 0;
    std::size_t column = 0;
    bool operator==(const LiveRows&) const = default;
};

class Display {
public:
    virtual ~Display() = default;
    /// Columns that a line may take.
    [[nodiscard]] virtual std::size_t width() const = 0;
    /// The same for code and diffs, whose lines a person copies: unwrapped where the terminal may break them itself.
    [[nodiscard]] virtual std::size_t code_width() const { return plain() ? kUnwrapped : width(); }
    /// True where nothing can be drawn in place: whole lines only, states said in words.
    [[nodiscard]] virtual bool plain() const = 0;
    /// Adds finished rows; rows longer than code_width() are the caller's fault.
    virtual void print(const std::vector<Line>& rows) = 0;
};

class LiveScreen final : public Display {
public:
    LiveScreen(WriteBytes write, bool colours) : write_(std::move(write)), colours_(colours) {}
    void resize(std::size_t columns, std::size_t lines);

    [[nodiscard]] std::size_t width() const override { return columns_ - 1; }
    [[nodiscard]] bool plain() const override { return false; }
    [[nodiscard]] std::size_t lines() const { return lines_; }
    /// The rows wait for the next live() or leave(), so that they and the live rows change together.
    void print(const std::vector<Line>& rows) override;
    /// Draws `rows` in place of the live rows before; nothing is written when nothing changed.
    void live(LiveRows rows);
    /// Takes the live rows away and leaves the cursor at the beginning of an empty line.
    void leave();
    /// Somebody else wrote on the terminal: the next update draws everything below the cursor again.
    void forget();
    /// Empties the screen and draws the live rows at its top.
    void clear();

private:
    [[nodiscard]] std::string to_top() const;  ///< and nothing from there on
    [[nodiscard]] std::string drawn() const;

    WriteBytes write_;
    bool colours_;
    std::size_t columns_ = 80;
    std::size_t lines_ = 24;
    std::string printed_;  ///< bytes of printed rows that wait
    LiveRows live_;
    std::size_t rows_above_ = 0;  ///< rows of the terminal between the first live row and the cursor
};

class PlainScreen final : public Display {
public:
    PlainScreen(WriteBytes write, bool colours, std::size_t columns)
        : write_(std::move(write)), colours_(colours), columns_(columns) {}
    [[nodiscard]] std::size_t width() const override { return columns_; }
    [[nodiscard]] bool plain() const override { return true; }
    void print(const std::vector<Line>& rows) override;

private:
    WriteBytes write_;
    bool colours_;
    std::size_t columns_;
};

/// Wraps `line` to the display and prints it.
void print_line(Display& display, const Line& line, const Wrapping& how = {});
/// As print_line() for text of several lines, in one tone.
void print_text(Display& display, std::string_view text, Tone tone, const Wrapping& how = {});

}  // namespace ec::apps::session
