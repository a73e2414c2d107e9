// Random bytes for nonces, ids and tokens, from the kernel. Any thread.
#pragma once

#include <cstddef>
#include <string>

namespace ec::crypto {

/// Ends the program where the kernel gives no randomness: nothing after that would be safe.
std::string random_bytes(std::size_t count);

}  // namespace ec::crypto
