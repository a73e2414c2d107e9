#include "judge/narrow.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ec/core/text.hpp>
#include <set>

namespace ec::repair {
namespace {

namespace fs = std::filesystem;
using executor::Framework;
using executor::TestCommand;
using Words = std::vector<std::string>;

constexpr std::string_view kBetweenNames = " > ";
constexpr std::size_t kMaxIds = 400;
constexpr std::size_t kMaxWordBytes = 100'000;  // Linux refuses a single argument of 128 KiB

bool one_of(std::string_view word, std::span<const std::string_view> list) {
    return std::ranges::find(list, word) != list.end();
}

/// The runner's words without those that name files or tests. `valued` are options that take the next word.
Words without_places(const TestCommand& command, std::span<const std::string_view> valued, const fs::path& workspace) {
    Words kept;
    bool takes_value = false;
    for (const std::string& word : command.runner_arguments) {
        const bool is_value = std::exchange(takes_value, false);
        if (word.starts_with('-')) {
            takes_value = one_of(word, valued);
            kept.push_back(word);
            continue;
        }
        if (is_value) {
            kept.push_back(word);
            continue;
        }
        std::error_code ignored;
        const bool place = fs::exists(workspace / command.directory / word.substr(0, word.find("::")), ignored) ||
                           word.find_first_of("*?{") != std::string::npos;
        if (!place) kept.push_back(word);
    }
    return kept;
}

std::string escape_regex(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (std::string_view(R"(\^$.|?*+()[]{}/)").find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
    return out;
}

struct NamedTest {
    std::string file;                ///< relative to the command's directory
    std::vector<std::string> names;  ///< from the outermost suite inwards; empty: the file as a whole
};

std::vector<NamedTest> named_tests(const TestCommand& command, std::span<const std::string> ids) {
    std::vector<NamedTest> tests;
    for (const std::string& id : ids) {
        NamedTest test;
        std::string_view rest = id;
        const auto cut = rest.find(kBetweenNames);
        test.file =
            fs::path(rest.substr(0, cut)).lexically_relative(fs::path(command.directory).lexically_normal()).native();
        while (rest.find(kBetweenNames) != std::string_view::npos) {
            rest.remove_prefix(rest.find(kBetweenNames) + kBetweenNames.size());
            test.names.emplace_back(rest.substr(0, rest.find(kBetweenNames)));
        }
        tests.push_back(std::move(test));
    }
    return tests;
}

Words files_of(const std::vector<NamedTest>& tests) {
    Words files;
    for (const NamedTest& test : tests)
        if (std::ranges::find(files, test.file) == files.end()) files.push_back(test.file);
    return files;
}

bool whole_files(const std::vector<NamedTest>& tests) {
    return std::ranges::any_of(tests, [](const NamedTest& test) { return test.names.empty(); });
}

/// One expression for the full titles, the names joined by a space as mocha and jest do.
std::string title_pattern(const std::vector<NamedTest>& tests) {
    std::string pattern;
    for (const NamedTest& test : tests) {
        Words escaped;
        for (const std::string& name : test.names) escaped.push_back(escape_regex(name));
        pattern += (pattern.empty() ? "^(" : "|") + join(escaped, " ");
    }
    return pattern + ")$";
}

Words pytest(const TestCommand& command, std::span<const std::string> ids, const fs::path& workspace) {
    static constexpr std::array<std::string_view, 24> kValued = {
        "-k",         "-m",          "-p",        "-c",           "-o",           "-n",        "-W",
        "-r",         "--tb",        "--maxfail", "--rootdir",    "--confcutdir", "--ignore",  "--deselect",
        "--basetemp", "--junitxml",  "--cov",     "--cov-report", "--durations",  "--capture", "--import-mode",
        "--timeout",  "--log-level", "--color"};
    Words words = without_places(command, kValued, workspace);
    for (const std::string& id : ids) words.push_back(id);
    return words;
}

Words unittest(const TestCommand& command, std::span<const std::string> ids) {
    // unittest imports what its words name and then filters, so that the names mean the same with discovery.
    Words words = command.runner_arguments;
    for (const std::string& id : ids) {
        words.emplace_back("-k");
        words.push_back(id);
    }
    return words;
}

Words node_test(const TestCommand& command, const std::vector<NamedTest>& tests, const fs::path& workspace) {
    static constexpr std::array<std::string_view, 8> kValued = {"--test-concurrency",  "--test-timeout",
                                                                "--test-reporter",     "--test-reporter-destination",
                                                                "--test-name-pattern", "-r",
                                                                "--require",           "--import"};
    Words words = without_places(command, kValued, workspace);
    if (!whole_files(tests)) {
        std::set<std::string> names;
        for (const NamedTest& test : tests) names.insert(test.names.begin(), test.names.end());
        for (const std::string& name : names) words.push_back("--test-name-pattern=^" + escape_regex(name) + "$");
    }
    std::ranges::copy(files_of(tests), std::back_inserter(words));
    return words;
}

Words mocha(const TestCommand& command, const std::vector<NamedTest>& tests, const fs::path& workspace) {
    static constexpr std::array<std::string_view, 16> kValued = {
        "-R",     "--reporter", "-r",     "--require", "-t",       "--timeout",   "-u",        "--ui",
        "--file", "-g",         "--grep", "--ignore",  "--config", "--extension", "--retries", "-O"};
    Words words = without_places(command, kValued, workspace);
    std::erase_if(words, [](const std::string& word) { return word == "--recursive" || word.starts_with("--spec="); });
    if (!whole_files(tests)) {
        words.emplace_back("--grep");
        words.push_back(title_pattern(tests));
    }
    std::ranges::copy(files_of(tests), std::back_inserter(words));
    return words;
}

Words jest_like(const TestCommand& command, const std::vector<NamedTest>& tests, const fs::path& workspace) {
    static constexpr std::array<std::string_view, 12> kValued = {
        "-t", "--testNamePattern", "--reporters",  "--outputFile", "--reporter", "--testTimeout",
        "-c", "--config",          "--maxWorkers", "-w",           "--root",     "--dir"};
    Words words = without_places(command, kValued, workspace);
    if (!whole_files(tests)) {
        words.emplace_back("-t");
        // vitest 1 puts a space in front of a full title, for the suite without a name that each file is to it.
        const std::string pattern = title_pattern(tests);
        words.push_back(command.framework == Framework::vitest ? "^ ?" + pattern.substr(1) : pattern);
    }
    if (command.framework == Framework::jest) words.emplace_back("--runTestsByPath");
    std::ranges::copy(files_of(tests), std::back_inserter(words));
    return words;
}

}  // namespace

std::optional<TestCommand> narrow(const TestCommand& command, std::span<const std::string> ids,
                                  const fs::path& workspace) {
    if (ids.empty() || ids.size() > kMaxIds || command.words.size() < command.runner_arguments.size())
        return std::nullopt;
    const auto tail = command.words.end() - static_cast<std::ptrdiff_t>(command.runner_arguments.size());
    if (!std::equal(tail, command.words.end(), command.runner_arguments.begin())) return std::nullopt;
    Words words;
    switch (command.framework) {
        case Framework::pytest:
            words = pytest(command, ids, workspace);
            break;
        case Framework::unittest:
            words = unittest(command, ids);
            break;
        case Framework::node_test:
            words = node_test(command, named_tests(command, ids), workspace);
            break;
        case Framework::mocha:
            words = mocha(command, named_tests(command, ids), workspace);
            break;
        case Framework::jest:
        case Framework::vitest:
            words = jest_like(command, named_tests(command, ids), workspace);
            break;
        default:
            return std::nullopt;
    }
    std::size_t bytes = 0;
    for (const std::string& word : words) bytes += word.size() + 1;
    if (bytes > kMaxWordBytes) return std::nullopt;
    TestCommand narrowed = command;
    narrowed.words.assign(command.words.begin(), tail);
    // One test file run by itself reports the same as under --test, and saves the process that only watches.
    if (command.framework == Framework::node_test && files_of(named_tests(command, ids)).size() == 1 &&
        !whole_files(named_tests(command, ids)) && narrowed.words.back() == "--test") {
        narrowed.words.pop_back();
    }
    narrowed.words.insert(narrowed.words.end(), words.begin(), words.end());
    narrowed.runner_arguments = std::move(words);
    return narrowed;
}

std::vector<NarrowedRun> narrowed_runs(const TestCommand& command, std::span<const std::string> ids,
                                       const fs::path& workspace) {
    std::vector<NarrowedRun> runs;
    const auto file_of = [](std::string_view id) { return id.substr(0, id.find(kBetweenNames)); };
    for (const std::string& id : ids) {
        const auto same = std::ranges::find_if(runs, [&](const NarrowedRun& run) {
            return command.framework != Framework::node_test || file_of(run.tests.front()) == file_of(id);
        });
        if (same != runs.end())
            same->tests.push_back(id);
        else
            runs.push_back({command, {id}});
    }
    for (NarrowedRun& run : runs) {
        auto narrowed = narrow(command, run.tests, workspace);
        if (!narrowed) return {};
        run.command = *std::move(narrowed);
    }
    return runs;
}

}  // namespace ec::repair
