#include "cli_words.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <ec/core/closest_word.hpp>
#include <ec/core/text.hpp>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "terminal.hpp"

namespace ec::apps {
namespace {

constexpr std::size_t kShown = 60;

std::string in_quotes(std::string_view word) { return "'" + ellipsize(printable(word), kShown) + "'"; }

// "edgecoder model list"
std::string full_name(const CLI::App& app) {
    const CLI::App* parent = app.get_parent();
    return parent == nullptr ? app.get_name() : full_name(*parent) + " " + app.get_name();
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
    return app.get_subcommands([](const CLI::App* each) { return !each->get_name().empty(); });
}

// The outermost command that was given a word which it does not know; else the innermost that was reached.
const CLI::App& where_it_went_wrong(const CLI::App& app) {
    const std::vector<CLI::App*> reached = app.get_subcommands();
    return !app.remaining().empty() || reached.empty() ? app : where_it_went_wrong(*reached.back());
}

std::string unknown_option(const CLI::App& app, const std::string& word) {
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options()) {
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
    const std::vector<std::string_view> known(names.begin(), names.end());
    const std::string_view meant = closest_word(std::string_view(word).substr(0, word.find('=')), known);
    return fmt::format("no option {}{}", in_quotes(word),
                       meant.empty() ? "" : fmt::format("; did you mean '{}'?", meant));
}

std::string unknown_word(const CLI::App& app, const std::string& word) {
    std::vector<std::string_view> known;
    for (const CLI::App* each : commands_of(app)) known.push_back(each->get_name());
    if (known.empty())
        return fmt::format("nothing is done with {}; words that belong together need quotes", in_quotes(word));
    if (word.find(' ') != std::string::npos && app.get_parent() == nullptr)
        return fmt::format("no command {}; a task is given as: edgecoder run \"TASK\"", in_quotes(word));
    const std::string_view meant = closest_word(word, known);
    return fmt::format("no command {}{}", in_quotes(word),
                       meant.empty() ? "" : fmt::format("; did you mean '{}'?", meant));
}

}  // namespace

CLI::Validator whole_number(std::uint64_t least, std::uint64_t most) {
    return {[=](std::string& word) -> std::string {
                std::uint64_t value = 0;
                const char* end = word.data() + word.size();
                const auto [stop, problem] = std::from_chars(word.data(), end, value);
                if (problem == std::errc() && stop == end && value >= least && value <= most) return {};
                return most >= std::numeric_limits<std::int64_t>::max()
                           ? fmt::format("{} is not a whole number from {} on", in_quotes(word), least)
                           : fmt::format("{} is not a number from {} to {}", in_quotes(word), least, most);
            },
            ""};
}

CLI::Validator seconds() {
    return {[](std::string& word) -> std::string {
                // strtod alone also takes spaces in front, 0x10 and infinity.
                const bool decimal = word.find_first_not_of("0123456789.eE+-") == std::string::npos;
                char* end = nullptr;
                const double value = std::strtod(word.c_str(), &end);
                const bool whole = decimal && !word.empty() && end == word.c_str() + word.size();
                return whole && std::isfinite(value) ? "" : in_quotes(word) + " is not a number of seconds";
            },
            ""};
}

void explain_words(const CLI::App& app, const CLI::ParseError& error, std::ostream& err) {
    const CLI::App& here = where_it_went_wrong(app);
    std::vector<std::string> left = here.remaining();
    std::erase(left, "--");
    // What is wrong with a value says itself; the words behind it were not read yet.
    const bool of_words = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr ||
                          dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
    std::string sentence = error.what();
    if (of_words && !left.empty()) {
        const std::string& word = left.front();
        sentence = word.size() > 1 && word.front() == '-' ? unknown_option(here, word) : unknown_word(here, word);
    } else if (!commands_of(here).empty() && dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
        std::vector<std::string> names;
        for (const CLI::App* each : commands_of(here)) names.push_back(each->get_name());
        sentence = fmt::format("{} needs a command: {}", here.get_name(), join(names, ", "));
    }
    const std::string name = full_name(here);
    err << name.substr(0, name.find(' ')) << ": " << printable(sentence) << "\n"
        << "           '" << name << " --help' shows what there is\n";
}

}  // namespace ec::apps
