// Names under which test_run() asks runners to leave their reports, for read_test_report() to find them again. Our own
// helpers choose names of their own: events-*.jsonl.
#pragma once

#include <string_view>

namespace ec::executor {

inline constexpr std::string_view kEventsPrefix = "events-";
inline constexpr std::string_view kPytestFile = "pytest.xml";
inline constexpr std::string_view kVitestFile = "vitest.json";
inline constexpr std::string_view kCtestFile = "ctest.xml";
inline constexpr std::string_view kNodeDestination = "node-output";  // stays empty
inline constexpr std::string_view kGoFile = "go.jsonl";

}  // namespace ec::executor
