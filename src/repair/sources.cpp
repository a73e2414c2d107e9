#include <fnmatch.h>

#include <algorithm>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/repair/sources.hpp>

namespace ec::repair {
namespace {

using codeindex::Language;
using codeindex::Node;

constexpr std::size_t kMostLookedAt = 20'000;  // entries, for files that are too large
constexpr std::size_t kMostNamed = 3;

bool contains(std::initializer_list<std::string_view> set, std::string_view value) {
    return std::ranges::find(set, value) != set.end();
}

bool is_test_definition(const Node& node, const SourceUnit& unit) {
    const std::string_view kind = node.kind();
    if (kind == "decorated_definition") return is_test_definition(node.field("definition"), unit);
    if (kind != "function_definition" && kind != "class_definition") return false;
    const std::string_view name = unit.tree.text(node.field("name"));
    return name.starts_with("test") || name.starts_with("Test") ||
           (kind == "class_definition" && name.ends_with("Test"));
}

bool is_test_statement(const Node& node, const SourceUnit& unit) {
    const std::string_view kind = node.kind();
    const std::string_view text = unit.tree.text(node);
    if (kind == "assert_statement") return true;
    for (const std::string_view leaves :
         {"sys.exit(", "os._exit(", "process.exit(", "process.exitCode", "SystemExit"}) {
        if ((kind == "if_statement" || kind == "expression_statement" || kind == "raise_statement") &&
            text.find(leaves) != std::string_view::npos)
            return true;
    }
    if (kind == "if_statement" && unit.tree.language() == Language::python) {
        return unit.tree.text(node.field("condition")).find("__main__") != std::string_view::npos;
    }
    if (kind != "expression_statement") return false;
    for (const std::string_view start : {"assert", "test(", "it(", "describe(", "suite(", "console.assert"}) {
        if (text.starts_with(start)) return true;
    }
    return false;
}

/// "pkg/mod.py" as Python names it: "pkg.mod".
std::string dotted(std::string_view file) {
    std::string name(file.substr(0, file.find_last_of('.')));
    std::ranges::replace(name, '/', '.');
    return name;
}

bool names_file(executor::Framework framework, std::string_view id, std::string_view file) {
    using executor::Framework;
    const std::string module = dotted(file);
    if (framework == Framework::unittest) {
        // `-s DIR` leaves the folders out.
        const std::string_view stem = std::string_view(module).substr(module.find_last_of('.') + 1);
        return id.starts_with(module + ".") || id.starts_with(std::string(stem) + ".");
    }
    if (!id.starts_with(file)) return false;
    std::string_view rest = id.substr(file.size());
    if (rest.empty() || rest.starts_with(" > ")) return true;
    if (!rest.starts_with("::")) return false;
    // pytest names a doctest by its module, from somewhere above it on.
    rest.remove_prefix(2);
    for (std::string_view name = module;; name.remove_prefix(name.find('.') + 1)) {
        if (rest.starts_with(name) && (rest.size() == name.size() || rest[name.size()] == '.')) return false;
        if (name.find('.') == std::string_view::npos) return true;
    }
}

void collect_callables(const Node& node, const SourceUnit& unit, int depth, std::vector<std::string>& out) {
    constexpr int kDeepest = 12;
    if (depth > kDeepest) return;
    const std::string_view kind = node.kind();
    if (kind == "function_definition" || kind == "function_declaration" || kind == "method_definition") {
        out.emplace_back(unit.tree.text(node.field("name")));
    }
    for (std::uint32_t i = 0; i < node.named_child_count(); ++i)
        collect_callables(node.named_child(i), unit, depth + 1, out);
}

}  // namespace

bool is_test_or_configuration(std::string_view path) {
    const auto parts = split(path, '/');
    const std::string_view base = parts.back();
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
        if (contains({"test", "tests", "__tests__", "spec", "testing", "fixtures", "__mocks__", "node_modules", ".git"},
                     parts[i])) {
            return true;
        }
    }
    if (contains({"conftest.py", "setup.py", "noxfile.py", "tasks.py", "fabfile.py", "Gruntfile.js", "gulpfile.js"},
                 base))
        return true;
    const std::string_view stem = base.substr(0, base.find_last_of('.'));
    return base.starts_with("test_") || stem.ends_with("_test") || stem.ends_with(".test") || stem.ends_with(".spec") ||
           stem.ends_with("_spec") || stem.ends_with(".config") || stem == "test" || stem == "tests" ||
           base.starts_with("test-") || stem.ends_with("-test");
}

