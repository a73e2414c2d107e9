#include <algorithm>
#include <ec/agent/test_discovery.hpp>
#include <ec/json/json.hpp>

namespace ec::agent {
namespace {

bool npm_has_tests(const FileSource& files) {
    const auto text = files.read("package.json");
    if (!text) return false;
    const auto document = json::parse(*text);
    if (!document || !document->is_object()) return false;
    json::Reader reader(*document, "package.json");
    json::Value scripts = reader.object("scripts");
    json::Reader script(scripts, "scripts");
    const std::string test = script.string("test");
    return !test.empty() && test.find("no test specified") == std::string::npos;
}

bool python_test(std::string_view path) {
    const auto slash = path.rfind('/');
    const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
    return name.ends_with(".py") && (name.starts_with("test_") || name.ends_with("_test.py"));
}

bool uses_unittest_alone(const FileSource& files, const std::vector<std::string>& tests) {
    return std::ranges::all_of(tests, [&](const std::string& path) {
        const std::string text = files.read(path).value_or("");
        return text.find("unittest") != std::string::npos && text.find("pytest") == std::string::npos;
    });
}

}  // namespace

std::string discover_test_command(const FileSource& files) {
    if (npm_has_tests(files)) return "npm test";
    const std::vector<std::string> paths = files.paths();
    const auto holds = [&](std::string_view name) { return std::ranges::find(paths, name) != paths.end(); };
    if (holds("Cargo.toml")) return "cargo test";
    if (holds("go.mod")) return "go test ./...";
    std::vector<std::string> tests;
    std::ranges::copy_if(paths, std::back_inserter(tests), python_test);
    if (tests.empty()) return {};
    const bool flat =
        std::ranges::none_of(tests, [](const std::string& path) { return path.find('/') != std::string::npos; });
    return flat && uses_unittest_alone(files, tests) ? "python3 -m unittest" : "python3 -m pytest -q";
}

}  // namespace ec::agent
