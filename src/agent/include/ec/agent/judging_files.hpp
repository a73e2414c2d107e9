// The files that say when a change is right, and so are not the model's to change: tests that are there, the settings
// of their runner, and what the test command itself names.
#pragma once

#include <ec/agent/source.hpp>
#include <ec/executor/test_command.hpp>
#include <ec/vcs/diff.hpp>
#include <string>
#include <vector>

namespace ec::agent {

/// Settings of test runners and of interpreters, by name: pytest.ini, conftest.py, sitecustomize.py, jest.config.js,
/// package.json, Makefile, … Also new ones decide what the tests say.
bool steers_tests(std::string_view path);

/// Those of `files` that judge. New tests are not among them; a file that the command names is not where it is the only
/// program of the project.
std::vector<std::string> judging_files(const std::vector<vcs::FileVersion>& files, const executor::TestCommand& command,
                                       const FileSource& workspace);

}  // namespace ec::agent
