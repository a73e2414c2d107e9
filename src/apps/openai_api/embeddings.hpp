// The answer of POST /v1/embeddings.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "requests.hpp"

namespace ec::apps::openai {

/// `tokens`: what the texts were, as far as anybody counted.
std::string embeddings_body(std::string_view model, std::span<const std::vector<float>> vectors, bool as_base64,
                            std::size_t tokens);

}  // namespace ec::apps::openai
