#include "document.hpp"

#include <array>
#include <string_view>

#include "openapi_bodies.hpp"

namespace ec::apps::inference_http {
namespace {

// Limits of texts are in bytes; `null` counts as absent; what a request holds beyond its schema is passed over.
constexpr std::string_view kSchemas = R"({
"Language": {"enum": ["python", "javascript", "typescript"], "default": "python"},
"Path": {"type": "string", "minLength": 1, "maxLength": 1024, "description": "inside the project, relative"},
"Decompose": {"type": "object", "required": ["taskId", "prompt"], "properties": {
  "taskId": {"type": "string", "minLength": 1, "maxLength": 1024},
  "prompt": {"type": "string", "minLength": 1, "maxLength": 262144},
  "language": {"$ref": "#/components/schemas/Language"},
  "snapshotRef": {"type": "string", "maxLength": 1024},
  "test": {"type": "string"},
  "files": {"type": "array", "maxItems": 20000, "items": {"$ref": "#/components/schemas/Path"}},
  "failing": {"type": "array", "maxItems": 1000, "items": {"type": "object", "required": ["id"], "properties": {
    "id": {"type": "string", "minLength": 1, "maxLength": 1024},
    "files": {"type": "array", "maxItems": 20000, "items": {"$ref": "#/components/schemas/Path"}}}}}}},
"Plan": {"type": "object", "required": ["by", "subtasks"], "properties": {
  "by": {"type": "string"},
  "subtasks": {"type": "array", "minItems": 1, "items": {"type": "object",
    "required": ["taskId", "kind", "key", "input", "language", "files", "targets", "after", "timeoutMs", "snapshotRef"],
    "properties": {
      "taskId": {"type": "string"},
      "kind": {"const": "micro_loop"},
      "key": {"type": "string"},
      "input": {"type": "string"},
      "language": {"$ref": "#/components/schemas/Language"},
      "files": {"type": "array", "items": {"type": "string"}},
      "targets": {"type": "array", "items": {"type": "string"}},
      "after": {"type": "array", "items": {"type": "string"}},
      "timeoutMs": {"type": "integer"},
      "snapshotRef": {"type": "string"}}}}}},
"Escalate": {"type": "object", "required": ["task", "failedCode"], "properties": {
  "task": {"type": "string", "minLength": 1, "maxLength": 262144},
  "failedCode": {"type": "string", "maxLength": 262144},
  "errorHistory": {"type": "array", "maxItems": 50, "items": {"type": "string", "minLength": 1, "maxLength": 262144}},
  "language": {"$ref": "#/components/schemas/Language"}}},
"Escalated": {"type": "object", "required": ["improvedCode", "explanation"], "properties": {
  "improvedCode": {"type": "string"},
  "explanation": {"type": "string"}}},
"Health": {"type": "object", "required": ["ok"], "properties": {"ok": {"type": "boolean"}}},
"Anything": {"description": "this document"}
})";

}  // namespace

std::string inference_document(const std::vector<net::Route>& routes) {
    static constexpr auto kBodies = std::to_array<BodySchema>({
        {"/health", "get", "", "Health"},
        {"/healthz", "get", "", "", "text/plain"},
        {"/readyz", "get", "", "", "text/plain"},
        {"/metrics", "get", "", "", "text/plain"},
        {"/openapi.json", "get", "", "Anything"},
        {"/decompose", "post", "Decompose", "Plan"},
        {"/escalate", "post", "Escalate", "Escalated"},
    });
    return with_bodies(net::openapi_document("EdgeCoder's inference", EC_VERSION, routes), kSchemas, kBodies);
}

}  // namespace ec::apps::inference_http
