#include <algorithm>
#include <ec/executor/report.hpp>

namespace ec::executor {

std::string_view name(TestOutcome outcome) {
    switch (outcome) {
        case TestOutcome::passed:
            return "passed";
        case TestOutcome::failed:
            return "failed";
        case TestOutcome::error:
            return "error";
        case TestOutcome::skipped:
            return "skipped";
    }
    return "error";
}

std::size_t TestReport::count(TestOutcome outcome) const {
    return static_cast<std::size_t>(std::ranges::count(tests, outcome, &TestCase::outcome));
}

const TestCase* TestReport::find(std::string_view id) const {
    const auto found = std::ranges::find(tests, id, &TestCase::id);
    return found == tests.end() ? nullptr : &*found;
}

}  // namespace ec::executor
