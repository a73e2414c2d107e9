#include "mcp_servers.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/core/toml.hpp>
#include <mutex>
#include <optional>

#include "data_dir.hpp"
#include "mcp/client/client_credentials.hpp"
#include "mcp/client/http_wire.hpp"
#include "mcp/client/program_wire.hpp"
#include "network_gate.hpp"
#include "policy_files.hpp"
#include "reduced_consent.hpp"

namespace ec::apps {
namespace {

namespace fs = std::filesystem;
using mcp::ServerEntry;

constexpr std::uint64_t kTokenBytes = 16U << 10;

// What a program in the sandbox stands on, in the order it is built.
struct Stand {
    std::optional<TempDir> empty;  ///< its workspace, where it does not see the project
    std::unique_ptr<ProxyGate> gate;
    std::unique_ptr<executor::Sandbox> sandbox;
};

// A client and the ledger that it writes.
class RecordedClient final : public net::HttpClient {
public:
    RecordedClient(std::shared_ptr<net::FileEgressLedger> ledger, std::string who)
        : ledger_(std::move(ledger)), client_(net::make_http_client(*ledger_, std::move(who))) {}
    Result<net::HttpResponse> send(const net::HttpRequest& request, const net::ResponseSink& sink,
                                   std::stop_token stop) override {
        return client_->send(request, sink, std::move(stop));
    }

private:
    std::shared_ptr<net::FileEgressLedger> ledger_;
    std::unique_ptr<net::HttpClient> client_;
};

class Opener {
public:
    explicit Opener(ServerPlace place) : place_(std::move(place)) {}

    Result<std::unique_ptr<mcp::Wire>> open(const ServerEntry& entry) {
        return entry.remote() ? open_address(entry) : open_program(entry);
    }

private:
    Result<std::unique_ptr<mcp::Wire>> open_program(const ServerEntry& entry) {
        auto stand = std::make_shared<Stand>();
        executor::SandboxOptions options;
        options.workspace = place_.project;
        if (!entry.project) {
            EC_ASSIGN(TempDir empty, TempDir::create());
            stand->empty.emplace(std::move(empty));
            options.workspace = stand->empty->path();
        }
        EC_ASSIGN(options.policy, effective_policy(place_.project));
        EC_TRY(check_paths(entry));
        options.read_only.assign(entry.read_only.begin(), entry.read_only.end());
        options.reduced_consent = consent_under(options.policy);
        options.private_folder = consent_folder();
        if (!entry.hosts.empty()) {
            EC_ASSIGN(stand->gate, open_gate(entry, options.policy));
            options.network = stand->gate.get();
        }
        EC_ASSIGN(stand->sandbox, executor::open_sandbox(options));
        EC_ASSIGN(auto session, stand->sandbox->open(spec_of(entry)));
        return std::make_unique<mcp::ProgramWire>(std::move(stand), std::move(session));
    }

    // A path that leads to a home as a whole, or to where EdgeCoder keeps its own secrets, is refused.
    static Status check_paths(const ServerEntry& entry) {
        executor::SandboxPolicy shown;
        shown.read_only = entry.read_only;
        std::vector<std::string> absent;
        EC_TRY(executor::check_here(shown, policy_places(), &absent));
        if (absent.empty()) return {};
        return fail(ErrorCode::not_found, fmt::format("there is nothing at {}", absent.front()),
                    "look at read_only of its entry");
    }

    Result<std::unique_ptr<ProxyGate>> open_gate(const ServerEntry& entry,
                                                 const executor::SandboxPolicy& policy) const {
        for (const std::string& host : entry.hosts) {
            if (policy_lists(policy, host)) continue;
            return fail(ErrorCode::denied,
                        fmt::format("hosts: the policy {} does not list {}", policy.called("network.allow"), host));
        }
        return ProxyGate::open(entry.hosts, fmt::format("{}: tools of {}", place_.who, entry.name), data_dir());
    }

