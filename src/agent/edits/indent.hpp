// How the indentation of a model's text corresponds to the file's: learned from the lines that both have.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace ec::agent::edits {

class IndentMap {
public:
    /// A line that the model indents by `from` and the file by `to`. False when it contradicts an earlier one.
    bool learn(std::string_view from, std::string_view to);
    /// The model's line with the indentation that the file would give it. Blank lines become empty only when the
    /// indentation changes at all.
    [[nodiscard]] std::string apply(std::string_view line) const;

private:
    [[nodiscard]] std::string mapped(std::string_view indent) const;
    [[nodiscard]] std::string converted(std::string_view step) const;

    std::map<std::string, std::string, std::less<>> known_;
    bool changes_ = false;
};

}  // namespace ec::agent::edits
