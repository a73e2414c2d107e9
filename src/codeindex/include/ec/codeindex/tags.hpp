// What a source file defines and which names it uses: the material of the repository map.
#pragma once

#include <cstdint>
#include <ec/codeindex/syntax.hpp>
#include <string>
#include <vector>

namespace ec::codeindex {

struct Definition {
    std::string name;       ///< without its owner: "run" of App.run
    std::string signature;  ///< its first line as it stands in the file, indentation kept, at most 160 bytes
    int line = 0;           ///< 1-based
    int end_line = 0;
    bool operator==(const Definition&) const = default;
};

struct Reference {
    std::string name;
    std::uint32_t count = 0;
    bool operator==(const Reference&) const = default;
};

struct Tags {
    std::vector<Definition> definitions;  ///< in source order
    std::vector<Reference> references;    ///< by name; occurrences that are no definition
};

/// Functions, classes, methods, types, macros and top-level variables of any language we parse, also where the text has
/// errors. At most 5,000 definitions and 20,000 names. Pure function.
Tags tags_of(const Tree& tree);

}  // namespace ec::codeindex
