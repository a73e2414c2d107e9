// The OpenAPI document of the inference service: that of its routes, with what stands in bodies.
//
// The schemas say what requests.hpp takes: tests/e2e/test_openapi.py sends what they allow and what they forbid.
#pragma once

#include <ec/net/http_server.hpp>
#include <string>
#include <vector>

namespace ec::apps::inference_http {

std::string inference_document(const std::vector<net::Route>& routes);

}  // namespace ec::apps::inference_http
