// What a server's refusal means to a person who wanted a model.
#pragma once

#include <ec/core/error.hpp>
#include <string>

namespace ec::net {
struct HttpResponse;
}

namespace ec::model::library {

/// For a status of 400 and above. `what` is the source in the person's words.
Error status_error(const net::HttpResponse& response, const std::string& what);

}  // namespace ec::model::library
