// Stays with a job until it ends, and does what only its submitter can: gives the job's key to nodes that it trusts,
// runs the tests of results that wait for the submitter's word, and those that nobody else looks at.
#pragma once

#include <chrono>
#include <ec/core/result.hpp>
#include <ec/swarm/coordinator_client.hpp>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace ec::apps {

struct Following {
    swarm::CoordinatorClient& client;
    std::vector<identity::NodeId> trusted;  ///< who may be given the key of a job without a group
    /// Hears every event, with the progress in it where it could be opened.
    std::function<void(const swarm::Event& event, const std::string& task, const std::string& progress)> heard;
    std::function<void(std::string_view)> says;  ///< what this machine does about it, for a person
    std::chrono::milliseconds quiet{8000};       ///< after which the submitter looks at a result that nobody took up
};

/// The job when it ended.
Result<swarm::JobStatus> follow_job(const swarm::JobId& id, const Following& with, std::stop_token stop);

}  // namespace ec::apps
