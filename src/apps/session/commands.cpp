#include "commands.hpp"

#include <algorithm>
#include <ec/core/text.hpp>
#include <numeric>

namespace ec::apps::session {
namespace {

// Damerau-Levenshtein distance with adjacent swaps (optimal string alignment), for the words of a dozen letters here.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> table(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) table[i][0] = i;
    std::iota(table[0].begin(), table[0].end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
            table[i][j] = std::min({table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + change});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                table[i][j] = std::min(table[i][j], table[i - 2][j - 2] + 1);
        }
    }
    return table[a.size()][b.size()];
}

std::string closest(std::string_view word) {
    if (word.size() > 24) return {};
    std::string best;
    std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (const CommandHelp& each : command_table()) {
        const std::size_t far = distance(word, each.name);
        if (far < least) least = far, best = each.name;
    }
    return best;
}

}  // namespace

const std::vector<CommandHelp>& command_table() {
    static const std::vector<CommandHelp> kTable{
        {Command::help, "/help", "", "this list"},
        {Command::model, "/model", "[NAME]", "show the models, or use another one"},
        {Command::plan, "/plan", "[on|off|show]", "ask with a plan before edits, or show the last plan"},
        {Command::test, "/test", "[COMMAND]", "run the tests; with a command, from now on with that one"},
        {Command::diff, "/diff", "", "what this session changed"},
        {Command::undo, "/undo", "", "one step back, files and conversation"},
        {Command::redo, "/redo", "", "take the last /undo back"},
        {Command::review, "/review", "[WORDS]", "queue, list, show, send, accept, reject"},
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
