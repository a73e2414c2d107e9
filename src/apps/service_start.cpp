#include "service_start.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ostream>

#include "data_dir.hpp"

namespace ec::apps {

Result<ListenAddress> parse_listen(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    const std::string_view port = colon == std::string_view::npos ? "" : text.substr(colon + 1);
    ListenAddress listen;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), listen.port);
    std::string_view address = text.substr(0, colon == std::string_view::npos ? 0 : colon);
    const bool bracketed = address.starts_with('[') && address.ends_with(']') && address.size() > 2;
    if (bracketed) address = address.substr(1, address.size() - 2);
    const bool v6 = address.find(':') != std::string_view::npos;
    if (port.empty() || error != std::errc() || end != port.data() + port.size() || address.empty() ||
        v6 != bracketed || address.find_first_of("[]") != std::string_view::npos)
        return fail(ErrorCode::invalid_argument, fmt::format("\"{}\" is not ADDR:PORT", text));
    listen.address = address;
    return listen;
}

Result<ListenAddress> listen_address(const std::string& flag, const char* port_variable, const std::string& configured,
                                     std::uint16_t fallback) {
    if (!flag.empty()) return parse_listen(flag);
    EC_ASSIGN(ListenAddress address, configured.empty() ? Result<ListenAddress>(ListenAddress{"127.0.0.1", fallback})
                                                        : parse_listen(configured));
    if (const char* port = std::getenv(port_variable); port != nullptr && *port != '\0') {
        const auto parsed = parse_listen(fmt::format("127.0.0.1:{}", port));
        if (!parsed) return fail(ErrorCode::invalid_argument, fmt::format("{} is no port: {}", port_variable, port));
        address.port = parsed->port;
    }
    return address;
}

Result<ServiceTable> read_service_table(const std::filesystem::path& file, const std::string& service,
                                        const std::function<void(toml::Table&)>& more) {
    ServiceTable read;
    const std::filesystem::path usual = config_dir();
    if (file.empty() && usual.empty()) return read;
    const std::filesystem::path path = file.empty() ? usual / "config.toml" : file;
    const auto text = read_file(path, toml::kMostBytes);
    if (!text && file.empty() && text.error().code == ErrorCode::not_found) return read;
    if (!text) return fail(text.error());
    EC_ASSIGN(toml::Document document, toml::Document::parse(*text, path.string()));
    toml::Table root = document.root();
    for (const std::string& key : root.keys()) {
        if (key != "service") root.leave(key);
    }
    if (auto services = root.table("service")) {
        for (const std::string& key : services->keys()) {
            if (key != service) services->leave(key);
        }
        if (auto table = services->table(service)) {
            read.listen = table->string("listen").value_or("");
            read.behind_proxy = table->boolean("behind_proxy").value_or(false);
            read.hosts = strings_of(*table, "hosts");
            read.proxies = strings_of(*table, "proxies");
            if (more) more(*table);
        }
    }
    EC_TRY(document.finish());
    return read;
}

std::vector<std::string> strings_of(toml::Table& table, const std::string& key) {
    std::vector<std::string> out;
    for (const toml::Text& text : table.strings(key).value_or(std::vector<toml::Text>())) out.push_back(text.value);
    return out;
}

Status make_data_dir(const std::filesystem::path& data) {
    std::error_code ignored;
    std::filesystem::create_directories(data.parent_path(), ignored);
    if (::mkdir(data.c_str(), 0700) != 0 && errno != EEXIST)
        return fail(from_errno(fmt::format("cannot make {}", data.string()), errno));
    return {};
}

bool HangUp::happened() {
    const std::scoped_lock lock(mutex_);
    return what_ && what_();
}

void HangUp::then(std::function<bool()> what) {
    const std::scoped_lock lock(mutex_);
    what_ = std::move(what);
}

bool reload_certificate(std::string_view name, RunningService& service, std::ostream& err) {
    const Result<bool> reloaded = service.reload_certificate();
    if (reloaded && !*reloaded) return false;
    if (reloaded) {
        err << fmt::format("edgecoderd: {}: new connections get the certificate as it is now\n", name) << std::flush;
    } else {
        err << fmt::format("edgecoderd: {} keeps its certificate: {}\n            {}\n", name, reloaded.error().message,
                           reloaded.error().remedy)
            << std::flush;
    }
    return true;
}

void say_ready(std::string_view name, const RunningService& service, std::ostream& out) {
    out << "ready " << name << ' ' << service.url() << std::endl;
}

Status serve_one(std::string_view name, StartedService service, std::ostream& out, const std::stop_token& stop) {
    if (!service) return fail(service.error());
    say_ready(name, **service, out);
    wait_for(stop);
    (*service)->stop();
    return {};
}

Status serve_one(std::string_view name, StartedService service, std::ostream& out, std::ostream& err, HangUp& hang_up,
                 const std::stop_token& stop) {
    if (!service) return fail(service.error());
    hang_up.then([name, &err, running = service->get()] { return reload_certificate(name, *running, err); });
    say_ready(name, **service, out);
    wait_for(stop);
    hang_up.then({});
    (*service)->stop();
    return {};
}

void wait_for(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait(lock, stop, [] { return false; });
}

int service_exit(const Status& ended, std::ostream& err) {
    if (ended) return 0;
    err << "edgecoderd: " << ended.error().message << '\n';
    if (!ended.error().remedy.empty()) err << "            " << ended.error().remedy << '\n';
    return exit_status(ended.error().code);
}

}  // namespace ec::apps
