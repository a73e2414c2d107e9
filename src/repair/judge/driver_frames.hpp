// The requests of the judge protocol as frames, and its answers as values. Pure functions; a malformed answer is
// `corrupt`.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/repair/driver_judge.hpp>
#include <ec/repair/judge.hpp>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ec::repair::frames {

std::string start(const DriverSpec& spec, const std::filesystem::path& root, std::uint64_t seed,
                  const std::vector<std::string>& dirty);
std::string baseline(int repeats, std::chrono::milliseconds limit);
std::string judge(std::span<const Candidate> candidates, const std::vector<std::string>& tests,
                  std::chrono::milliseconds limit);
/// `tests`: those that are known to reach the place, so that a driver which saw no baseline need not run all.
std::string observe(std::span<const Candidate> candidates, std::string_view file, int line, std::uint64_t seed,
                    const std::vector<std::string>& tests);

struct Baseline {
    BaselineRun run;
    std::vector<std::string> dirty;  ///< files that the tests write in the workspace
};

/// A driver's own {"type":"error"} is `unavailable` with its message.
Status read_started(std::string_view frame);
Result<Baseline> read_baseline(std::string_view frame);
struct JudgementFrame {
    Judgement judgement;
    bool polluted = false;  ///< the candidate left something behind in the driver's process, which has ended itself
};
Result<JudgementFrame> read_judgement(std::string_view frame, std::size_t index);
Result<std::vector<Observation>> read_observation(std::string_view frame, std::size_t count);

}  // namespace ec::repair::frames
