// The record of a person's agreement to reduced isolation (tier C). It can only be made at a terminal, by typing a word
// that was just shown there; no flag, no variable, no configuration and no workspace can stand for it.
//
// It lies where the account database says the person's home is, whatever HOME and the other variables say, and counts
// only when it is a private file of this user, for this machine, about the gaps as they are described today.
#pragma once

#include <ec/core/result.hpp>
#include <ec/executor/policy.hpp>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

namespace ec::apps {

/// Said to the person in every run of tier C.
inline constexpr std::string_view kReducedSentence =
    "isolation is reduced (tier C), as you agreed; edgecoder doctor says why and docs/sandbox.md what it leaves open";

/// The folder that holds the record; no workspace may hold it. Empty when the account has no home.
std::filesystem::path consent_folder();

/// Whether a valid record is there.
bool has_reduced_consent();
/// The same, where the policy lets a person agree at all.
bool agreed_to_reduced(const executor::SandboxPolicy& policy);
/// The same as a question for SandboxOptions::reduced_consent; no for a workspace that holds the record or lies with
/// it. Looking up the account costs most of a millisecond, so it is asked only when it matters.
std::function<bool(const std::filesystem::path& workspace)> consent_under(executor::SandboxPolicy policy);

struct ConsentOptions {
    std::string what;  ///< "reduced"
    bool revoke = false;
};

/// `edgecoder consent`. Exit status 0 when given or revoked, 2 for wrong words, 3 without a terminal or when declined.
int run_consent(const ConsentOptions& options, std::ostream& err);

}  // namespace ec::apps
