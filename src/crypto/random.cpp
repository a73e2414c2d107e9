#include <ec/crypto/random.hpp>

#include "sodium_bytes.hpp"

namespace ec::crypto {

std::string random_bytes(std::size_t count) {
    prepare_sodium();
    std::string bytes(count, '\0');
    randombytes_buf(bytes.data(), count);
    return bytes;
}

}  // namespace ec::crypto