    executor::RunSpec spec_of(const ServerEntry& entry) {
        executor::RunSpec spec;
        spec.argv = entry.command;
        spec.line_bytes = mcp::kLongestMessage;
        spec.collect_changes = false;
        spec.network = !entry.hosts.empty();
        // It lives as long as its agent does.
        spec.limits.wall = std::chrono::milliseconds(0);
        spec.limits.cpu = std::chrono::milliseconds(0);
        spec.limits.memory_bytes = entry.memory_mb << 20;
        spec.limits.kept_output_bytes = 64U << 10;
        for (const std::string& name : entry.pass) {
            if (const char* value = std::getenv(name.c_str())) spec.environment.emplace_back(name, value);
        }
        for (const auto& [name, value] : entry.environment) spec.environment.emplace_back(name, value);
        if (entry.project && place_.secrets) {
            const std::lock_guard lock(mutex_);
            for (const std::string& path : place_.secrets().paths) spec.edits.push_back({path, ""});
        }
        return spec;
    }

    Result<std::unique_ptr<mcp::Wire>> open_address(const ServerEntry& entry) const {
        if (data_dir().empty()) {
            return fail(ErrorCode::unavailable, "there is no place for the egress ledger, so no server can be asked",
                        "set EDGECODER_DATA_DIR or HOME");
        }
        EC_ASSIGN(net::FileEgressLedger opened, net::FileEgressLedger::open(data_dir()));
        const auto ledger = std::make_shared<net::FileEgressLedger>(std::move(opened));
        const std::string who = fmt::format("{}: tools of {}", place_.who, entry.name);
        const auto make_client = [&] { return std::make_unique<RecordedClient>(ledger, who); };
        EC_ASSIGN(Secret token, token_of(entry, *make_client()));
        return std::make_unique<mcp::HttpWire>(entry.url, std::move(token), make_client);
    }

    static Result<Secret> token_of(const ServerEntry& entry, net::HttpClient& http) {
        if (!entry.token_file.empty()) return secret_in(entry.token_file);
        if (entry.token_url.empty()) return Secret();
        EC_ASSIGN(Secret secret, secret_in(entry.client_secret_file));
        return mcp::fetch_token(http, {entry.token_url, entry.client_id, std::move(secret), entry.scope, entry.url});
    }

    static Result<Secret> secret_in(const std::string& file) {
        struct stat info{};
        if (::stat(file.c_str(), &info) == 0 && (info.st_mode & 077U) != 0) {
            return fail(ErrorCode::denied, fmt::format("{} is open to others", file),
                        fmt::format("chmod 600 {}", file));
        }
        EC_ASSIGN(const std::string text, read_file(file, kTokenBytes));
        Secret secret{std::string(trim(text))};
        if (secret.empty() || secret.reveal().find_first_of(" \t\r\n") != std::string_view::npos)
            return fail(ErrorCode::invalid_argument, fmt::format("{} holds no token", file));
        return secret;
    }

    ServerPlace place_;
    std::mutex mutex_;  ///< for place_.secrets
};

}  // namespace

Result<std::vector<ServerEntry>> load_servers() {
    const fs::path folder = config_dir();
    if (folder.empty()) return std::vector<ServerEntry>{};
    const fs::path file = folder / "config.toml";
    const auto text = read_file(file, toml::kMostBytes);
    if (!text && text.error().code == ErrorCode::not_found) return std::vector<ServerEntry>{};
    if (!text) return fail(text.error());
    return mcp::parse_servers(*text, file.string());
}

mcp::OpenWire server_opener(ServerPlace place) {
    return
        [opener = std::make_shared<Opener>(std::move(place))](const ServerEntry& entry) { return opener->open(entry); };
}

mcp::Approvals tool_approvals() {
    return mcp::Approvals(data_dir().empty() ? fs::path() : data_dir() / "allowed-tools.json");
}

}  // namespace ec::apps
