#include "session.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ec/core/text.hpp>
#include <utility>

#include "completion.hpp"

namespace ec::apps::session {
namespace {

// How long an ESC waits for the rest of a key's sequence; enough for a slow ssh.
constexpr int kEscapeMs = 50;
constexpr std::chrono::seconds kLeaveWithin{2};
constexpr int kInterrupted = 130;
constexpr std::size_t kLongestPlainLine = 1U << 20;

void write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::write(descriptor, bytes.data(), bytes.size());
        if (sent > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        } else if (sent < 0 && errno == EAGAIN) {
            pollfd room{descriptor, POLLOUT, 0};
            ::poll(&room, 1, -1);
        } else if (errno != EINTR) {
            return;  // the terminal is gone: the end of the input will say so
        }
    }
}

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

}  // namespace

SessionOptions session_options_from_environment() {
    SessionOptions options;
    const std::string plain = variable("EDGECODER_PLAIN");
    const std::string terminal = variable("TERM");
    options.plain = (!plain.empty() && plain != "0") || terminal.empty() || terminal == "dumb";
    options.colours = variable("NO_COLOR").empty() && !terminal.empty() && terminal != "dumb";
    options.editor = variable("VISUAL").empty() ? variable("EDITOR") : variable("VISUAL");
    return options;
}

Session::Session(SessionHost& host, const Clock& clock, SessionOptions options)
    : host_(host),
      clock_(clock),
      options_(std::move(options)),
      history_(options_.history_file, options_.looks_secret) {}

Session::~Session() = default;

Result<int> Session::run() {
    EC_ASSIGN(exchange_, Exchange::create());
    signals_ = std::make_unique<Signals>([this] { exchange_->wake(); });
    worker_ = std::make_unique<Worker>([this] { exchange_->wake(); });
    open_terminal();
    if (!options_.greeting.empty()) say(options_.greeting);
    call("starting", Worker::Done::Show::nothing, [](std::stop_token) { return Result<std::string>(); });
    if (options_.first) lines_.push_back(*options_.first);
    loop();
    exchange_->close();
    if (live_) live_->leave();
    raw_.reset();
    // A host that does not stop cannot be waited for: the person wants to leave now.
    if (worker_->busy() && leaving_ && clock_.now() >= leave_by_) std::_Exit(*leaving_);
    worker_.reset();
    signals_.reset();
    return leaving_.value_or(failed_ && !interactive_ ? 1 : 0);
}

void Session::open_terminal() {
    interactive_ = ::isatty(options_.input) == 1 && ::isatty(options_.output) == 1;
    if (::isatty(options_.output) != 1) options_.colours = false;
    const WriteBytes write = [fd = options_.output](std::string_view bytes) { write_all(fd, bytes); };
    if (interactive_ && !options_.plain) {
        if (Result<std::unique_ptr<RawMode>> raw = RawMode::enter(options_.input, options_.output))
            raw_ = *std::move(raw);
    }
    if (raw_) {
        live_ = std::make_unique<LiveScreen>(write, options_.colours);
        view_ = std::make_unique<SessionView>(*live_, clock_);
        editor_ = std::make_unique<LineEditor>(
            history_, session_completer(options_.workspace, [this] { return view_->status().models; }));
        resize();
    } else {
        // A screen reader and a file want whole lines.
        plain_ = std::make_unique<PlainScreen>(write, options_.colours, kUnwrapped);
        view_ = std::make_unique<SessionView>(*plain_, clock_);
    }
}

void Session::loop() {
    for (;;) {
        take_signals();
        take_events();
        run_next();
        const bool busy = worker_->busy();
        if (leaving_ && (!busy || clock_.now() >= leave_by_)) return;
        if (input_ended_ && !busy && lines_.empty()) return;
        draw();
        wait();
    }
}

// Lines of a pipe wait for their turn; a person may always type.
bool Session::polls_input() {
    if (input_ended_ || leaving_) return false;
    return ::isatty(options_.input) == 1 || (!worker_->busy() && lines_.empty());
}

void Session::wait() {
    pollfd sources[2] = {{exchange_->wake_descriptor(), POLLIN, 0}, {options_.input, POLLIN, 0}};
    const nfds_t count = polls_input() ? 2 : 1;
    int timeout = -1;
    if (live_ && worker_->busy() && asking_ == Asking::nothing) timeout = static_cast<int>(kTurn.count());
    if (leaving_) timeout = 50;
    if (keys_.waiting()) timeout = kEscapeMs;
    const int ready = ::poll(sources, count, timeout);
    if (ready == 0 && keys_.waiting()) {
        for (const Key& key : keys_.flush()) take_key(key);
    }
    if (ready > 0 && count == 2 && sources[1].revents != 0) read_input();
}

void Session::read_input() {
    char bytes[4096];
    const ssize_t got = ::read(options_.input, bytes, sizeof bytes);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (got > 0) return take_bytes({bytes, static_cast<std::size_t>(got)});
    // In raw mode Ctrl-D is a key, so this is a terminal that went away.
    input_ended_ = true;
    if (!partial_line_.empty()) take_line(std::exchange(partial_line_, {}));
    if (interactive_ && (live_ || worker_->busy())) leave(live_ ? kInterrupted : 0);
}

