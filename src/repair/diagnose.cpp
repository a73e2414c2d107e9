#include <algorithm>
#include <ec/core/time_or_stop.hpp>
#include <ec/repair/diagnose.hpp>

#include "program.hpp"

namespace ec::repair {
namespace {

constexpr std::size_t kMostFiles = 8;
constexpr std::chrono::milliseconds kLeastTime{2000};

std::vector<std::string> suspected_files(const ObservedProgram& observed, const std::string& test,
                                         const SourceMap& sources) {
    std::vector<std::string> files;
    for (const SuspiciousLine& line : rank_lines(observed.run, {test}, {})) {
        if (files.size() == kMostFiles) break;
        if (sources.contains(line.file) && std::ranges::find(files, line.file) == files.end())
            files.push_back(line.file);
    }
    return files;
}

}  // namespace

Result<Diagnosis> diagnose(executor::Sandbox& sandbox, RepairEvents& events, const RepairRequest& request,
                           std::stop_token stop) {
    const executor::TestCommand command = executor::recognise_test_command(request.test, sandbox.workspace());
    events.stage("observe", "running the tests");
    const TimeOrStop out_of_time(stop, std::max(request.budget, kLeastTime));
    EC_ASSIGN(const ObservedProgram observed,
              observe_program(sandbox, command, request, events, stop, out_of_time.token()));
    Diagnosis diagnosis;
    diagnosis.before = observed.before;
    diagnosis.flaky = observed.flaky;
    diagnosis.already_passing = observed.already_passing;
    if (observed.already_passing) return diagnosis;
    if (observed.out_of_time) return fail(ErrorCode::timeout, "the time was over before the tests were seen to run");
    events.stage("localise", "looking for what they suspect");
    const Program program =
        load_program(sandbox.workspace(), command, observed, request.edit_tests, out_of_time.token());
    if (stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
    for (const std::string& id : observed.failing)
        diagnosis.failing.push_back({id, suspected_files(observed, id, program.sources)});
    return diagnosis;
}

}  // namespace ec::repair
