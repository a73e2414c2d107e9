// The text that an HTTP message signature signs (RFC 9421, section 2.5).
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ec::crypto {

/// A line of the base: a component and its value, neither with line breaks in it.
struct Covered {
    std::string_view name;
    std::string_view value;
};

/// `params` is what stands behind the label in Signature-Input.
std::string signature_base(std::span<const Covered> covered, std::string_view params);

}  // namespace ec::crypto
