#include "service.hpp"

#include <ec/core/token.hpp>
#include <ostream>

#include "../data_dir.hpp"
#include "routes.hpp"
#include "store.hpp"

namespace ec::apps {
namespace {

namespace fs = std::filesystem;

class Service final : public RunningService {
public:
    Service(std::unique_ptr<ReviewStore> store, std::unique_ptr<net::HttpServer> server)
        : store_(std::move(store)), server_(std::move(server)) {}
    ~Service() override { stop(); }
    [[nodiscard]] std::string url() const override { return server_->url(); }
    void stop() override { server_->stop(); }

private:
    std::unique_ptr<ReviewStore> store_;
    std::unique_ptr<net::HttpServer> server_;
};

}  // namespace

StartedService start_review_service(const ReviewServiceOptions& options, std::ostream& err) {
    EC_ASSIGN(const ServiceTable settings, read_service_table(options.config, "review"));
    EC_ASSIGN(const ListenAddress listen, listen_address(options.listen, "REVIEW_PORT", settings.listen, kReviewPort));
    const fs::path data = options.data_dir.empty() ? data_dir() : options.data_dir;
    if (data.empty())
        return fail(ErrorCode::unavailable, "no data directory is known", "set EDGECODER_DATA_DIR, or say --data-dir");
    EC_TRY(make_data_dir(data));
    const fs::path token_file = data / "secrets/review-token";
    EC_ASSIGN(const std::string token, keep_token(token_file));
    EC_ASSIGN(auto store, ReviewStore::open(data, [] { return std::chrono::system_clock::now(); }));
    net::ServerOptions server_options;
    server_options.address = listen.address;
    server_options.port = listen.port;
    server_options.behind_proxy = options.behind_proxy || settings.behind_proxy;
    server_options.hosts = settings.hosts;
    server_options.proxies = settings.proxies;
    EC_ASSIGN(auto server, net::start_http_server(review_routes(*store, token), server_options));
    err << "edgecoderd: the token is in " << token_file.string() << std::endl;
    return std::make_unique<Service>(std::move(store), std::move(server));
}

int run_review_service(const ReviewServiceOptions& options, std::ostream& out, std::ostream& err,
                       std::stop_token stop) {
    return service_exit(serve_one("review", start_review_service(options, err), out, stop), err);
}

}  // namespace ec::apps
