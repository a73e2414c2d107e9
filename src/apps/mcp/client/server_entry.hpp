// The servers whose tools a person lets EdgeCoder use: [mcp.servers.NAME] in their config.toml. A project has no say.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/core/result.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ec::apps::mcp {

inline constexpr std::size_t kMostServers = 16;

/// One server: a program that runs in the sandbox, or an address.
struct ServerEntry {
    std::string name;                  ///< lower-case letters, digits and '-', at most 32
    std::vector<std::string> command;  ///< empty: remote
    std::string url;                   ///< https, or http on this machine; empty: a program
    std::vector<std::string> allow;    ///< tools that need nobody's word

    // of a program
    std::vector<std::string> read_only;              ///< absolute paths it sees beside the sandbox's own
    std::map<std::string, std::string> environment;  ///< what it gets of one
    std::vector<std::string> pass;                   ///< names of variables that it gets as they are here
    std::vector<std::string> hosts;                  ///< that it may reach, as net::AllowRule texts; none: no network
    bool project = true;                             ///< it sees a copy of the project; false: an empty folder
    std::uint64_t memory_mb = 512;

    // of a remote one
    std::string token_file;  ///< sent as a bearer token
    std::string token_url;   ///< or where one is got, with an account of our own (client_credentials.hpp)
    std::string client_id;
    std::string client_secret_file;
    std::string scope;

    std::chrono::seconds timeout{60};

    [[nodiscard]] bool remote() const { return command.empty(); }
    /// The command or the address; what an approval is bound to.
    [[nodiscard]] std::string where() const;
};

/// Every entry of a config.toml, sorted by name. Other tables are left to others. `invalid_argument` with file, line
/// and field for an entry that makes no sense.
Result<std::vector<ServerEntry>> parse_servers(std::string_view text, std::string_view source);

/// Whether it can be a server's name.
bool is_server_name(std::string_view name);

}  // namespace ec::apps::mcp
