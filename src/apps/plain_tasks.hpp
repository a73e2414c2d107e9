// A task in clear, as the first version's /submit takes it from this machine, sealed for this machine's own group.
#pragma once

#include "coordinator/coordinator.hpp"

namespace ec::apps {

/// With the key of the group `local`, which is made where it is missing. Such a task comes without files: it is one
/// attempt of a model in a folder with a README.md alone.
Result<coordinator::PlainJob> seal_plain_task(const coordinator::PlainTask& task);

}  // namespace ec::apps
