// The files of a workspace that hold secrets, ignored ones too, and the values in them: what commands must find empty,
// and what is masked by value wherever it turns up, for a program can print what no filter for shapes would know.
#pragma once

#include <ec/agent/secret_values.hpp>
#include <ec/agent/workspace_files.hpp>
#include <string>
#include <vector>

namespace ec::agent {

struct SecretFiles {
    std::vector<std::string> paths;  ///< regular files, relative to the workspace, sorted
    SecretValues values;
};

/// Looks through the whole folder, version control's own excepted, and through what `files` withholds. Bounded: at most
/// 200,000 entries, 64 KiB of a file, 20,000 files; 2,000 values of 128 KiB together, those of small files first.
SecretFiles find_secret_files(const WorkspaceFiles& files);

}  // namespace ec::agent
