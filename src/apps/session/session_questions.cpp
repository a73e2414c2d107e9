// What the agent asks: shown, answered in words, edited.
#include <ec/core/text.hpp>
#include <utility>

#include "editor_program.hpp"
#include "questions.hpp"
#include "session.hpp"

namespace ec::apps::session {

using agent::Answer;

void Session::ask(Question question) {
    view_->settle();
    if (const auto* plan = std::get_if<PlanQuestion>(&question)) {
        view_->ask_plan(plan->plan);
    } else if (const auto* patch = std::get_if<PatchQuestion>(&question)) {
        view_->show_patch(patch->patch, patch->report ? &*patch->report : nullptr);
    } else {
        const auto& command = std::get<CommandQuestion>(question);
        say(command.command, Tone::bold);
        if (!command.why.empty()) say(command.why, Tone::dim);
    }
    say(question_text(question), Tone::loud);
    question_ = std::move(question);
    asking_ = Asking::choice;
    view_->set_waiting(true);
    prompted_ = false;
    // What was being typed is no answer; it comes back afterwards.
    if (editor_) draft_ = editor_->exchange({});
}

void Session::take_answer(std::string_view words) {
    if (asking_ != Asking::choice && trim(words).empty()) {
        asking_ = Asking::choice;
        return say(question_text(*question_), Tone::loud);
    }
    if (asking_ == Asking::redirect) return answer({Answer::Kind::redirect, std::string(trim(words))});
    if (asking_ == Asking::edit) return answer({Answer::Kind::edit, std::string(words)});
    const std::optional<Answer> read = read_answer(words);
    if (!read) {
        say("Answer with a, e, r or d and Enter; words behind d say what to do instead.");
        return say(question_text(*question_), Tone::loud);
    }
    if (read->kind == Answer::Kind::edit) return edit_answer();
    if (read->kind == Answer::Kind::redirect && read->text.empty()) {
        asking_ = Asking::redirect;
        return say("What should it do instead?");
    }
    answer(*read);
}

// In the person's editor; where none is named, on the input line, or in an editor that is installed.
void Session::edit_answer() {
    const std::string before = editable_text(*question_);
    if (options_.editor.empty() && editor_) {
        asking_ = Asking::edit;
        editor_->exchange(std::string(trim(before)));
        return;
    }
    const auto ask_again = [this](const std::string& sentence) {
        say(sentence, Tone::loud);
        say(question_text(*question_), Tone::loud);
    };
    const std::string program = options_.editor.empty() ? installed_editor() : options_.editor;
    if (program.empty())
        return ask_again("There is no editor here: set EDITOR to one, or answer with d and what to do instead.");
    if (live_) live_->leave();
    if (raw_) raw_->pause();
    Result<std::string> after = edit_with_program(program, editable_name(*question_), before);
    if (raw_) raw_->go_on();
    if (live_) live_->forget();
    // Ctrl-C and new sizes during the editor were the editor's.
    (void)signals_->take();
    resize();
    if (!after) return ask_again(after.error().message);
    if (*after == before) return ask_again("Nothing was changed.");
    answer({Answer::Kind::edit, *std::move(after)});
}

void Session::answer(Answer answer) {
    asking_ = Asking::nothing;
    view_->set_waiting(false);
    question_.reset();
    if (editor_) editor_->exchange(std::exchange(draft_, {}));
    exchange_->answer(std::move(answer));
}

}  // namespace ec::apps::session
