// How jobs are told: as JSON for programs, as text for people.
#pragma once

#include <ec/json/json.hpp>
#include <ec/swarm/job.hpp>
#include <iosfwd>
#include <string>

#include "job_fetch.hpp"

namespace ec::apps {

/// What the coordinator calls a reason, for people; a word that stands for itself stays.
std::string in_words(const std::string& reason);

/// id, kind, state, reason, times, what it cost, and its tasks.
json::Value job_json(const swarm::JobStatus& job);
json::Value event_json(const swarm::Event& event, const std::string& task, const std::string& progress);
/// The keys of `fix` (status, patch, tests, …), and those of the job.
json::Value fetched_json(const FetchedJob& fetched);

/// One line of a list.
std::string job_line(const swarm::JobStatus& job);
std::string event_line(const swarm::Event& event, const std::string& task, const std::string& progress);
void print_job(const swarm::JobStatus& job, std::ostream& out);
/// What came of it; the patch itself is not part of it.
void print_fetched(const FetchedJob& fetched, std::ostream& err);

}  // namespace ec::apps
