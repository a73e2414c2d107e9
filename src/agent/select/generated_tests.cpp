#include "generated_tests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <ec/core/text.hpp>
#include <map>

#include "../edits/definitions.hpp"

namespace ec::agent {
namespace {

constexpr std::size_t kLongestAssertion = 600;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$'; }

/// `name` as a word of its own.
bool mentions(std::string_view text, std::string_view name) {
    for (std::size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
        const std::size_t end = at + name.size();
        if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]))) return true;
    }
    return false;
}

/// Without "- ", "* ", "3. " or "3) ", the prompts of a shell, and backticks around the whole.
std::string_view bare(std::string_view line) {
    line = trim(line);
    std::size_t digits = 0;
    while (digits < line.size() && std::isdigit(static_cast<unsigned char>(line[digits])) != 0) ++digits;
    if (digits > 0 && digits < line.size() && (line[digits] == '.' || line[digits] == ')'))
        line.remove_prefix(digits + 1);
    for (const std::string_view mark : {"- ", "* ", ">>> ", "> "}) {
        if (line.starts_with(mark)) line.remove_prefix(mark.size());
    }
    line = trim(line);
    while (line.size() > 1 && line.starts_with('`') && line.ends_with('`')) line = line.substr(1, line.size() - 2);
    return trim(line);
}

bool asserts(std::string_view line) {
    constexpr std::string_view kAssert = "assert";
    return line.starts_with(kAssert) && line.size() > kAssert.size() && !is_word(line[kAssert.size()]);
}

std::map<std::string, std::string> definitions(std::string_view text) {
    std::map<std::string, std::string> found;
    std::string name;
    for (const std::string_view line : split_lines(text)) {
        const std::set<std::string> defined = edits::defined_names({std::string(line)});
        if (!defined.empty()) name = *defined.begin();
        if (!name.empty()) found[name].append(trim(line)).append("\n");
    }
    return found;
}

}  // namespace

std::string assertion_request(AssertionLanguage language, const std::vector<std::string>& names) {
    const bool python = language == AssertionLanguage::python;
    return fmt::format(
        "Do not write the change yet. First write ten short tests that any right version of the change passes, for {}. "
        "Each is one line of {} of the form\n{}\nwith plain values as arguments and the exact result that the task "
        "asks "
        "for. Write these lines and nothing else.",
        join(names, ", "), python ? "Python" : "JavaScript",
        python ? "assert name(arguments) == result" : "assert.deepEqual(name(arguments), result);");
}

std::vector<std::string> assertions_in(std::string_view reply, const std::vector<std::string>& names,
                                       std::size_t most) {
    std::vector<std::string> found;
    for (const std::string_view line : split_lines(reply)) {
        const std::string_view assertion = bare(line);
        if (found.size() == most) break;
        if (assertion.size() > kLongestAssertion || !asserts(assertion) || !is_valid_utf8(assertion)) continue;
        if (std::ranges::none_of(names, [&](const std::string& name) { return mentions(assertion, name); })) continue;
        found.emplace_back(assertion);
    }
    return found;
}

std::vector<std::string> changed_definitions(std::string_view before, std::string_view after) {
    const auto old = definitions(before);
    std::vector<std::string> names;
    for (const auto& [name, text] : definitions(after)) {
        const auto same = old.find(name);
        if (same == old.end() || trim(same->second) != trim(text)) names.push_back(name);
    }
    return names;
}

}  // namespace ec::agent
