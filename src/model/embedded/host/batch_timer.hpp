// Measures what batches cost on this machine, once a model.
#pragma once

#include <ec/core/clock.hpp>

#include "drafter.hpp"
#include "loaded_model.hpp"

namespace ec::model::embedded {

/// Evaluates batches of kBatchSizes tokens in the last sequence and leaves it empty. Empty when it takes more than two
/// seconds: on a machine that slow the measurement would be felt at every start.
BatchCost measure_batch_cost(LoadedModel& model, const Clock& clock);

}  // namespace ec::model::embedded
