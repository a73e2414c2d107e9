// The review service's routes. Who may do what: with the service's token everything; with a link, read its one question
// and answer it, once.
#pragma once

#include <ec/net/http_server.hpp>
#include <memory>
#include <string>
#include <vector>

#include "store.hpp"

namespace ec::apps {

/// `store` outlives the server that has the routes. `token` is the service's, 256 bits.
std::vector<net::Route> review_routes(ReviewStore& store, const std::string& token);

/// The plain page on which a person reads a question and answers it: no script, nothing from elsewhere.
std::string review_page(const StoredReview& review, std::string_view link);

}  // namespace ec::apps
