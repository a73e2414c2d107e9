// The model behind a reviewer of kind "openai".
#pragma once

#include <ec/agent/reviewer.hpp>
#include <ec/model/chat.hpp>
#include <ec/net/http_client.hpp>
#include <memory>
#include <string>

namespace ec::apps {

/// The model keeps `client` alive. `invalid_argument` for an address or a name that is none.
Result<std::shared_ptr<model::ChatModel>> open_review_model(const agent::ReviewerSettings& settings, std::string key,
                                                            std::shared_ptr<net::HttpClient> client);

}  // namespace ec::apps
