// What POST /run does, as in the first version: a model plans and writes a whole program for a task, the program runs
// in the sandbox of an empty folder, and what goes wrong goes back to the model, at most three times.
#pragma once

#include <chrono>
#include <ec/executor/sandbox.hpp>
#include <ec/json/json.hpp>
#include <ec/model/chat.hpp>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace ec::apps::ide {

struct ProgramTask {
    std::string task;
    std::string language;  ///< "python" or "javascript"
};

struct ProgramRun {
    std::string language;
    bool ok = false;
    std::string out;
    std::string err;
    int exit_code = -1;
    std::chrono::milliseconds duration{0};
    std::string queue_reason;  ///< why a stronger model should look at it: "timeout", "outside_subset", "model_limit"
};

struct ProgramIteration {
    std::string code;
    ProgramRun run;
};

struct ProgramResult {
    std::string plan;
    std::vector<ProgramIteration> history;  ///< at least one; the last one counts
};

inline constexpr unsigned kMostIterations = 3;

/// Runs one program; tests give one of their own.
using RunProgram = std::function<Result<executor::RunResult>(const executor::RunSpec&, std::stop_token)>;

/// Fails with what the model or the sandbox says.
Result<ProgramResult> write_program(const ProgramTask& task, model::ChatModel& model, const RunProgram& run,
                                    std::stop_token stop);

/// The program in a model's answer: its first fence, else all of it.
std::string program_in(std::string_view answer);

/// The body of the answer of POST /run.
json::Object program_object(const ProgramResult& result);

}  // namespace ec::apps::ide
