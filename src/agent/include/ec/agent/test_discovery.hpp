// The test command of a project, where nobody named one.
#pragma once

#include <ec/agent/source.hpp>
#include <string>

namespace ec::agent {

/// From what the project holds: `npm test` for a package.json with a real test script, pytest or unittest for Python
/// tests, `go test ./...`, `cargo test`. Empty when nothing is found.
std::string discover_test_command(const FileSource& files);

}  // namespace ec::agent
