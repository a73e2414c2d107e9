// `go test -json`: one JSON object a line (https://pkg.go.dev/cmd/test2json).
#include <ec/core/text.hpp>
#include <ec/executor/trace_text.hpp>
#include <ec/json/json.hpp>
#include <map>

#include "parsers/fields.hpp"
#include "parsers/parsed.hpp"

namespace ec::executor {
namespace {

using json::Object;
using json::Value;

struct Running {
    std::string output;
    bool begun = false;  ///< false: only its output has come, as that of a build
};

class GoReader {
public:
    GoReader(Parsed& parsed, const std::filesystem::path& workspace) : parsed_(parsed), workspace_(workspace) {}

    void read(std::string_view line) {
        const auto value = json::parse(to_valid_utf8(line));
        if (!value || !value->is_object()) return;
        const Object& event = value->get_object();
        const std::string_view action = string_of(event, "Action");
        if (action.empty()) return;
        parsed_.found = true;
        std::string package(string_of(event, "Package"));
        if (package.empty()) package = std::string(string_of(event, "ImportPath"));
        const std::string_view test = string_of(event, "Test");
        if (running_.size() > kMaxTests) return;
        const std::string key = test.empty() ? package : package + "." + std::string(test);
        if (action == "start" || action == "run")
            running_[key].begun = true;
        else if (action == "output" || action == "build-output")
            output(key, string_of(event, "Output"));
        else if (action == "pass" || action == "fail" || action == "skip")
            end(event, key, package, test, action);
        if (action == "build-fail") output(key, "");
    }

    /// "FAIL<tab>package [build failed]": what go prints as plain text up to 1.23 when a test does not compile.
    void read_plain(std::string_view line) {
        if (!line.starts_with("FAIL\t") || !line.ends_with(" failed]")) return;
        line.remove_prefix(5);
        const std::size_t bracket = line.find(" [");
        if (bracket == std::string_view::npos) return;
        parsed_.found = true;
        const std::string_view what = line.substr(bracket + 2, line.size() - bracket - 3);
        cases_.add(
            {.id = std::string(line.substr(0, bracket)), .outcome = TestOutcome::error, .message = std::string(what)});
    }

    void finish() {
        for (const auto& [key, state] : running_) {
            if (!state.begun) continue;
            parsed_.problem = "the test runner stopped before its end";
            cases_.add(
                {.id = key, .outcome = TestOutcome::error, .message = "did not finish", .details = state.output});
        }
        if (cases_.overflowed()) parsed_.problem = "the report holds more than 100000 tests";
        parsed_.complete = parsed_.found && parsed_.problem.empty();
        if (!parsed_.found) parsed_.problem = "the output is not what go test -json prints";
        parsed_.tests = cases_.take();
    }

private:
    void output(const std::string& key, std::string_view text) {
        Running& state = running_[key];
        if (state.output.size() < 4 * kMaxDetails) state.output += text;
    }

    void end(const Object& event, const std::string& key, const std::string& package, std::string_view test,
             std::string_view action) {
        const Running state = running_[key];
        running_.erase(key);
        if (test.empty()) {
            // The package as a whole: of interest only when it failed and none of its tests did (it did not build).
            if (action == "fail" && !failed_packages_.contains(package)) {
                std::string text = state.output;
                if (const auto built = running_.find(package); built != running_.end())
                    text = built->second.output + text;
                // Newer versions tell what the compiler said under "package [package.test]".
                const std::string build = package + " [";
                for (auto other = running_.lower_bound(build);
                     other != running_.end() && other->first.starts_with(build);) {
                    text = other->second.output + text;
                    other = running_.erase(other);
                }
                add(key, TestOutcome::error, 0, text);
            }
            return;
        }
        double seconds = 0;
        if (const Value* elapsed = event.if_contains("Elapsed"); elapsed != nullptr && elapsed->is_number()) {
            seconds = elapsed->to_number<double>();
        }
        if (action == "fail") failed_packages_[package] = true;
        add(key,
            action == "pass"   ? TestOutcome::passed
            : action == "skip" ? TestOutcome::skipped
                               : TestOutcome::failed,
            seconds, state.output);
    }

    void add(const std::string& id, TestOutcome outcome, double seconds, const std::string& output) {
        TestCase test{.id = id, .outcome = outcome, .duration = from_seconds(seconds)};
        if (outcome == TestOutcome::failed || outcome == TestOutcome::error) {
            test.details = output;
            test.message = message(output);
            test.frames = frames_from_text(cap_middle(output, kMaxDetails), workspace_);
        }
        cases_.add(std::move(test));
    }

    /// The first line that is not the runner's own bookkeeping.
    static std::string message(std::string_view output) {
        for (const std::string_view line : split_lines(output)) {
            const std::string_view text = trim(line);
            if (text.empty() || text.starts_with("=== ") || text.starts_with("--- ") || text == "FAIL" ||
                text.starts_with("# "))
                continue;
            return std::string(text);
        }
        return {};
    }

    Parsed& parsed_;
    const std::filesystem::path& workspace_;
    CaseList cases_;
    std::map<std::string, Running, std::less<>> running_;
    std::map<std::string, bool, std::less<>> failed_packages_;
};

}  // namespace

Parsed parse_go_json(std::string_view text, const std::filesystem::path& workspace) {
    Parsed parsed{.runner = "go-test"};
    GoReader reader(parsed, workspace);
    for (const std::string_view line : split_lines(text)) {
        if (line.starts_with('{'))
            reader.read(line);
        else
            reader.read_plain(line);
    }
    reader.finish();
    return parsed;
}

}  // namespace ec::executor
