#include "coordinator.hpp"

namespace ec::apps::coordinator {

std::vector<net::Route> first_version_routes(Coordinator& /*with*/) { return {}; }

}  // namespace ec::apps::coordinator
