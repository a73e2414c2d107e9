// What a server's refusals teach about how to ask it.
#pragma once

#include <string_view>

#include "openai/chat_exchange.hpp"
#include "openai/request_body.hpp"

namespace ec::model {

/// What a refusal says the server does not take and was not known yet; null when it says something else.
bool Refusals::* lesson(std::string_view body, const Refusals& known);

/// Whether a server does not have what it was asked for. Of one that was seen to have it (`had`) only clear words
/// count; LM Studio says it with a 200.
bool says_missing(const TryOutcome& outcome, bool had);

}  // namespace ec::model