void Session::take_bytes(std::string_view bytes) {
    if (live_) {
        for (const Key& key : keys_.feed(bytes)) take_key(key);
        return;
    }
    partial_line_ += bytes;
    for (std::size_t end; (end = partial_line_.find('\n')) != std::string::npos;) {
        std::string line = partial_line_.substr(0, end);
        partial_line_.erase(0, end + 1);
        take_line(std::move(line));
    }
    if (partial_line_.size() > kLongestPlainLine) {
        partial_line_.clear();
        say("That line is longer than 1 MiB and was dropped.", Tone::loud);
    }
}

void Session::take_key(const Key& key) {
    EditOutcome outcome = editor_->press(key);
    if (outcome.kind != EditOutcome::Kind::interrupt) armed_ = false;
    switch (outcome.kind) {
        case EditOutcome::Kind::submit:
            take_line(std::move(outcome.text));
            break;
        case EditOutcome::Kind::interrupt:
            interrupt();
            break;
        case EditOutcome::Kind::end_of_input:
            if (!worker_->busy()) leave(0);
            break;
        case EditOutcome::Kind::suspend:
            suspend();
            break;
        case EditOutcome::Kind::clear_screen:
            live_->clear();
            break;
        case EditOutcome::Kind::candidates:
            say(join(outcome.candidates, "  "), Tone::dim);
            break;
        case EditOutcome::Kind::none:
            break;
    }
}

void Session::take_signals() {
    const Signals::Seen seen = signals_->take();
    if (seen.interrupt) interrupt();
    if (seen.end) leave(kInterrupted);
    if (seen.continued && raw_) {
        raw_->go_on();
        live_->forget();
    }
    if (seen.resized || seen.continued) resize();
}

void Session::take_events() {
    Exchange::Drained drained = exchange_->drain();
    for (const agent::AgentEvent& event : drained.events) view_->event(event);
    if (drained.question) ask(*std::move(drained.question));
    if (std::optional<Worker::Done> done = worker_->take_done()) {
        // What was posted between the two looks.
        for (const agent::AgentEvent& event : exchange_->drain().events) view_->event(event);
        finish(*std::move(done));
    }
}

// Ctrl-C: first the running work, then the line, then the session.
void Session::interrupt() {
    if (worker_->busy()) {
        if (stopping_) return leave(kInterrupted);
        stopping_ = true;
        lines_.clear();
        worker_->request_stop();
        say("Stopping. Ctrl-C again leaves.", Tone::loud);
    } else if (editor_ && !editor_->empty()) {
        editor_->exchange({});
    } else if (armed_ || !interactive_) {
        leave(kInterrupted);
    } else {
        armed_ = true;
        say("Ctrl-C again leaves.", Tone::dim);
        prompted_ = false;
    }
}

void Session::suspend() {
    live_->leave();
    raw_->pause();
    // All of the job, so that a wrapper stops too. Where nobody could continue it, the system ignores this.
    ::kill(0, SIGTSTP);
    raw_->go_on();
    live_->forget();
    resize();
}

void Session::resize() {
    if (!live_) return;
    const TerminalSize size = terminal_size(options_.output);
    live_->resize(size.columns, size.lines);
}

void Session::leave(int status) {
    if (leaving_) {
        leave_by_ = clock_.now();
        return;
    }
    leaving_ = status;
    leave_by_ = clock_.now() + kLeaveWithin;
    worker_->request_stop();
    exchange_->close();
}

std::string Session::prompt() const {
    switch (asking_) {
        case Asking::choice:
            return "answer> ";
        case Asking::redirect:
            return "instead> ";
        case Asking::edit:
            return "edit> ";
        case Asking::nothing:
            break;
    }
    return "> ";
}

void Session::draw() {
    if (!live_) {
        // A prompt only where a person waits for it; a line end would make it a line of its own.
        const bool ready = !worker_->busy() || asking_ != Asking::nothing;
        if (interactive_ && ready && !prompted_ && !leaving_) write_all(options_.output, prompt());
        prompted_ = ready;
        return;
    }
    LiveRows rows;
    const std::size_t width = live_->width();
    rows.rows = view_->live_rows();
    const std::size_t room = live_->lines() > rows.rows.size() + 3 ? live_->lines() - rows.rows.size() - 2 : 1;
    EditPicture picture = editor_->picture(prompt(), width, room);
    rows.row = rows.rows.size() + picture.row;
    rows.column = picture.column;
    rows.rows.insert(rows.rows.end(), picture.rows.begin(), picture.rows.end());
    rows.rows.push_back(view_->status_line(width));
    live_->live(std::move(rows));
}

void Session::say(std::string_view sentence, Tone tone) {
    view_->settle();
    print_text(view_->display(), sentence, tone, {.indent = "  "});
}

}  // namespace ec::apps::session
