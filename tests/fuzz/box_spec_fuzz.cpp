// The description of a sandbox as edgecoder-box decodes it. Arbitrary bytes are refused or are one Spec exactly; what
// was decoded encodes to bytes that decode to the same again.
#include <ec/box/protocol.hpp>

#include "fuzzing.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using ec::fuzzing::require;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    ec::box::Spec spec;
    if (!ec::box::decode(bytes, spec)) return 0;
    require(!spec.argv.empty() || spec.start == ec::box::Start::early);
    for (const ec::box::Mount& mount : spec.mounts) require(mount.target.starts_with('/'));
    require(ec::box::encode(spec) == bytes);
    ec::box::Spec again;
    require(!ec::box::decode(std::string(bytes) + '\0', again));
    require(!ec::box::decode(bytes.substr(0, size - 1), again));
    return 0;
}
