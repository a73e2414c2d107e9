// Texts to vectors with an embedding model.
#pragma once

#include <ec/core/result.hpp>
#include <span>
#include <string>
#include <vector>

#include "loaded_model.hpp"

namespace ec::model::embedded {

/// One vector of length 1 for each text, pooled as the model's file says (mean where it says nothing). Tokens beyond
/// the model's context are left out. `cancelled`, `internal`.
Result<std::vector<std::vector<float>>> text_vectors(LoadedModel& model, std::span<const std::string> texts);

}  // namespace ec::model::embedded
