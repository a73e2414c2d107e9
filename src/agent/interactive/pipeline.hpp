// The fixed pipeline for a small model: localise, sample, run the tests, select, repair at most twice. The model
// decides nothing but the text of the edits; a model of one or two billion parameters that may roam freely solves next
// to nothing (Tripathy et al., "SWEnergy", 2025), led like this it does what it can (Xia et al., "Agentless", 2024).
#pragma once

#include "task.hpp"

namespace ec::agent {

/// Appends the person's message with its context and the answer that was taken to `conversation`.
Result<Attempt> run_pipeline(Task& task, std::vector<model::Message>& conversation);

}  // namespace ec::agent
