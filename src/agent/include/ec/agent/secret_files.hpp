// The files of a workspace that hold secrets, ignored ones too, and the values in them: what commands must find empty,
// and what is masked by value wherever it turns up, for a program can print what no filter for shapes would know.
#pragma once

#include <ec/agent/workspace_files.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace ec::agent {

struct SecretFiles {
    std::vector<std::string> paths;   ///< regular files, relative to the workspace, sorted
    std::vector<std::string> values;  ///< longest first; at least six characters each
};

/// Looks through the whole folder, version control's own excepted, and through what `files` withholds. Bounded: at most
/// 200,000 entries, 64 KiB of a file, 20,000 files.
SecretFiles find_secret_files(const WorkspaceFiles& files);

/// `text` with every one of `values` replaced, also where it stands reversed, and those of eight bytes and more where
/// they stand in base64 (anywhere in a longer text, either alphabet, wrapped into lines), as hexadecimal digits,
/// percent-encoded, or escaped as in JSON, C or Python. The time grows with the text and the values, not their product.
std::string mask_values(std::string text, const std::vector<std::string>& values);

}  // namespace ec::agent
