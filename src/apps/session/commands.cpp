#include "commands.hpp"

#include <ec/core/closest_word.hpp>
#include <ec/core/text.hpp>

namespace ec::apps::session {
namespace {

std::string closest(std::string_view word) {
    std::vector<std::string_view> names;
    for (const CommandHelp& each : command_table()) names.push_back(each.name);
    return std::string(closest_word(word, names));
}

}  // namespace

const std::vector<CommandHelp>& command_table() {
    static const std::vector<CommandHelp> kTable{
        {Command::help, "/help", "", "this list"},
        {Command::model, "/model", "[NAME]", "show the models, or use another one"},
        {Command::plan, "/plan", "[on|off|show]", "whether a plan is asked for before edits; the last plan"},
        {Command::test, "/test", "[COMMAND]", "run the tests; with a command, from now on with that one"},
        {Command::diff, "/diff", "", "what this session changed"},
        {Command::undo, "/undo", "", "take the last change back, files and conversation"},
        {Command::redo, "/redo", "", "take the last /undo back"},
        {Command::review, "/review", "[WORDS]", "ask a reviewer: queue, list, show, send, accept, reject"},
        {Command::cost, "/cost", "", "tokens, time, energy and money so far"},
        {Command::clear, "/clear", "", "forget the conversation; files stay"},
        {Command::resume, "/resume", "", "go on where the last session here stopped"},
        {Command::quit, "/quit", "", "leave"},
    };
    return kTable;
}

TypedLine read_line(std::string_view typed) {
    const std::string_view line = trim(typed);
    if (line.empty()) return {};
    if (line.front() == '!') {
        const std::string_view rest = trim(line.substr(1));
        return {rest.empty() ? TypedLine::Kind::empty : TypedLine::Kind::shell, {}, std::string(rest), {}};
    }
    if (line.starts_with("//")) return {TypedLine::Kind::task, {}, std::string(line.substr(1)), {}};
    const std::string_view word = line.substr(0, line.find_first_of(" \t\n"));
    if (line.front() != '/' || word.find('/', 1) != std::string_view::npos)
        return {TypedLine::Kind::task, {}, std::string(line), {}};
    const std::string rest(trim(line.substr(word.size())));
    const CommandHelp* begun = nullptr;
    int count = 0;
    for (const CommandHelp& each : command_table()) {
        if (each.name == word) return {TypedLine::Kind::command, each.command, rest, {}};
        if (each.name.starts_with(word)) begun = &each, ++count;
    }
    if (count == 1 && word.size() > 1) return {TypedLine::Kind::command, begun->command, rest, {}};
    return {TypedLine::Kind::unknown, {}, std::string(word), closest(word)};
}

}  // namespace ec::apps::session
