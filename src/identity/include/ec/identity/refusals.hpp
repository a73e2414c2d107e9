// How the reasons of a refused request begin, for the refused program to tell apart.
#pragma once

#include <string_view>

namespace ec::identity {

/// The node never joined, or the signature is wrong: which of them is not told.
inline constexpr std::string_view kUnknownNode =
    "this request does not carry the signature of a node that is known here";
inline constexpr std::string_view kPendingNode = "this node waits for the approval of a person";

}  // namespace ec::identity
