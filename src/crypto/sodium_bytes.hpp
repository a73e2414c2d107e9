// How the sources of this module speak to libsodium: it is set up before its first use, and bytes are unsigned there.
#pragma once

#include <sodium.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace ec::crypto {

/// Chooses the code for this processor; what is called before runs correctly, but slowly.
inline void prepare_sodium() {
    static const int prepared = sodium_init();
    if (prepared < 0) throw std::runtime_error("libsodium cannot be set up: this machine gives no random numbers");
}

inline const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}
inline unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace ec::crypto
