// What a task that decomposes or merges adds to its job. Pure functions.
#pragma once

#include <ec/inference/merge.hpp>
#include <ec/inference/plan.hpp>
#include <ec/swarm/worker.hpp>

namespace ec::apps::inference_http {

/// The parts of a plan, and the merge behind them all.
void add_parts(swarm::WorkDone& done, const inference::Plan& plan, const swarm::Work& work);

/// The parts that a merge left out, once more, on top of what it has; and the next merge. False when it was tried often
/// enough: the rest is a person's. `escalates`: whether this service has a model for the second time.
bool add_second_attempt(swarm::WorkDone& done, const inference::Merged& merged, const swarm::Work& work,
                        bool escalates);

}  // namespace ec::apps::inference_http
