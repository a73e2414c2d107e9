// `edgecoderd review`: a team's review service.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <filesystem>
#include <iosfwd>
#include <stop_token>
#include <string>
#include <vector>

#include "../service_start.hpp"

namespace ec::apps {

inline constexpr std::uint16_t kReviewPort = 4305;

struct ReviewServiceOptions {
    std::filesystem::path data_dir = {};  ///< empty: data_dir()
    std::filesystem::path config = {};    ///< empty: config.toml in config_dir(), which may be missing
    std::string listen;                   ///< ADDR:PORT, [ADDR]:PORT; empty: as configured, else 127.0.0.1:4305
    bool behind_proxy = false;
};

/// Ready to serve when it returns; tells on `err` where its token is.
StartedService start_review_service(const ReviewServiceOptions& options, std::ostream& err);
/// Serves until a stop is requested, then drains. Prints `ready review URL` on `out`. Exit status: 0, 2 or 3.
int run_review_service(const ReviewServiceOptions& options, std::ostream& out, std::ostream& err, std::stop_token stop);

}  // namespace ec::apps
