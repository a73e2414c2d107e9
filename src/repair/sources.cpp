#include <algorithm>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/repair/sources.hpp>

namespace ec::repair {
namespace {

using codeindex::Language;
using codeindex::Node;

constexpr std::uint64_t kLargestSource = 1 << 20;

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
    if (kind == "if_statement" && unit.tree.language() == Language::python) {
        return unit.tree.text(node.field("condition")).find("__main__") != std::string_view::npos;
    }
    if (kind != "expression_statement") return false;
    for (const std::string_view start : {"assert", "test(", "it(", "describe(", "suite(", "console.assert"}) {
        if (text.starts_with(start)) return true;
    }
    return false;
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

std::vector<SourceUnit> load_units(const std::filesystem::path& root, const std::set<std::string>& files,
                                   bool with_tests) {
    std::vector<SourceUnit> units;
    for (const std::string& file : files) {
        const auto language = codeindex::language_of(file);
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

std::vector<std::string> defined_callables(const SourceUnit& unit) {
    std::vector<std::string> names;
    collect_callables(unit.tree.root(), unit, 0, names);
    std::erase_if(names, [](const std::string& name) { return name.empty() || name.starts_with("__"); });
    return names;
}

}  // namespace ec::repair
