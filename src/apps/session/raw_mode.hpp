// A terminal in raw mode, put back as it was on every way out.
#pragma once

#include <ec/core/result.hpp>
#include <memory>

namespace ec::apps::session {

/// While it lives, keys come one by one without echo, and pastes are bracketed. The destructor, pause() and the
/// handlers of SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT and SIGQUIT put back what was there before; for what ends the
/// process in order (SIGINT, SIGTERM, SIGHUP) the owner unwinds. SIGKILL leaves it to the shell. At most one at a time.
class RawMode {
public:
    /// `input` must be a terminal: `unavailable` otherwise.
    static Result<std::unique_ptr<RawMode>> enter(int input, int output);
    ~RawMode();
    RawMode(const RawMode&) = delete;
    RawMode& operator=(const RawMode&) = delete;
    /// Back to how it was, for another program or a suspension; and raw again. Both may be called twice.
    void pause();
    void go_on();

private:
    struct State;
    explicit RawMode(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

struct TerminalSize {
    unsigned columns = 80;
    unsigned lines = 24;
};
/// What the terminal says, else 80 by 24.
TerminalSize terminal_size(int descriptor);

}  // namespace ec::apps::session
