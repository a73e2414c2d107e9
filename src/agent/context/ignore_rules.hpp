// Patterns of ignore files in the syntax of gitignore(5), for `.edgecoderignore` and for folders without git.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ec::agent {

/// An ordered list of patterns; the last one that matches decides. A value; safe to read from several threads.
class IgnoreRules {
public:
    /// Adds the patterns of an ignore file that lies in `folder` ("" or "src/lib"), after those added before. False
    /// when some were left out: beyond 10,000 in all, or above 1,024 bytes.
    [[nodiscard]] bool add(std::string_view folder, std::string_view text);
    [[nodiscard]] bool empty() const { return rules_.empty(); }
    /// Whether `path` (a file, or a folder written "name/") or a folder above it is ignored.
    [[nodiscard]] bool ignored(std::string_view path) const;

private:
    struct Rule {
        std::string folder;                 // of the file that it stood in, with a '/' behind unless empty
        std::size_t depth = 0;              // folders in `folder`
        std::vector<std::string> segments;  // "**" stands for any number of folders
        bool negated = false;
        bool folders_only = false;
    };
    [[nodiscard]] bool matched(std::string_view path, std::span<const std::string_view> parts, bool is_folder) const;
    std::vector<Rule> rules_;
};

}  // namespace ec::agent
