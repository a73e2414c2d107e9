#include "pty.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <stdexcept>

namespace ec::apps::session {
namespace {

constexpr std::chrono::seconds kPatience{60};
using Time = std::chrono::steady_clock;

[[noreturn]] void become(const std::string& name, std::vector<std::string>& argv,
                         std::vector<std::string>& environment) {
    ::setsid();
    const int terminal = ::open(name.c_str(), O_RDWR);  // the first terminal a session leader opens is its own
    ::ioctl(terminal, TIOCSCTTY, 0);
    for (const int fd : {0, 1, 2}) ::dup2(terminal, fd);
    if (terminal > 2) ::close(terminal);
    std::vector<char*> words;
    for (std::string& word : argv) words.push_back(word.data());
    words.push_back(nullptr);
    std::vector<char*> variables;
    for (std::string& variable : environment) variables.push_back(variable.data());
    variables.push_back(nullptr);
    ::execve(words[0], words.data(), variables.data());
    ::_exit(127);
}

}  // namespace

Pty::Pty(std::vector<std::string> argv, std::vector<std::string> environment, unsigned short columns,
         unsigned short lines)
    : terminal(columns, lines), master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    if (!master_.valid() || ::grantpt(master_.get()) != 0 || ::unlockpt(master_.get()) != 0)
        throw std::runtime_error("no pseudo terminal");
    const std::string name = ::ptsname(master_.get());
    slave_ = UniqueFd(::open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    const winsize size{lines, columns, 0, 0};
    ::ioctl(slave_.get(), TIOCSWINSZ, &size);
    child_ = ::fork();
    if (child_ == 0) become(name, argv, environment);
}

Pty::~Pty() {
    if (status_ || child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
}

void Pty::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::write(master_.get(), bytes.data(), bytes.size());
        if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
        if (sent < 0 && errno != EINTR) return;
    }
}

void Pty::resize(unsigned short columns, unsigned short lines) {
    terminal.resize(columns, lines);
    const winsize size{lines, columns, 0, 0};
    ::ioctl(master_.get(), TIOCSWINSZ, &size);
}

void Pty::signal(int number) const { ::kill(child_, number); }

bool Pty::read_some(int timeout_ms) {
    pollfd source{master_.get(), POLLIN, 0};
    if (::poll(&source, 1, timeout_ms) <= 0) return false;
    char bytes[16384];
    const ssize_t got = ::read(master_.get(), bytes, sizeof bytes);
    if (got <= 0) return false;
    output_.append(bytes, static_cast<std::size_t>(got));
    terminal.feed({bytes, static_cast<std::size_t>(got)});
    return true;
}

template <class Condition>
bool Pty::wait_until(const Condition& condition) {
    const Time::time_point end = Time::now() + kPatience;
    while (!condition()) {
        if (Time::now() > end) return false;
        read_some(100);
    }
    return true;
}

bool Pty::wait_for(std::string_view text) {
    return wait_until([&] { return terminal.shows(text); });
}

bool Pty::wait_for_cursor_row(std::string_view text) {
    return wait_until([&] { return terminal.cursor_row().starts_with(text); });
}

std::optional<int> Pty::wait_for_exit() {
    wait_until([&] {
        int status = 0;
        if (status_ || ::waitpid(child_, &status, WNOHANG) != child_) return status_.has_value();
        status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return true;
    });
    while (read_some(0)) {
    }
    return status_;
}

bool Pty::wait_for_stop() const {
    const Time::time_point end = Time::now() + kPatience;
    for (;;) {
        int status = 0;
        if (::waitpid(child_, &status, WNOHANG | WUNTRACED) == child_) return WIFSTOPPED(status);
        if (Time::now() > end) return false;
        ::poll(nullptr, 0, 10);
    }
}

termios Pty::modes() const {
    termios out{};
    ::tcgetattr(slave_.get(), &out);
    return out;
}

}  // namespace ec::apps::session
