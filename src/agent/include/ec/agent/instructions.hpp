// Notes that a project keeps for coding agents (AGENTS.md and the like), read with least authority: a repository is
// hostile until shown otherwise, and so are its notes. They reach the model as quoted data that can grant nothing; what
// an agent may do is decided in code, never by what stands here. README files are data like any other file.
#pragma once

#include <cstddef>
#include <ec/agent/withhold.hpp>
#include <ec/agent/workspace_files.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ec::agent {

struct InstructionLimits {
    std::size_t file_bytes = 8 << 10;
    std::size_t all_bytes = 16 << 10;  ///< the notes nearest to the edited files are taken first
    std::size_t files = 12;
};

struct InstructionFile {
    std::string path;
    std::string text;  ///< redacted and plain (see plain_text)
    bool cut = false;
    bool operator==(const InstructionFile&) const = default;
};

struct Instructions {
    std::vector<InstructionFile> files;  ///< outermost folder first, so the nearest notes come last
    std::vector<Withheld> withheld;
};

/// Reads AGENTS.md, CLAUDE.md, GEMINI.md, CONVENTIONS.md, .cursorrules and .github/copilot-instructions.md from the
/// root and from every folder on the way to the files in `edited`. Equal texts are taken once. Never fails: what cannot
/// be read is left out. `values` are secrets known by value.
Instructions read_instructions(const WorkspaceFiles& files, std::span<const std::string> edited = {},
                               const InstructionLimits& limits = {}, const SecretValues& values = {});

/// The notes as one block for the prompt, empty without notes. Every quoted line begins with "| ", so no line of theirs
/// can end the block. Equal notes give equal bytes.
std::string render_instructions(const Instructions& instructions);

/// `text` as a person sees it and nothing else: valid UTF-8, line ends as '\n', without control characters, terminal
/// escapes, zero-width and bidirectional controls, tag characters and variation selectors. For any hostile text that is
/// shown or quoted and need not match byte for byte.
std::string plain_text(std::string_view text);

}  // namespace ec::agent
