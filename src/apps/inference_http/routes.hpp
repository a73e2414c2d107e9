// The routes of the inference service. Who may ask: whoever has its token; on one machine that is its owner alone.
#pragma once

#include <ec/net/http_server.hpp>
#include <functional>
#include <string>
#include <vector>

#include "ide/models.hpp"

namespace ec::apps::inference_http {

struct InferenceHttp {
    ide::Models& models;
    std::function<std::string()> leasing;  ///< one line on what its own leases of the coordinator's work are at
};

/// POST /decompose and /escalate behind the token; /health, /healthz, /readyz, /metrics, /openapi.json.
std::vector<net::Route> inference_routes(InferenceHttp& service, const std::string& token);

}  // namespace ec::apps::inference_http
