// Measures and ranks the candidates of one problem with the agent's own code: the assertions run in our sandbox, the
// ranking is rank_by_agreement(). selection.py prepares the problems, runs this over each and counts.
//
// Usage: selection_bench PROBLEM.json. The problem: "file", "names", "candidates" (whole texts), "copies", "tests",
// "test_copies", "truth" (the reference's check as one statement, which no ranking sees), "limit_ms", "parallel".
#include <fmt/format.h>

#include <cstdio>
#include <ec/agent/selection.hpp>
#include <ec/core/fs.hpp>
#include <ec/json/json.hpp>

#include "select/agreement_run.hpp"

namespace {

using namespace ec;
using namespace ec::agent;

std::vector<unsigned> counts(json::Reader& reader, std::string_view key) {
    std::vector<unsigned> values;
    for (const json::Value& value : reader.array(key)) values.push_back(value.to_number<unsigned>());
    return values;
}

json::Array described(const std::vector<AgreementGroup>& groups) {
    json::Array array;
    for (const AgreementGroup& group : groups) {
        json::Array members(group.members.begin(), group.members.end());
        array.push_back(json::Object{{"members", std::move(members)}, {"score", group.score}});
    }
    return array;
}

Result<json::Object> measure(const json::Value& problem) {
    json::Reader reader(problem, "problem");
    AgreementJob job;
    job.files = {reader.require("file").string("file")};
    job.names = reader.strings("names");
    job.tests = reader.strings("tests");
    job.tests.insert(job.tests.begin(), reader.string("truth"));
    job.limit = std::chrono::milliseconds(reader.integer("limit_ms", 300));
    job.wall = std::chrono::minutes(2);
    job.parallel = static_cast<unsigned>(reader.integer("parallel", 2));
    std::vector<std::vector<executor::FileEdit>> candidates;
    for (std::string& text : reader.strings("candidates"))
        candidates.push_back({executor::FileEdit{job.files.front(), std::move(text)}});
    const std::vector<unsigned> copies = counts(reader, "copies");
    const std::vector<unsigned> test_copies = counts(reader, "test_copies");
    EC_TRY(reader.status());

    EC_ASSIGN(const TempDir dir, TempDir::create());
    executor::SandboxOptions options;
    options.workspace = dir.path();
    EC_ASSIGN(const auto sandbox, executor::open_sandbox(options));
    EC_ASSIGN(std::vector<Behaviour> behaviours, run_agreement(*sandbox, job, candidates, {}));
    json::Array right;
    json::Array passes;
    for (std::size_t i = 0; i < behaviours.size(); ++i) {
        Behaviour& behaviour = behaviours[i];
        behaviour.copies = copies.at(i);
        right.push_back(static_cast<bool>(behaviour.passes.front()));
        behaviour.passes.erase(behaviour.passes.begin());
        std::string bits;
        for (const bool passed : behaviour.passes) bits += passed ? '1' : '0';
        passes.emplace_back(bits);
    }
    EC_ASSIGN(const std::vector<AgreementGroup> groups, rank_by_agreement(behaviours, test_copies));
    return json::Object{{"right", std::move(right)}, {"passes", std::move(passes)}, {"groups", described(groups)}};
}

Result<json::Object> measure_file(const char* path) {
    EC_ASSIGN(const std::string text, read_file(path));
    EC_ASSIGN(const json::Value problem, json::parse(text));
    return measure(problem);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        fmt::print(stderr, "usage: selection_bench PROBLEM.json\n");
        return 2;
    }
    const auto measured = measure_file(argv[1]);
    if (!measured) {
        fmt::print(stderr, "selection_bench: {}\n", measured.error().message);
        return 1;
    }
    fmt::print("{}\n", json::write(*measured));
    return 0;
}
