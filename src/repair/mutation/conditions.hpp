// Conditions put together from the values at hand, for guards, filters and operands that somebody forgot.
#pragma once

#include <string>
#include <vector>

#include "mutation/site.hpp"

namespace ec::repair::mutation {

struct BuiltCondition {
    std::string text;
    int strength = 5;     ///< how tight it binds, see kAtom
    double weight = 0.5;  ///< in (0, 1]: how usual such a question is here
};

/// Comparisons, memberships, sizes and the file's own predicates over what holds a value at `place`, best first and at
/// most `most`.
std::vector<BuiltCondition> built_conditions(const Site& site, Id place, std::size_t most);

/// What the index variables of a function reach, outermost loop first.
std::vector<IndexedElement> indexed_elements(const View& view, Id function);

/// The element that an index variable reaches at `place`; empty when it is no such variable.
std::string element_of_index(const Site& site, std::string_view name, Id place);

}  // namespace ec::repair::mutation
