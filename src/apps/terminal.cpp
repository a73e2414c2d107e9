#include "terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <ec/core/text.hpp>
#include <ostream>

#include "session/safe_text.hpp"

namespace ec::apps {
namespace {

constexpr std::size_t kNarrowest = 20;
constexpr std::size_t kWidest = 10'000;

}  // namespace

std::size_t terminal_columns() {
    winsize size{};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= kNarrowest) return size.ws_col;
    const char* told = std::getenv("COLUMNS");
    const std::string_view words = told == nullptr ? "" : told;
    std::size_t columns = 0;
    const auto [end, problem] = std::from_chars(words.data(), words.data() + words.size(), columns);
    const bool number = problem == std::errc() && end == words.data() + words.size();
    return number && columns >= kNarrowest && columns <= kWidest ? columns : 80;
}

Style Style::for_descriptor(int descriptor) {
    const char* no_color = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    const bool wanted = no_color == nullptr || *no_color == '\0';
    return Style(wanted && term != nullptr && std::string_view(term) != "dumb" && ::isatty(descriptor) == 1);
}

std::string Style::paint(std::string_view code, std::string_view text) const {
    if (!colours_) return std::string(text);
    return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

std::string Style::diff(std::string_view patch) const {
    if (!colours_) return std::string(patch);
    std::string out;
    for (const std::string_view line : split_lines(patch)) {
        if (line.starts_with('+'))
            out += green(line);
        else if (line.starts_with('-'))
            out += red(line);
        else if (line.starts_with("@@"))
            out += dim(line);
        else
            out += line;
        out += '\n';
    }
    return out;
}

void LiveLine::show(std::string_view text) {
    if (!terminal_) return;
    stream_ << "\r\x1b[2K" << ellipsize(printable(text), terminal_columns() - 2) << std::flush;
    shown_ = true;
}

void LiveLine::clear() {
    if (shown_) stream_ << "\r\x1b[2K" << std::flush;
    shown_ = false;
}

std::string printable(std::string_view text) { return session::safe_line(text); }

std::string for_terminal(std::string_view patch) {
    std::string text;
    for (const std::string_view line : split_lines(patch)) text += printable(line) + "\n";
    return text;
}

}  // namespace ec::apps
