// Bodies in OpenAPI documents: what a table of routes does not hold. Pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ec::apps {

/// What an operation takes and gives, by names of components/schemas.
struct BodySchema {
    std::string_view path, method;               ///< "/v1/jobs", "post"
    std::string_view request;                    ///< empty: none is taken
    std::string_view answer;                     ///< of the answer that is good; empty: text or bytes
    std::string_view type = "application/json";  ///< of that answer
};

/// `document` with `schemas`, a JSON object, among its components, and with those named at the operations of `bodies`.
/// A table that names what is not there is a bug: std::logic_error.
std::string with_bodies(std::string_view document, std::string_view schemas, std::span<const BodySchema> bodies);

}  // namespace ec::apps
