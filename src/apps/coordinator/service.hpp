// `edgecoderd coordinator`: takes jobs in, hands them out, keeps the books.
#pragma once

#include <ec/core/result.hpp>
#include <iosfwd>
#include <memory>
#include <stop_token>
#include <string>

#include "../service_start.hpp"
#include "coordinator.hpp"
#include "settings.hpp"

namespace CLI {
class App;
}

namespace ec::apps {

/// Ready to serve when it returns. `conflict` when another runs on the data directory. stop() hands no more work out,
/// answers whoever waits, lets heartbeats and reports in for a moment more.
StartedService start_coordinator_service(const coordinator::CoordinatorOptions& options,
                                         coordinator::SealPlain seal_plain = {});
void add_coordinator(CLI::App& app, coordinator::CoordinatorOptions& options);
/// Serves until a stop is requested, then drains. Reads its certificate again when `hang_up` happens. Prints `ready
/// coordinator URL` on `out`. Exit status: 0, 2 or 3.
int run_coordinator_service(const coordinator::CoordinatorOptions& options, std::ostream& out, std::ostream& err,
                            HangUp& hang_up, std::stop_token stop);

}  // namespace ec::apps
