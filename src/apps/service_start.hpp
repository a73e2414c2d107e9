// What the services that listen for HTTP have in common before and after they serve.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/core/toml.hpp>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

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

/// What every service may be told in [service.NAME] of the configuration file.
struct ServiceTable {
    std::string listen;
    bool behind_proxy = false;
    std::vector<std::string> hosts;
    std::vector<std::string> proxies;
};
/// Of `file`, which must be there; when it is empty, of config.toml in config_dir(), which may be missing. `more` reads
/// the keys that only this service has.
Result<ServiceTable> read_service_table(const std::filesystem::path& file, const std::string& service,
                                        const std::function<void(toml::Table&)>& more = {});
/// The strings of an array, none where it is not there.
std::vector<std::string> strings_of(toml::Table& table, const std::string& key);

/// Makes it for its owner alone where it is missing.
Status make_data_dir(const std::filesystem::path& data);

/// A service that serves, from when it is made until stop() or its end.
class RunningService {
public:
    virtual ~RunningService() = default;
    [[nodiscard]] virtual std::string url() const = 0;
    /// Drains; returns when nothing of it runs any more.
    virtual void stop() = 0;
    /// Reads its TLS certificate and key again: connections from now on get them. False: it has none. What cannot be
    /// used is an error and changes nothing. Any thread, until stop().
    virtual Result<bool> reload_certificate() { return false; }
};
using StartedService = Result<std::unique_ptr<RunningService>>;

/// What SIGHUP has services do. Thread-safe.
class HangUp {
public:
    /// Whether something was done; without a certificate to read again there is nothing.
    bool happened();
    /// What is done from now on; returns when nothing is under way that was said before.
    void then(std::function<bool()> what);

private:
    std::mutex mutex_;
    std::function<bool()> what_;  ///< guarded by mutex_
};
/// Has the service read its certificate again, and tells on `err` what became of it. False: it has none.
bool reload_certificate(std::string_view name, RunningService& service, std::ostream& err);

/// Says `ready NAME URL`.
void say_ready(std::string_view name, const RunningService& service, std::ostream& out);
/// Starts one service, says `ready NAME URL` on `out`, and serves until a stop is requested.
Status serve_one(std::string_view name, StartedService service, std::ostream& out, const std::stop_token& stop);
/// The same for a service that has a certificate, which it reads again when `hang_up` happens.
Status serve_one(std::string_view name, StartedService service, std::ostream& out, std::ostream& err, HangUp& hang_up,
                 const std::stop_token& stop);

/// Returns when a stop is requested.
void wait_for(const std::stop_token& stop);

/// Tells what a service ended with, and gives its exit status.
int service_exit(const Status& ended, std::ostream& err);

}  // namespace ec::apps
