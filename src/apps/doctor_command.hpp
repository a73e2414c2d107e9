// `edgecoder doctor`: what this machine can isolate, which interpreters and runners it has, how it stands with
// the swarm, what is missing.
#pragma once

#include <iosfwd>

namespace ec::apps {

struct DoctorOptions {
    bool json = false;
};

/// Exit status 0 when programs can be run safely here, 3 when not.
int run_doctor(const DoctorOptions& options, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
