// The embedder port: texts become vectors whose dot product says how alike they are. `model` has the adapter; the index
// works without one.
#pragma once

#include <cstddef>
#include <ec/core/result.hpp>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace ec::codeindex {

class Embedder {
public:
    virtual ~Embedder() = default;
    /// Numbers in a vector.
    [[nodiscard]] virtual std::size_t width() const = 0;
    /// One vector of length 1 (Euclidean) for each text, in order. Text beyond what the model reads is left out. One
    /// call at a time. `cancelled` soon after `stop`.
    virtual Result<std::vector<std::vector<float>>> embed(std::span<const std::string> texts, std::stop_token stop) = 0;
};

}  // namespace ec::codeindex
