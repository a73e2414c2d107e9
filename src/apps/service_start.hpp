// What the services that listen for HTTP have in common before and after they serve.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>

namespace ec::apps {

struct ListenAddress {
    std::string address;
    std::uint16_t port = 0;
    bool operator==(const ListenAddress&) const = default;
};
/// "127.0.0.1:4305", "[::1]:0"; `invalid_argument` for anything else.
Result<ListenAddress> parse_listen(std::string_view text);

/// Flags over environment variables over the file: `flag`, else `configured` or else `fallback` with the port of the
/// variable where it is set.
Result<ListenAddress> listen_address(const std::string& flag, const char* port_variable, const std::string& configured,
                                     std::uint16_t fallback);

/// Makes it for its owner alone where it is missing.
Status make_data_dir(const std::filesystem::path& data);

/// Returns when a stop is requested.
void wait_for(const std::stop_token& stop);

}  // namespace ec::apps
