#include "recognise.hpp"

#include <algorithm>
#include <array>
#include <ec/core/text.hpp>
#include <optional>

namespace ec::executor {
namespace {

using Words = std::vector<std::string>;

bool one_of(std::string_view word, std::initializer_list<std::string_view> list) {
    return std::ranges::find(list, word) != list.end();
}

Words slice(const Words& words, std::size_t from, std::size_t to) {
    const auto at = [&](std::size_t i) {
        return words.begin() + static_cast<std::ptrdiff_t>(std::min(i, words.size()));
    };
    return from < to ? Words(at(from), at(to)) : Words();
}

bool is_python(std::string_view program) {
    for (const std::string_view stem : {"python", "pypy"}) {
        if (!program.starts_with(stem)) continue;
        return program.find_first_not_of("0123456789.dt", stem.size()) == std::string_view::npos;
    }
    return false;
}

Framework framework_of_module(std::string_view module) {
    if (one_of(module, {"pytest", "py.test", "pytest.__main__"})) return Framework::pytest;
    if (one_of(module, {"unittest", "unittest.__main__"})) return Framework::unittest;
    if (module == "doctest") return Framework::doctest;
    return Framework::command;
}

/// Takes "-Im pytest", "-mpytest" apart into "-I" "-m" "pytest", so that "-m" always stands alone.
void separate_module_flag(Words& words, std::size_t at) {
    const std::string word = words[at];
    const std::size_t m = word.find('m', 1);
    if (word.size() < 2 || word[0] != '-' || word[1] == '-' || m == std::string::npos) return;
    if (word.find_first_not_of("bBdEiIOPqRsSuvVx", 1) != m) return;
    Words parts;
    if (m > 1) parts.push_back(word.substr(0, m));
    parts.emplace_back("-m");
    if (m + 1 < word.size()) parts.push_back(word.substr(m + 1));
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(at));
    words.insert(words.begin() + static_cast<std::ptrdiff_t>(at), parts.begin(), parts.end());
}

std::optional<Recognised> recognise_from(Words& words, std::size_t start);

std::optional<Recognised> recognise_python(Words& words, std::size_t start) {
    for (std::size_t i = start + 1; i < words.size(); ++i) {
        separate_module_flag(words, i);
        const std::string& word = words[i];
        if (word == "-m") {
            if (i + 1 >= words.size()) return std::nullopt;
            if (words[i + 1] == "coverage") return recognise_from(words, i + 1);
            const Framework framework = framework_of_module(words[i + 1]);
            if (framework == Framework::command) return std::nullopt;
            return Recognised{framework, slice(words, 0, i), slice(words, i + 2, words.size())};
        }
        if (word == "-W" || word == "-X" || word == "--check-hash-based-pycs") {
            ++i;
        } else if (word == "-c" || word == "-" || word == "--") {
            return std::nullopt;
        } else if (!word.starts_with('-')) {
            // A script file: a console script of the runner is the runner, anything else is a program of its own.
            if (!one_of(program_name(word), {"pytest", "py.test", "coverage"})) return std::nullopt;
            auto inner = recognise_from(words, i);
            if (inner && inner->interpreter.empty()) inner->interpreter = slice(words, 0, i);
            return inner;
        }
    }
    return std::nullopt;
}

/// The runner behind a path inside node_modules, as in `node node_modules/jest/bin/jest.js`.
Framework framework_of_node_script(std::string_view script) {
    constexpr std::string_view kFolder = "node_modules/";
    const std::size_t at = script.rfind(kFolder);
    if (at == std::string_view::npos) return Framework::command;
    std::string_view rest = script.substr(at + kFolder.size());
    if (rest.starts_with(".bin/")) rest.remove_prefix(5);
    return framework_of_program(rest.substr(0, rest.find('/')));
}

std::optional<Recognised> recognise_node(const Words& words, std::size_t start) {
    for (std::size_t i = start + 1; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (word == "--test")
            return Recognised{Framework::node_test, slice(words, 0, i), slice(words, i + 1, words.size())};
        if (one_of(word, {"-r", "--require", "--import", "--loader", "--experimental-loader", "-C", "--conditions"})) {
            ++i;
        } else if (one_of(word, {"-e", "--eval", "-p", "--print", "--", "-"})) {
            return std::nullopt;
        } else if (!word.starts_with('-')) {
            const Framework framework = framework_of_node_script(word);
            if (framework == Framework::command) return std::nullopt;
            return Recognised{framework, slice(words, 0, i), slice(words, i + 1, words.size())};
        }
    }
    return std::nullopt;
}

/// `coverage run [options] -m pytest …`, where options may take a value.
std::optional<Recognised> recognise_coverage(Words& words, std::size_t start) {
    for (std::size_t i = start + 1; i + 1 < words.size(); ++i) {
        if (words[i] != "-m") continue;
        const Framework framework = framework_of_module(words[i + 1]);
        if (framework == Framework::command) return std::nullopt;
        return Recognised{framework, {}, slice(words, i + 2, words.size())};
    }
    return std::nullopt;
}

/// Programs that only prepare things and then run the rest of their words.
std::optional<std::size_t> wrapped_command(const Words& words, std::size_t start) {
    const std::string_view program = program_name(words[start]);
    std::size_t next = start + 1;
    if (one_of(program, {"poetry", "pipenv", "uv", "pdm", "hatch", "rye"})) {
        if (next >= words.size() || words[next] != "run") return std::nullopt;
        ++next;
    } else if (!one_of(program,
                       {"c8", "nyc", "time", "nice", "xvfb-run", "cross-env", "cross-env-shell", "dotenv", "tsx"})) {
        return std::nullopt;
    }
    while (next < words.size() && (words[next].starts_with('-') || words[next].find('=') != std::string::npos)) ++next;
    return next < words.size() ? std::optional(next) : std::nullopt;
}

std::optional<Recognised> recognise_from(Words& words, std::size_t start) {
    if (start >= words.size()) return std::nullopt;
    const std::string_view program = program_name(words[start]);
    if (is_python(program)) return recognise_python(words, start);
    if (program == "node" || program == "nodejs") return recognise_node(words, start);
    if (program == "coverage" || program == "coverage3") return recognise_coverage(words, start);
    if (program == "go" || program == "cargo") {
        std::size_t next = start + 1;
        if (program == "cargo" && next < words.size() && words[next].starts_with('+')) ++next;
        if (next >= words.size() || !(words[next] == "test" || (program == "cargo" && words[next] == "t")))
            return std::nullopt;
        return Recognised{
            program == "go" ? Framework::go_test : Framework::cargo_test, {}, slice(words, next + 1, words.size())};
    }
    if (const Framework framework = framework_of_program(program); framework != Framework::command) {
        return Recognised{framework, {}, slice(words, start + 1, words.size())};
    }
    if (const auto inner = wrapped_command(words, start)) return recognise_from(words, *inner);
    return std::nullopt;
}

}  // namespace

Framework framework_of_program(std::string_view program) {
    if (one_of(program, {"pytest", "py.test", "pytest-3"})) return Framework::pytest;
    if (program == "jest") return Framework::jest;
    if (program == "vitest") return Framework::vitest;
    if (one_of(program, {"mocha", "_mocha"})) return Framework::mocha;
    if (one_of(program, {"tap", "tape", "prove"})) return Framework::tap;
    if (program == "ctest") return Framework::ctest;
    return Framework::command;
}

Recognised recognise_words(std::vector<std::string>& words) { return recognise_from(words, 0).value_or(Recognised{}); }

}  // namespace ec::executor
