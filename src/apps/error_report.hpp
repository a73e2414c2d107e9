// How an error is told to whoever started a command.
#pragma once

#include <ec/core/error.hpp>
#include <iosfwd>
#include <string>

namespace ec::apps {

/// What happened and what helps.
std::string in_one_line(const Error& error);

/// "edgecoder: what happened", and below it what helps.
void tell_error(const Error& error, std::ostream& err);

/// The same, where `json` also as one document on `out`; gives the exit status.
int report_error(const Error& error, bool json, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
