// `edgecoderd ide`: the endpoint for editors and agents on this machine.
#pragma once

#include <iosfwd>
#include <stop_token>

#include "../service_start.hpp"
#include "settings.hpp"

namespace CLI {
class App;
}

namespace ec::apps {

void add_ide(CLI::App& app, ide::IdeOptions& options);
/// Ready to serve when it returns; tells on `err` where its token is.
StartedService start_ide_service(const ide::IdeOptions& options, std::ostream& err);
/// Serves until a stop is requested, then drains. Prints `ready ide URL` on `out`. Exit status: 0, 2 or 3. Sets
/// EDGECODER_DATA_DIR of this process where --data-dir names another, so that all parts agree.
int run_ide_service(const ide::IdeOptions& options, std::ostream& out, std::ostream& err, std::stop_token stop);

}  // namespace ec::apps
