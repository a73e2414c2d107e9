// Output for people: colours and a live line, only where a terminal shows them.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>

namespace ec::apps {

/// Colours text when the stream is a terminal, NO_COLOR is not set and TERM is not "dumb"; else leaves it alone.
class Style {
public:
    explicit Style(bool colours) : colours_(colours) {}
    /// For the given descriptor (1 stdout, 2 stderr).
    static Style for_descriptor(int descriptor);
    [[nodiscard]] bool colours() const { return colours_; }
    [[nodiscard]] std::string red(std::string_view text) const { return paint("31", text); }
    [[nodiscard]] std::string green(std::string_view text) const { return paint("32", text); }
    [[nodiscard]] std::string yellow(std::string_view text) const { return paint("33", text); }
    [[nodiscard]] std::string dim(std::string_view text) const { return paint("2", text); }
    /// A unified diff with its lines coloured.
    [[nodiscard]] std::string diff(std::string_view patch) const;

private:
    [[nodiscard]] std::string paint(std::string_view code, std::string_view text) const;
    bool colours_;
};

/// Columns of the terminal that standard error is; else $COLUMNS, else 80.
std::size_t terminal_columns();

/// One line that is rewritten in place on a terminal; nothing at all elsewhere. Cleared on destruction.
class LiveLine {
public:
    LiveLine(std::ostream& stream, bool terminal) : stream_(stream), terminal_(terminal) {}
    ~LiveLine() { clear(); }
    LiveLine(const LiveLine&) = delete;
    LiveLine& operator=(const LiveLine&) = delete;
    void show(std::string_view text);
    void clear();

private:
    std::ostream& stream_;
    bool terminal_;
    bool shown_ = false;
};

/// Text made safe for a terminal, as session/safe_text.hpp says: escape sequences, C1 and bidi controls too.
std::string printable(std::string_view text);

/// A patch made safe for a terminal, line by line.
std::string for_terminal(std::string_view patch);

}  // namespace ec::apps
