// What a typed line does: tasks, commands, the sandbox.
#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>
#include <utility>

#include "commands.hpp"
#include "diff_view.hpp"
#include "person.hpp"
#include "session.hpp"

namespace ec::apps::session {
namespace {

using Done = Worker::Done;
using Show = Worker::Done::Show;

// More of a command's output is not put on the screen.
constexpr std::size_t kMostOutputLines = 400;
constexpr std::size_t kMostTypedRows = 12;
// A shorter wait needs no words.
constexpr std::chrono::milliseconds kNoticed{500};

class PostedEvents final : public agent::AgentEvents {
public:
    explicit PostedEvents(Exchange& exchange) : exchange_(exchange) {}
    void event(const agent::AgentEvent& event) override { exchange_.post(event); }

private:
    Exchange& exchange_;
};

Result<std::string> model_list(SessionHost& host, const std::stop_token& stop) {
    EC_ASSIGN(const std::vector<ModelChoice> models, host.models(stop));
    std::string out;
    for (const ModelChoice& each : models)
        out +=
            fmt::format("{} {}{}{}\n", each.current ? '*' : ' ', each.name, each.note.empty() ? "" : "  ", each.note);
    if (models.size() < 2)
        out += "In a shell, edgecoder model pull NAME fetches one; /model BASE_URL#MODEL uses a server.\n";
    return out;
}

void print_output(Display& display, std::string_view text) {
    const std::vector<std::string_view> lines = split_lines(text);
    const std::size_t first = lines.size() > kMostOutputLines ? lines.size() - kMostOutputLines : 0;
    if (first > 0) print_line(display, toned_line(Tone::dim, fmt::format("… {} lines before, not shown", first)));
    for (std::size_t i = first; i < lines.size(); ++i)
        print_text(display, lines[i].empty() ? "\n" : lines[i], Tone::plain, {.indent = "", .by_words = false});
}

// A long paste is shown by its beginning.
void show_typed(Display& display, const std::string& prompt, std::string_view line) {
    std::vector<Line> rows = layout(prompt, line, line.size(), display.width()).rows;
    const std::size_t more = rows.size() > kMostTypedRows ? rows.size() - kMostTypedRows : 0;
    rows.resize(rows.size() - more);
    if (more > 0) rows.push_back(toned_line(Tone::dim, fmt::format("  … {} more rows", more)));
    display.print(rows);
}

}  // namespace

void Session::take_line(std::string line) {
    prompted_ = false;
    armed_ = false;
    // A line that was typed stays on the screen above what it did; a plain terminal echoed it already.
    if (live_ && !trim(line).empty()) show_typed(view_->display(), prompt(), line);
    if (asking_ != Asking::nothing) return take_answer(line);
    if (!trim(line).empty() && interactive_) {
        if (const Status kept = history_.add(line); !kept)
            say("The history was not written: " + kept.error().message, Tone::dim);
    }
    if (worker_->busy() && interactive_) return take_line_while_busy(std::move(line));
    lines_.push_back(std::move(line));
}

void Session::take_line_while_busy(std::string line) {
    const TypedLine typed = read_line(line);
    if (typed.kind == TypedLine::Kind::empty) return;
    if (typed.kind == TypedLine::Kind::command && typed.command == Command::quit) return leave(0);
    if (typed.kind == TypedLine::Kind::command && typed.command == Command::help) return show_help();
    if (task_running_ && typed.kind == TypedLine::Kind::task) {
        if (exchange_->redirect(typed.rest))
            say("Noted; the agent reads it before its next step.", Tone::dim);
        else
            say("Too many notes wait already; this one was dropped.", Tone::loud);
        return;
    }
    lines_.push_back(std::move(line));
    if (task_running_ || clock_.now() - job_started_ > kNoticed)
        say("This waits for the end of what runs now (Ctrl-C stops it).", Tone::dim);
}

void Session::run_next() {
    while (!lines_.empty() && !worker_->busy() && !leaving_) {
        const std::string line = std::move(lines_.front());
        lines_.pop_front();
        begin(line);
    }
}

void Session::begin(const std::string& line) {
    const TypedLine typed = read_line(line);
    switch (typed.kind) {
        case TypedLine::Kind::empty:
            return;
        case TypedLine::Kind::task:
            return begin_task(typed.rest);
        case TypedLine::Kind::command:
            return begin_command(typed);
        case TypedLine::Kind::shell:
            return call("running " + typed.rest, Show::output, [this, command = typed.rest](std::stop_token stop) {
                return host_.run_command(command, stop);
            });
        case TypedLine::Kind::unknown:
            failed_ = true;
            say(typed.suggestion.empty()
                    ? fmt::format("There is no {}. /help lists what there is.", typed.rest)
                    : fmt::format("There is no {}. Did you mean {}?", typed.rest, typed.suggestion),
                Tone::loud);
    }
}

void Session::begin_task(std::string text) {
    view_->begin_task();
    task_running_ = true;
    launch([this, request = TaskRequest{std::move(text), options_.plan_first}](std::stop_token stop) {
        PostedEvents events(*exchange_);
        SessionPerson at_terminal(*exchange_, stop);
        UnattendedPerson nobody(options_.assume_yes, [&](std::string_view sentence) {
            events.event(agent::WarningEvent{std::string(sentence)});
        });
        agent::Person& person = interactive_ ? static_cast<agent::Person&>(at_terminal) : nobody;
        Result<std::string> done = host_.run_task(request, events, person, stop);
        return Done{Show::sentence, std::move(done), host_.status()};
    });
}

void Session::begin_command(const TypedLine& line) {
    const std::string rest = line.rest;
    switch (line.command) {
        case Command::help:
            return show_help();
        case Command::model:
            if (rest.empty())
                return call("asking for the models", Show::output,
                            [this](std::stop_token stop) { return model_list(host_, stop); });
            return call("loading the model", Show::sentence,
                        [this, rest](std::stop_token stop) { return host_.set_model(rest, stop); });
        case Command::plan:
            return set_planning(rest);
        case Command::test:
            return call("running the tests", Show::sentence, [this, rest](std::stop_token stop) {
                PostedEvents events(*exchange_);
                return host_.run_tests(rest.empty() ? std::nullopt : std::optional(rest), events, stop);
            });
        case Command::diff:
            return call("comparing", Show::diff, [this](std::stop_token) { return host_.diff(); });
        case Command::undo:
            return call("undoing", Show::sentence, [this](std::stop_token) { return host_.undo(); });
        case Command::redo:
            return call("redoing", Show::sentence, [this](std::stop_token) { return host_.redo(); });
        case Command::review:
            return call("reviewing", Show::output, [this, rest](std::stop_token stop) {
                SessionPerson at_terminal(*exchange_, stop, "Send exactly this?");
                UnattendedPerson nobody(options_.assume_yes);
                agent::Person& person = interactive_ ? static_cast<agent::Person&>(at_terminal) : nobody;
                return host_.review(rest, person, stop);
            });
        case Command::cost:
            return view_->show_cost();
        case Command::clear:
            return call("forgetting", Show::sentence, [this](std::stop_token) { return host_.clear(); });
        case Command::resume:
            return call("resuming", Show::sentence, [this](std::stop_token stop) { return host_.resume(stop); });
        case Command::quit:
            return leave(failed_ && !interactive_ ? 1 : 0);
    }
}

void Session::set_planning(const std::string& words) {
    if (words == "show") {
        if (view_->plan()) return view_->show_plan(*view_->plan());
        return say("There is no plan yet.");
    }
    if (words == "on" || words == "off") options_.plan_first = words == "on";
    if (words.empty() || words == "on" || words == "off")
        return say(options_.plan_first ? "A plan is shown and asked for before the first edit."
                                       : "Work begins without asking for the plan.");
    say("/plan takes on, off or show.", Tone::loud);
}

void Session::call(const std::string& what, Show show, Call call) {
    view_->begin_job(what);
    launch(
        [this, show, call = std::move(call)](std::stop_token stop) { return Done{show, call(stop), host_.status()}; });
}

void Session::launch(Worker::Job job) {
    stopping_ = false;
    job_started_ = clock_.now();
    worker_->start(std::move(job));
}

void Session::finish(Worker::Done done) {
    // A task that was stopped while it asked: what was typed before the question comes back.
    if (std::exchange(asking_, Asking::nothing) != Asking::nothing && editor_)
        editor_->exchange(std::exchange(draft_, {}));
    question_.reset();
    view_->set_status(std::move(done.status));
    task_running_ = false;
    view_->end_job();
    if (!done.text) {
        failed_ = true;
        const Error& error = done.text.error();
        say(error.code == ErrorCode::cancelled ? "Stopped: " + error.message : "Error: " + error.message, Tone::loud);
        if (!error.remedy.empty()) say(error.remedy);
    } else if (done.show == Show::diff) {
        if (done.text->empty())
            say("Nothing was changed.");
        else
            view_->display().print(diff_rows(*done.text, view_->display().code_width(), 5000));
    } else if (done.show == Show::output) {
        print_output(view_->display(), *done.text);
    } else if (done.show == Show::sentence && !done.text->empty()) {
        say(*done.text, Tone::bold);
    }
    // What nobody read in time is not lost: it is the next task.
    for (const std::string& note : exchange_->take_redirects()) {
        if (stopping_) {
            say("Not read before the stop: " + note, Tone::dim);
        } else {
            // A second slash keeps one that is no command's from being read as one.
            lines_.push_back(note.starts_with('/') ? "/" + note : note);
        }
    }
    stopping_ = false;
}

void Session::show_help() {
    view_->settle();
    Display& display = view_->display();
    const std::string under(23, ' ');
    for (const CommandHelp& each : command_table()) {
        std::string name = std::string(each.name) + (each.words.empty() ? "" : " ") + std::string(each.words);
        name.resize(std::max<std::size_t>(name.size(), 22), ' ');
        print_line(display, {{name, Tone::cyan}, {" " + std::string(each.says), Tone::plain}}, {.indent = under});
    }
    constexpr std::pair<std::string_view, std::string_view> kMore[] = {
        {"!COMMAND", "run it in the sandbox; nothing it writes is kept"},
        {"anything else", "a task; while one runs, a note to the agent"},
        {"a, e, r, d", "answer a question: approve, edit, reject, redirect"},
    };
    for (const auto& [name, says] : kMore)
        print_line(display, {{fmt::format("{:<22}", name), Tone::cyan}, {" " + std::string(says), Tone::plain}},
                   {.indent = under});
    if (!live_) return;
    print_line(display, toned_line(Tone::dim,
                                   "Keys: Tab completes, Up and Ctrl-R search the history, Alt-Enter or \\ at the end "
                                   "begins a line, Ctrl-C stops, "
                                   "Ctrl-D leaves. A line that begins with a blank is not remembered."));
}

}  // namespace ec::apps::session
