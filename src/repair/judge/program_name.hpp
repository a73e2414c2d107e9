// What a word of a command line names, without the folder it lies in.
#pragma once

#include <string_view>

namespace ec::repair {

inline std::string_view program_name(std::string_view word) { return word.substr(word.rfind('/') + 1); }

}  // namespace ec::repair
