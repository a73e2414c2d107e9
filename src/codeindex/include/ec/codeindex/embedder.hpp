// The port of embeddings: texts go in, vectors of equal length come out, close in angle where the texts are close in
// meaning. `model` implements it; search works without one.
//
// Threads: one call at a time per Embedder. Errors: as those of the model behind it; a search that gets one goes on
// without.
#pragma once

#include <ec/core/result.hpp>
#include <span>
#include <string>
#include <vector>

namespace ec::codeindex {

class Embedder {
public:
    virtual ~Embedder() = default;
    /// One vector a text, in order. Texts longer than the model takes are cut by the implementation.
    virtual Result<std::vector<std::vector<float>>> embed(std::span<const std::string> texts) = 0;
};

}  // namespace ec::codeindex
