// The larger parts of messages, each read from its object. Private to the protocol's readers.
#pragma once

#include <ec/swarm/job.hpp>
#include <string>
#include <string_view>

#include "protocol_fields.hpp"

namespace ec::swarm {

Offer read_offer(Fields& fields);
NewJob read_new_job(Fields& fields);
Lease read_lease(Fields& fields);
Report read_report(Fields& fields);
JobStatus read_job_status(Fields& fields);
/// Empty, or a word of ours: [a-z0-9_]{1,64}. Nothing that a worker says in clear can carry more than that.
std::string reason_word(Fields& fields, std::string_view key);

}  // namespace ec::swarm
