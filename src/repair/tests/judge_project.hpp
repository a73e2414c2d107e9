// A small project on disk with a sandbox around it, for tests of judges.
#pragma once

#include <ec/core/fs.hpp>
#include <ec/executor/sandbox.hpp>
#include <ec/repair/candidate.hpp>
#include <ec/repair/judge.hpp>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>

namespace ec::repair::testing {

class JudgeProject {
public:
    JudgeProject(std::initializer_list<std::pair<std::string, std::string>> files);

    executor::Sandbox& sandbox() { return *sandbox_; }
    [[nodiscard]] std::filesystem::path path() const { return directory_.path() / "project"; }
    /// Why this machine cannot run the test; empty when it can.
    [[nodiscard]] const std::string& missing() const { return missing_; }
    /// A candidate that replaces the `nth` (0-based) occurrence of `before` in `file`.
    [[nodiscard]] Candidate replacing(const std::string& file, const std::string& before, const std::string& after,
                                      int nth = 0) const;

private:
    TempDir directory_;
    std::unique_ptr<executor::Sandbox> sandbox_;
    std::string missing_;
};

/// True when `program` is on the PATH.
bool has_program(const std::string& program);

const ObservedTest* find(const BaselineRun& baseline, std::string_view id);

}  // namespace ec::repair::testing
