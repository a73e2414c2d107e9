// Was the prompt really read? Servers cut prompts that do not fit and answer 200 as if nothing had happened; the counts
// they report give it away. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace ec::model {

/// What most tokenizers make of code and prose: about three and a half bytes a token.
std::int64_t estimated_tokens(std::size_t bytes);
/// What no prompt of that size is below: long runs of spaces and common words are six bytes a token.
std::int64_t least_tokens(std::size_t bytes);

/// The context to ask Ollama for: the prompt and the answer with a quarter to spare, as a power of two so that it
/// rarely changes (a change loads the model anew), at least 8192, at most `context` where that is known (not 0).
std::int64_t wanted_context(std::size_t bytes, std::int64_t max_tokens, std::int64_t context);

/// Why a count of the prompt's tokens means that it was cut, in words for a person; nothing when it is plausible.
/// `limit` is the context the server is known to have, 0 unknown. Nothing can be said of counts below a few hundred:
/// some servers leave out what they had cached.
std::optional<std::string> cut_words(std::size_t bytes, std::int64_t counted, std::int64_t limit);

}  // namespace ec::model
