// How models are told: as JSON for programs, as text for people.
#pragma once

#include <ec/json/json.hpp>
#include <ec/model/library.hpp>
#include <iosfwd>
#include <string>

#include "model_library.hpp"

namespace ec::apps {

/// Tokens of context that memory needs are told for.
inline constexpr std::int64_t kToldContext = 8192;

/// "4.68 GB"
std::string size_text(std::uint64_t bytes);

/// "chat", "embedding", or "unknown" where the file cannot be read: reads the head of the file.
std::string_view model_kind(const model::LibraryEntry& entry);

json::Object model_json(const model::LibraryEntry& entry);
json::Object catalogue_json(const model::CatalogueModel& model);
json::Object facts_json(const model::ModelFileFacts& facts, std::uint64_t size);

/// One line of a list; `marked`: the one that is used when none is named.
std::string model_line(const model::LibraryEntry& entry, bool marked);
std::string catalogue_line(const model::CatalogueModel& model);
/// Some lines about a model that is here.
std::string model_text(const model::LibraryEntry& entry, const model::ModelFileFacts& facts);
/// Some lines about what would be downloaded.
std::string plan_text(const model::PullPlan& plan, const model::CatalogueModel* known, const SpeedEstimate& speed);

/// `document` with status "ok".
void print_document(json::Object document, std::ostream& out);

}  // namespace ec::apps
