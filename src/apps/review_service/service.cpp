#include "service.hpp"

#include <ec/core/fs.hpp>
#include <ec/core/token.hpp>
#include <ec/core/toml.hpp>
#include <ostream>

#include "../data_dir.hpp"
#include "../service_start.hpp"
#include "routes.hpp"
#include "store.hpp"

namespace ec::apps {
namespace {

namespace fs = std::filesystem;

struct Settings {
    std::string listen;
    bool behind_proxy = false;
    std::vector<std::string> hosts;
    std::vector<std::string> proxies;
};

// The file that was named must be there; the usual one may be missing.
Result<Settings> read_settings(const fs::path& named) {
    Settings settings;
    const fs::path usual = config_dir();
    if (named.empty() && usual.empty()) return settings;
    const fs::path file = named.empty() ? usual / "config.toml" : named;
    const auto text = read_file(file, toml::kMostBytes);
    if (!text && named.empty() && text.error().code == ErrorCode::not_found) return settings;
    if (!text) return fail(text.error());
    EC_ASSIGN(toml::Document document, toml::Document::parse(*text, file.string()));
    toml::Table root = document.root();
    for (const std::string& key : root.keys()) {
        if (key != "service") root.leave(key);
    }
    auto services = root.table("service");
    if (services) {
        for (const std::string& key : services->keys()) {
            if (key != "review") services->leave(key);
        }
        if (auto review = services->table("review")) {
            settings.listen = review->string("listen").value_or("");
            settings.behind_proxy = review->boolean("behind_proxy").value_or(false);
            for (const toml::Text& host : review->strings("hosts").value_or(std::vector<toml::Text>()))
                settings.hosts.push_back(host.value);
            for (const toml::Text& proxy : review->strings("proxies").value_or(std::vector<toml::Text>()))
                settings.proxies.push_back(proxy.value);
        }
    }
    EC_TRY(document.finish());
    return settings;
}

Status serve(const ReviewServiceOptions& options, std::ostream& out, std::ostream& err, const std::stop_token& stop) {
    EC_ASSIGN(const Settings settings, read_settings(options.config));
    EC_ASSIGN(const ListenAddress listen, listen_address(options.listen, "REVIEW_PORT", settings.listen, kReviewPort));
    const fs::path data = options.data_dir.empty() ? data_dir() : options.data_dir;
    if (data.empty())
        return fail(ErrorCode::unavailable, "no data directory is known", "set EDGECODER_DATA_DIR, or say --data-dir");
    EC_TRY(make_data_dir(data));
    const fs::path token_file = data / "secrets/review-token";
    EC_ASSIGN(std::string token, keep_token(token_file));
    EC_ASSIGN(const auto store, ReviewStore::open(data, [] { return std::chrono::system_clock::now(); }));
    net::ServerOptions server_options;
    server_options.address = listen.address;
    server_options.port = listen.port;
    server_options.behind_proxy = options.behind_proxy || settings.behind_proxy;
    server_options.hosts = settings.hosts;
    server_options.proxies = settings.proxies;
    EC_ASSIGN(const auto server, net::start_http_server(review_routes(*store, std::move(token)), server_options));
    out << "ready review " << server->url() << std::endl;
    err << "edgecoderd: the token is in " << token_file.string() << std::endl;
    wait_for(stop);
    server->stop();
    return {};
}

}  // namespace

int run_review_service(const ReviewServiceOptions& options, std::ostream& out, std::ostream& err,
                       std::stop_token stop) {
    const Status status = serve(options, out, err, stop);
    if (status) return 0;
    err << "edgecoderd: " << status.error().message << '\n';
    if (!status.error().remedy.empty()) err << "            " << status.error().remedy << '\n';
    return exit_status(status.error().code);
}

}  // namespace ec::apps