std::set<std::string> files_of_tests(const executor::TestCommand& command, const std::vector<std::string>& ids,
                                     const std::set<std::string>& files) {
    std::vector<std::string> words = command.words;
    words.insert(words.end(), command.runner_arguments.begin(), command.runner_arguments.end());
    if (words.empty()) {
        for (const std::string_view word : split(command.text, ' ')) words.emplace_back(word);
    }
    for (std::string& word : words) {
        std::erase_if(word, [](char c) { return c == '\'' || c == '"' || c == ';'; });
        word = word.substr(0, word.find("::"));
        word = (std::filesystem::path(command.directory) / word).lexically_normal().string();
    }
    std::set<std::string> tests;
    for (const std::string& file : files) {
        const bool by_command = std::ranges::any_of(
            words, [&](const std::string& word) { return ::fnmatch(word.c_str(), file.c_str(), 0) == 0; });
        const bool by_id =
            std::ranges::any_of(ids, [&](const std::string& id) { return names_file(command.framework, id, file); });
        // A doctest's command names the very files to be repaired.
        if (by_id || (by_command && command.framework != executor::Framework::doctest &&
                      std::ranges::find(command.words, "--doctest-modules") == command.words.end()))
            tests.insert(file);
    }
    return tests;
}

std::vector<std::pair<int, int>> test_line_ranges(const SourceUnit& unit) {
    std::vector<std::pair<int, int>> ranges;
    const Node root = unit.tree.root();
    for (std::uint32_t i = 0; i < root.named_child_count(); ++i) {
        const Node node = root.named_child(i);
        if (is_test_definition(node, unit) || is_test_statement(node, unit))
            ranges.emplace_back(node.line(), node.end_line());
    }
    return ranges;
}

std::optional<Language> repairable_language(std::string_view path) {
    const auto language = codeindex::language_of(path);
    switch (language.value_or(Language::cpp)) {
        case Language::python:
        case Language::javascript:
        case Language::typescript:
        case Language::tsx:
            return language;
        case Language::cpp:
        case Language::go:
        case Language::java:
        case Language::rust:
            break;
    }
    return std::nullopt;
}

std::vector<SourceUnit> load_units(const std::filesystem::path& root, const std::set<std::string>& files,
                                   bool with_tests, const std::stop_token& stop) {
    std::vector<SourceUnit> units;
    for (const std::string& file : files) {
        if (stop.stop_requested()) break;
        const auto language = repairable_language(file);
        if (!language || !is_inside_relative(file) || (!with_tests && is_test_or_configuration(file))) continue;
        std::error_code error;
        const auto real = std::filesystem::canonical(root / file, error);
        if (error || real != root / file) continue;  // a link somewhere on the way: not ours to replace
        auto text = read_file(real, kLargestSource);
        if (!text) continue;
        auto tree = codeindex::Tree::parse(*language, *std::move(text));
        if (!tree || tree->has_error()) continue;
        units.push_back({file, *std::move(tree)});
    }
    return units;
}

std::vector<std::string> sources_too_large(const std::filesystem::path& root, bool with_tests) {
    namespace fs = std::filesystem;
    const auto foreign = [](const std::string& name) {
        return name.starts_with('.') || name == "node_modules" || name == "__pycache__" || name == "venv" ||
               name == "dist" || name == "build" || name == "coverage";
    };
    std::vector<std::string> found;
    std::error_code error;
    fs::recursive_directory_iterator at(root, fs::directory_options::skip_permission_denied, error);
    for (std::size_t entries = 0; !error && at != fs::recursive_directory_iterator() && entries < kMostLookedAt;
         at.increment(error), ++entries) {
        std::error_code ignored;
        const fs::file_type type = at->symlink_status(ignored).type();
        if (type == fs::file_type::directory && foreign(at->path().filename())) at.disable_recursion_pending();
        if (type != fs::file_type::regular || !repairable_language(at->path().native())) continue;
        std::string path = at->path().lexically_relative(root).generic_string();
        const std::uintmax_t size = at->file_size(ignored);
        if (!ignored && size > kLargestSource && (with_tests || !is_test_or_configuration(path)))
            found.push_back(std::move(path));
    }
    std::ranges::sort(found);
    found.resize(std::min(found.size(), kMostNamed));
    return found;
}

std::vector<std::string> defined_callables(const SourceUnit& unit) {
    std::vector<std::string> names;
    collect_callables(unit.tree.root(), unit, 0, names);
    std::erase_if(names, [](const std::string& name) { return name.empty() || name.starts_with("__"); });
    return names;
}

}  // namespace ec::repair
