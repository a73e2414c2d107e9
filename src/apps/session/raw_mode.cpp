#include "raw_mode.hpp"

#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <string_view>
#include <utility>

namespace ec::apps::session {
namespace {

constexpr std::array kFatal{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGQUIT};
// Bracketed paste on and off (xterm, private mode 2004); the cursor must never stay hidden.
constexpr std::string_view kOn = "\x1b[?2004h";
constexpr std::string_view kOff = "\x1b[?2004l\x1b[?25h";

struct Saved {
    int input = -1;
    int output = -1;
    termios before{};
    termios during{};
    std::array<struct sigaction, kFatal.size()> actions{};
};

// A signal handler is given nothing but the number, so what it must put back has to be reachable from everywhere.
std::atomic<const Saved*> raw_now{nullptr};

void send(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::write(descriptor, bytes.data(), bytes.size());
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

// Only async-signal-safe calls (POSIX 2.4.3). The signal then comes again under the action that was there before.
void on_fatal(int signal) {
    if (const Saved* const saved = raw_now.exchange(nullptr)) {
        ::tcsetattr(saved->input, TCSANOW, &saved->before);
        send(saved->output, kOff);
        for (std::size_t i = 0; i < kFatal.size(); ++i) ::sigaction(kFatal[i], &saved->actions[i], nullptr);
    }
    ::raise(signal);
}

}  // namespace

struct RawMode::State : Saved {};

Result<std::unique_ptr<RawMode>> RawMode::enter(int input, int output) {
    auto state = std::make_unique<State>();
    state->input = input;
    state->output = output;
    if (::tcgetattr(input, &state->before) != 0)
        return fail(ErrorCode::unavailable, "the input is not a terminal", "use plain mode");
    state->during = state->before;
    state->during.c_iflag &= ~static_cast<tcflag_t>(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON);
    state->during.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ICANON | IEXTEN | ISIG);
    state->during.c_cc[VMIN] = 1;
    state->during.c_cc[VTIME] = 0;
    std::unique_ptr<RawMode> mode(new RawMode(std::move(state)));
    mode->go_on();
    return mode;
}

RawMode::RawMode(std::unique_ptr<State> state) : state_(std::move(state)) {}

RawMode::~RawMode() { pause(); }

void RawMode::go_on() {
    ::tcsetattr(state_->input, TCSADRAIN, &state_->during);
    send(state_->output, kOn);
    if (raw_now.load() == state_.get()) return;
    struct sigaction action{};
    action.sa_handler = on_fatal;
    sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < kFatal.size(); ++i) ::sigaction(kFatal[i], &action, &state_->actions[i]);
    raw_now = state_.get();
}

void RawMode::pause() {
    if (raw_now.exchange(nullptr) == nullptr) return;
    for (std::size_t i = 0; i < kFatal.size(); ++i) ::sigaction(kFatal[i], &state_->actions[i], nullptr);
    send(state_->output, kOff);
    ::tcsetattr(state_->input, TCSADRAIN, &state_->before);
}

TerminalSize terminal_size(int descriptor) {
    winsize size{};
    if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0)
        return {size.ws_col, size.ws_row};
    return {};
}

}  // namespace ec::apps::session
