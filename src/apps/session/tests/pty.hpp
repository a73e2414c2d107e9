// A program at the other end of a pseudo terminal, its screen kept in a VirtualTerminal.
#pragma once

#include <sys/types.h>
#include <termios.h>

#include <ec/core/fd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "virtual_terminal.hpp"

namespace ec::apps::session {

class Pty {
public:
    /// Starts argv as the leader of a session of its own, with `environment` and nothing else in its environment.
    Pty(std::vector<std::string> argv, std::vector<std::string> environment, unsigned short columns,
        unsigned short lines);
    /// Kills the program if it still runs.
    ~Pty();
    Pty(const Pty&) = delete;
    Pty& operator=(const Pty&) = delete;

    void send(std::string_view bytes);
    void resize(unsigned short columns, unsigned short lines);
    void signal(int number) const;
    /// Reads until the screen shows `text`; false after a minute or when the program ended before.
    bool wait_for(std::string_view text);
    /// Reads until the row of the cursor begins with `text`.
    bool wait_for_cursor_row(std::string_view text);
    /// Waits for the end; nothing after a minute. 128 + signal when a signal ended it.
    std::optional<int> wait_for_exit();
    /// Waits until it is stopped (true) or a minute has passed.
    bool wait_for_stop() const;
    /// The modes of the terminal as they are now.
    [[nodiscard]] termios modes() const;
    [[nodiscard]] const std::string& output() const { return output_; }

    VirtualTerminal terminal;

private:
    template <class Condition>
    bool wait_until(const Condition& condition);
    bool read_some(int timeout_ms);

    UniqueFd master_;
    UniqueFd slave_;  ///< kept open so that the modes can be asked after the program ended
    pid_t child_ = -1;
    std::optional<int> status_;
    std::string output_;
};

}  // namespace ec::apps::session
