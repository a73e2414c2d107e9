// How jobs are told: as JSON for programs, as text for people.
#pragma once

#include <cstdint>
#include <ec/json/json.hpp>
#include <ec/swarm/job.hpp>
#include <ec/swarm/protocol.hpp>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "job_fetch.hpp"
#include "job_result.hpp"

namespace ec::apps {

/// Where the log tells of the payment for a task.
using Leaves = std::map<swarm::TaskId, std::int64_t>;
Leaves leaves_of(const std::vector<swarm::Receipt>& receipts);
/// What the coordinator calls a reason, for people; a word that stands for itself stays.
std::string in_words(const std::string& reason);

/// id, kind, state, reason, times, what it cost, and its tasks.
json::Value job_json(const swarm::JobStatus& job, const Leaves& leaves = {}, const Words& words = {});
json::Value receipts_json(const std::vector<swarm::Receipt>& receipts);
json::Value event_json(const swarm::Event& event, const std::string& task, const std::string& progress);
/// The keys of `fix` (status, patch, tests, …), and those of the job.
json::Value fetched_json(const FetchedJob& fetched);
/// The same keys where an error ended it.
json::Value failed_json(const Error& error);
/// An error that ended it, told to people and, where asked for, to programs; the exit status.
int report_job_error(const Error& error, bool json, bool events, std::ostream& out, std::ostream& err);

/// One line of a list.
std::string job_line(const swarm::JobStatus& job);
std::string event_line(const swarm::Event& event, const std::string& task, const std::string& progress);
void print_job(const swarm::JobStatus& job, const Leaves& leaves, const Words& words, std::ostream& out);
/// With the proof as it may be kept in a file.
std::string receipt_text(const swarm::Receipt& receipt);
/// What came of it; the patch itself is not part of it.
void print_fetched(const FetchedJob& fetched, std::ostream& err);

}  // namespace ec::apps
