#include <algorithm>
#include <cctype>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/executor/test_command.hpp>
#include <iterator>
#include <optional>

#include "package_scripts.hpp"
#include "recognise.hpp"
#include "shell_words.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

constexpr int kMaxScriptDepth = 5;

/// NAME of a NAME=value word, or nothing.
std::optional<std::pair<std::string, std::string>> assignment(std::string_view word) {
    const std::size_t equals = word.find('=');
    if (equals == 0 || equals == std::string_view::npos || std::isdigit(static_cast<unsigned char>(word[0])) != 0)
        return std::nullopt;
    const std::string_view name = word.substr(0, equals);
    const bool plain =
        std::ranges::all_of(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; });
    if (!plain) return std::nullopt;
    return std::pair(std::string(name), std::string(word.substr(equals + 1)));
}

/// `folder`/`target` inside the workspace, or nothing when that leads out of it.
std::optional<std::string> enter(const std::string& folder, std::string target, const fs::path& workspace) {
    if (target.starts_with('/')) {
        const fs::path relative = fs::path(target).lexically_relative(workspace);
        if (relative.empty()) return std::nullopt;
        target = relative.native();
    } else {
        target = (fs::path(folder) / target).native();
    }
    std::string result = fs::path(target).lexically_normal().native();
    if (result.size() > 1 && result.ends_with('/')) result.pop_back();
    if (result == ".") return result;
    return is_inside_relative(result) ? std::optional(result) : std::nullopt;
}

class Recogniser {
public:
    Recogniser(TestCommand& command, const fs::path& workspace) : command_(command), workspace_(workspace) {}

    /// Reads `text` as if typed in the command's directory. False when only a shell can run it.
    bool read(std::string_view text, int depth) {
        auto parts = read_shell(text);
        if (!parts || parts->empty()) return false;
        if (!take_directories(*parts)) return false;
        if (parts->size() > 1) {
            classify_last(*parts);
            return false;
        }
        Words words = expand_words(parts->front().words, workspace_ / command_.directory);
        take_environment(words);
        if (words.empty()) return false;
        return read_words(std::move(words), depth);
    }

private:
    bool take_directories(std::vector<ShellCommand>& parts) {
        while (parts.size() > 1 && parts.front().words.front().text == "cd") {
            const ShellCommand& cd = parts.front();
            if (cd.words.size() != 2 || cd.separator != "&&" || cd.words[1].text.starts_with('-')) return false;
            auto entered = enter(command_.directory, cd.words[1].text, workspace_);
            if (!entered) return false;
            command_.directory = *entered;
            parts.erase(parts.begin());
        }
        return true;
    }

    void take_environment(Words& words) {
        for (bool again = true; again && !words.empty();) {
            again = false;
            if (const auto set = assignment(words.front())) {
                command_.environment.push_back(*set);
                again = true;
            } else if (words.size() > 1 &&
                       (words.front() == "exec" ||
                        ((words.front() == "env" || words.front() == "cross-env") && assignment(words[1])))) {
                again = true;
            }
            if (again) words.erase(words.begin());
        }
    }

    bool read_words(Words words, int depth) {
        if (const auto script = package_script(words, workspace_, command_.directory))
            return read_script(*script, std::move(words), depth);
        if (auto tool = package_tool(words)) {
            const Words own = *tool;
            if (use_local_tool(*tool) || framework_of_program(own.front()) != Framework::command)
                words = std::move(*tool);
        } else if (framework_of_program(words.front()) != Framework::command) {
            use_local_tool(words);
        }
        apply(std::move(words));
        return true;
    }

    /// A script that one simple command makes up is replaced by that command, which starts faster and takes arguments
    /// anywhere; for any other, npm runs it and only its last command tells the runner.
    bool read_script(const PackageScript& script, Words words, int depth) {
        const TestCommand before = command_;
        std::string text = script.text;
        for (const std::string& argument : script.arguments) text += " " + shell_quote(argument);
        command_.directory = script.folder;
        if (script.alone && depth < kMaxScriptDepth && read(text, depth + 1)) return true;
        const Framework framework = command_.framework;
        Words arguments = command_.runner_arguments;
        command_ = before;
        command_.words = std::move(words);
        if (!script.alone) {
            if (const auto parts = read_shell(text); parts && !parts->empty()) classify_last(*parts);
        } else {
            command_.framework = framework;
            command_.runner_arguments = std::move(arguments);
        }
        return true;
    }

    /// npm puts node_modules/.bin in front of the PATH of its scripts; npx and yarn look there too.
    bool use_local_tool(Words& words) {
        const auto path = local_tool(words.front(), workspace_, command_.directory);
        if (!path) return false;
        words.front() = *path;
        return true;
    }

    void apply(Words words) {
        Recognised found = recognise_words(words);
        command_.framework = found.framework;
        command_.interpreter = std::move(found.interpreter);
        command_.runner_arguments = std::move(found.runner_arguments);
        command_.words = std::move(words);
    }

    /// Of several commands joined by && only the last can be asked for a report by words put at the end of the text.
    void classify_last(const std::vector<ShellCommand>& parts) {
        const bool all_and = std::ranges::all_of(parts.begin(), std::prev(parts.end()),
                                                 [](const ShellCommand& part) { return part.separator == "&&"; });
        if (!all_and || !parts.back().separator.empty()) return;
        Words words = expand_words(parts.back().words, workspace_ / command_.directory);
        while (!words.empty() && assignment(words.front())) words.erase(words.begin());
        if (words.empty()) return;
        if (auto tool = package_tool(words)) words = std::move(*tool);
        const Recognised found = recognise_words(words);
        constexpr Framework kByArgumentOrEnvironment[] = {Framework::pytest, Framework::node_test, Framework::jest,
                                                          Framework::vitest, Framework::mocha,     Framework::ctest,
                                                          Framework::tap};
        if (std::ranges::find(kByArgumentOrEnvironment, found.framework) == std::end(kByArgumentOrEnvironment)) return;
        command_.framework = found.framework;
        command_.runner_arguments = found.runner_arguments;
    }

    TestCommand& command_;
    const fs::path& workspace_;
};

}  // namespace

std::string_view name(Framework framework) {
    switch (framework) {
        case Framework::pytest:
            return "pytest";
        case Framework::unittest:
            return "unittest";
        case Framework::doctest:
            return "doctest";
        case Framework::node_test:
            return "node-test";
        case Framework::jest:
            return "jest";
        case Framework::vitest:
            return "vitest";
        case Framework::mocha:
            return "mocha";
        case Framework::tap:
            return "tap";
        case Framework::ctest:
            return "ctest";
        case Framework::go_test:
            return "go-test";
        case Framework::cargo_test:
            return "cargo-test";
        case Framework::command:
            return "command";
    }
    return "command";
}

TestCommand recognise_test_command(std::string_view text, const fs::path& workspace) {
    TestCommand command;
    command.text = std::string(trim(text));
    if (Recogniser(command, workspace).read(command.text, 0)) return command;
    command.words.clear();
    command.environment.clear();
    command.interpreter.clear();
    command.directory = ".";
    return command;
}

}  // namespace ec::executor
