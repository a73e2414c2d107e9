#include "terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <ec/core/text.hpp>
#include <ostream>

#include "session/safe_text.hpp"

namespace ec::apps {
namespace {

std::size_t columns() {
    winsize size{};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20) return size.ws_col;
    return 80;
}

}  // namespace

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
    stream_ << "\r\x1b[2K" << ellipsize(printable(text), columns() - 2) << std::flush;
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
