// The host of embedded models as a child of the inference service. It ends with this process, however that ends: its
// standard input is a socket to us.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ec/core/fd.hpp>
#include <ec/core/result.hpp>
#include <filesystem>
#include <memory>

namespace ec::apps::inference_http {

class ModelHostChild {
public:
    /// Null where this build has none. `unavailable` when it does not come up; it has told why on its standard error.
    static Result<std::unique_ptr<ModelHostChild>> start(const std::filesystem::path& socket, std::int64_t memory_mb);
    ~ModelHostChild();  ///< ends it, and waits for that
    ModelHostChild(const ModelHostChild&) = delete;
    ModelHostChild& operator=(const ModelHostChild&) = delete;

private:
    ModelHostChild(pid_t child, UniqueFd channel) : child_(child), channel_(std::move(channel)) {}
    pid_t child_;
    UniqueFd channel_;
};

}  // namespace ec::apps::inference_http
