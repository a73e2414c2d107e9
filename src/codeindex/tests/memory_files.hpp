// Files that live in a map, for tests of the index.
#pragma once

#include <ec/codeindex/index.hpp>
#include <map>

namespace ec::codeindex {

struct MemoryFiles {
    std::map<std::string, std::string> texts;

    [[nodiscard]] std::vector<std::string> paths() const {
        std::vector<std::string> out;
        for (const auto& [path, text] : texts) out.push_back(path);
        return out;
    }
    [[nodiscard]] ReadFile reader() const {
        return [this](const std::string& path) -> Result<std::string> {
            const auto found = texts.find(path);
            if (found == texts.end()) return fail(ErrorCode::not_found, path + " is not there");
            return found->second;
        };
    }
    [[nodiscard]] Index index(const IndexLimits& limits = {}) const { return Index::build(paths(), reader(), limits); }
};

}  // namespace ec::codeindex
