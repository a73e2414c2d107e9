// The session in the terminal: lines in, tasks and commands out, until the person leaves.
//
// Owns the terminal while run() runs. The calling thread draws and reads; the host is called from the worker's thread;
// an exchange lies between the two. Takes Ctrl-C and the other signals of a terminal for itself (see signals.hpp).
#pragma once

#include <chrono>
#include <deque>
#include <ec/core/clock.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exchange.hpp"
#include "history.hpp"
#include "host.hpp"
#include "keys.hpp"
#include "line_editor.hpp"
#include "raw_mode.hpp"
#include "screen.hpp"
#include "session_view.hpp"
#include "signals.hpp"
#include "worker.hpp"

namespace ec::apps::session {

struct SessionOptions {
    int input = 0;
    int output = 1;
    /// Whole lines only: no cursor movement, nothing that turns, no colours needed. Also chosen by itself where one of
    /// the two descriptors is no terminal or TERM is "dumb".
    bool plain = false;
    bool colours = true;      ///< where the output is a terminal
    bool assume_yes = false;  ///< without a person to ask (the input is no terminal): approve instead of reject
    bool plan_first = true;
    std::string editor;                  ///< command for `edit`; empty: on the input line, or an installed one
    std::filesystem::path workspace;     ///< for completion
    std::filesystem::path history_file;  ///< empty: none is kept
    History::LooksSecret looks_secret;   ///< such lines stay out of the history
    std::string greeting;                ///< one line
    std::optional<std::string> first;    ///< a line to begin with
};
/// What the environment says: EDGECODER_PLAIN, TERM, NO_COLOR, VISUAL, EDITOR.
SessionOptions session_options_from_environment();

class Session {
public:
    /// Borrows the host and the clock.
    Session(SessionHost& host, const Clock& clock, SessionOptions options);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// Until the person leaves: 0, or 1 when lines came from a pipe and one failed, 130 when interrupted. Fails when
    /// the system gives no descriptors. Ends the process itself, the terminal put back, when the host is still working
    /// two seconds after the person left.
    Result<int> run();

private:
    // session.cpp: the loop
    void open_terminal();
    void loop();
    void wait();
    void read_input();
    void take_bytes(std::string_view bytes);
    void take_key(const Key& key);
    void take_signals();
    void take_events();
    void interrupt();
    void suspend();
    void resize();
    void draw();
    void leave(int status);
    [[nodiscard]] std::string prompt() const;
    [[nodiscard]] bool polls_input();

    // session_lines.cpp: what a line does
    void take_line(std::string line);
    void take_line_while_busy(std::string line);
    void run_next();
    void begin(const std::string& line);
    void begin_command(const struct TypedLine& line);
    void begin_task(std::string text);
    void set_planning(const std::string& words);
    using Call = std::function<Result<std::string>(std::stop_token)>;
    void call(const std::string& what, Worker::Done::Show show, Call call);
    void launch(Worker::Job job);
    void finish(Worker::Done done);
    void show_help();

    // session_questions.cpp: what the agent asks
    void ask(Question question);
    void take_answer(std::string_view words);
    void edit_answer();
    void answer(agent::Answer answer);

    void say(std::string_view sentence, Tone tone = Tone::plain);

    enum class Asking { nothing, choice, redirect, edit };

    SessionHost& host_;
    const Clock& clock_;
    SessionOptions options_;
    bool interactive_ = false;  ///< both ends are terminals
    History history_;
    std::unique_ptr<Exchange> exchange_;
    std::unique_ptr<Signals> signals_;
    std::unique_ptr<RawMode> raw_;
    std::unique_ptr<LiveScreen> live_;  ///< none in plain mode
    std::unique_ptr<PlainScreen> plain_;
    std::unique_ptr<SessionView> view_;
    std::unique_ptr<LineEditor> editor_;
    std::unique_ptr<Worker> worker_;
    KeyDecoder keys_;
    std::string partial_line_;       ///< plain mode: input behind the last line end
    std::deque<std::string> lines_;  ///< typed or piped, not begun yet
    bool task_running_ = false;
    std::chrono::nanoseconds job_started_{0};
    bool stopping_ = false;
    bool armed_ = false;  ///< one Ctrl-C on an empty line: the next leaves
    bool prompted_ = false;
    bool input_ended_ = false;
    bool failed_ = false;
    std::optional<int> leaving_;
    std::chrono::nanoseconds leave_by_{0};
    Asking asking_ = Asking::nothing;
    std::optional<Question> question_;
    std::string draft_;  ///< what was on the line when the question came
};

}  // namespace ec::apps::session
