// How much memory a service holds on to.
#pragma once

namespace ec::apps {

/// By itself the allocator keeps a store for each thread, which costs a service of a dozen threads more memory than all
/// its data. Before other threads start.
void use_few_arenas();

}  // namespace ec::apps
