// The head of a model file: arbitrary bytes, read within bounds, whatever they claim about sizes.
#include <cstdint>
#include <ec/core/text.hpp>
#include <ec/model/library.hpp>
#include <sstream>
#include <string>

#include "fuzzing.hpp"
#include "library/gguf_header.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using ec::fuzzing::require;
    std::istringstream in(std::string(reinterpret_cast<const char*>(data), size));
    const auto facts = ec::model::library::read_gguf_header(in, size);
    if (!facts) {
        require(facts.error().code == ec::ErrorCode::corrupt && !facts.error().message.empty());
        return 0;
    }
    require(!facts->architecture.empty() && ec::is_valid_utf8(facts->architecture + facts->title + facts->licence));
    require(facts->parameters >= 0 && facts->context >= 0 && facts->cache_per_token >= 0 && facts->parts >= 1);
    return 0;
}
