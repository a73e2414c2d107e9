// The library of models as this program is configured: its folder, the policies in force, where sources are.
#pragma once

#include <ec/core/result.hpp>
#include <ec/model/library.hpp>

#include "model_choice.hpp"

namespace ec::apps {

/// /etc/edgecoder/models.toml, narrowed by [models] of the person's config.toml.
Result<model::ModelPolicy> effective_model_policy();

/// $EDGECODER_HF_BASE, $EDGECODER_OLLAMA_BASE and $HF_TOKEN over the built-in addresses; bases without a final slash.
model::SourceBases source_bases();

/// `ports` outlive it.
Result<model::Library> open_library(ModelPorts& ports);

/// How fast a model would decode here.
struct SpeedEstimate {
    double tokens_per_second = 0;
    std::string from;  ///< what was measured, for the person
};
/// `bytes_per_token`: of weights that are read for one token. Scaled from a measured model where there is one; else
/// what the memory can deliver at most, measured now in about a tenth of a second.
SpeedEstimate estimate_speed(const std::vector<model::LibraryEntry>& measured, double bytes_per_token);

}  // namespace ec::apps
