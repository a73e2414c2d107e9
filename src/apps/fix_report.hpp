// How a repair is told: as JSON for programs, as text for people.
#pragma once

#include <chrono>
#include <ec/json/json.hpp>
#include <ec/repair/repair.hpp>
#include <iosfwd>
#include <string>

#include "terminal.hpp"

namespace ec::apps {

struct FixSummary {
    std::chrono::milliseconds wall{0};
    std::string tier;
    bool applied = false;
};

/// The JSON document of DESIGN section 5.
json::Value fix_json(const repair::RepairResult& result, const FixSummary& summary);
/// The same document for a run that ended in an error.
json::Value fix_error_json(const Error& error, const FixSummary& summary);
/// Text for a person; the patch itself is not part of it.
void print_fix(const repair::RepairResult& result, const FixSummary& summary, const Style& style, std::ostream& err);

}  // namespace ec::apps
