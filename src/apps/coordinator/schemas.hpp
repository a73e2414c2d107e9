// The JSON Schemas (2020-12) of the coordinator's bodies, as its OpenAPI document shows them, and which route has
// which.
//
// They say what the readers of swarm/protocol.hpp and first_version.hpp take: tests/e2e/test_openapi.py sends what the
// schemas allow and what they forbid, and holds every answer against its own.
#pragma once

#include <span>
#include <string_view>

#include "../openapi_bodies.hpp"

namespace ec::apps::coordinator {

/// A JSON object: name → schema.
extern const std::string_view kSchemas;
std::span<const BodySchema> body_schemas();

}  // namespace ec::apps::coordinator
