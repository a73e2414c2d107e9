#include "coordinator_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <chrono>
#include <ctime>
#include <ec/core/text.hpp>
#include <ec/crypto/base64.hpp>
#include <ec/crypto/http_signature.hpp>
#include <ec/crypto/random.hpp>
#include <ec/json/json.hpp>
#include <ec/swarm/protocol.hpp>
#include <fstream>
#include <sstream>
#include <thread>

#include "certificates.hpp"
#include "raw_client.hpp"
#include "tls_client.hpp"

namespace ec::bench {
namespace {

constexpr unsigned kAtOnce = 100;          // nodes that join
constexpr unsigned kOfOneAddress = 1'000;  // so many may join from one address in a minute

std::string read_line(int fd) {
    std::string line;
    for (char c = 0; c != '\n' && ::read(fd, &c, 1) == 1;) line += c;
    return line;
}

/// One request on the admin socket and its result.
Result<json::Value> ask_admin(const std::string& path, const std::string& method, json::Object params) {
    const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return fail(ErrorCode::invalid_argument, "the path is too long");
    path.copy(address.sun_path, path.size());
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return fail(ErrorCode::unavailable, "nobody listens on the admin socket");
    const std::string line =
        json::write(json::Object{{"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", std::move(params)}}) +
        "\n";
    if (::send(socket.get(), line.data(), line.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(line.size()))
        return fail(ErrorCode::io, "the admin socket takes nothing");
    EC_ASSIGN(json::Value answer, json::parse(read_line(socket.get())));
    if (!answer.is_object() || !answer.as_object().contains("result"))
        return fail(ErrorCode::denied, fmt::format("{} was refused: {}", method, json::write(answer)));
    return answer.as_object()["result"];
}

/// Fields of /proc/PID/stat from the state on.
std::vector<std::string> stat_of(pid_t pid) {
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    std::string text((std::istreambuf_iterator<char>(file)), {});
    std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 1)));
    std::vector<std::string> out;
    for (std::string field; fields >> field;) out.push_back(field);
    return out;
}

std::vector<pid_t> family(pid_t first) {
    std::vector<pid_t> all{first};
    for (std::size_t i = 0; i < all.size(); ++i) {
        std::ifstream file(fmt::format("/proc/{0}/task/{0}/children", all[i]));
        for (pid_t child = 0; file >> child;) all.push_back(child);
    }
    return all;
}

}  // namespace

double now_ms() {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string machine() {
    std::ifstream cpus("/proc/cpuinfo");
    std::string model;
    for (std::string line; std::getline(cpus, line) && model.empty();) {
        if (line.starts_with("model name")) model = trim(std::string_view(line).substr(line.find(':') + 1));
    }
    std::ifstream loads("/proc/loadavg");
    std::string load;
    loads >> load;
    return fmt::format("{} x {}, load {}", std::thread::hardware_concurrency(), model, load);
}

std::string signed_post(const Member& member, const std::string& authority, const std::string& path,
                        std::string_view body, std::string_view more_headers) {
    const crypto::SignatureHeaders headers = crypto::sign_request(
        member.key, {.method = "POST", .authority = authority, .path = path}, body,
        {.created_s = std::time(nullptr), .nonce = crypto::base64url(crypto::random_bytes(16)), .key_id = member.id});
    return fmt::format(
        "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nContent-Digest: {}\r\n"
        "Signature-Input: {}\r\nSignature: {}\r\n{}\r\n{}",
        path, authority, body.size(), headers.content_digest, headers.signature_input, headers.signature, more_headers,
        body);
}

CoordinatorProcess::CoordinatorProcess(CoordinatorProcess&& other) noexcept
    : data_(std::move(other.data_)),
      pid_(std::exchange(other.pid_, -1)),
      output_(std::move(other.output_)),
      port_(other.port_),
      ready_ms_(other.ready_ms_),
      tls_(other.tls_) {}

CoordinatorProcess::~CoordinatorProcess() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
}

Result<CoordinatorProcess> CoordinatorProcess::start(const CoordinatorWish& wish) {
    EC_ASSIGN(TempDir data, TempDir::create("swarm-load-"));
    std::vector<std::string> words{wish.program, wish.service, "--data-dir", data.path().string()};
    if (wish.service == "coordinator") words.insert(words.end(), {"--listen", "127.0.0.1:0"});
    if (wish.tls) {
        const std::string certificate = (data.path() / "certificate").string();
        const std::string key = (data.path() / "key").string();
        net::TestAuthority().issue(certificate, key);
        words.insert(words.end(), {"--tls-cert", certificate, "--tls-key", key});
    }
    words.insert(words.end(), wish.arguments.begin(), wish.arguments.end());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return fail(from_errno("cannot make a pipe", errno));
    UniqueFd output(ends[0]);
    UniqueFd far(ends[1]);
    const double since = now_ms();
    const pid_t pid = ::fork();
    if (pid < 0) return fail(from_errno(fmt::format("cannot start {}", wish.program), errno));
    if (pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // however this program ends
        ::dup2(far.get(), STDOUT_FILENO);
        ::execv(pointers[0], pointers.data());
        ::_exit(127);
    }
    far.reset();
    CoordinatorProcess process(std::move(data), pid, std::move(output));
    process.tls_ = wish.tls;
    EC_TRY(process.wait_until_ready(wish.service, since));
    return process;
}

Status CoordinatorProcess::wait_until_ready(const std::string& service, double since_ms) {
    // `all` says it of each service; the last one makes it whole.
    const std::size_t wanted = service == "all" ? 4 : 1;
    std::size_t ready = 0;
    while (ready < wanted) {
        const std::string line = read_line(output_.get());
        if (line.empty()) return fail(ErrorCode::unavailable, "the coordinator did not come up");
        if (!line.starts_with("ready ")) continue;
        ++ready;
        if (line.starts_with("ready coordinator "))
            port_ = static_cast<std::uint16_t>(std::stoul(line.substr(line.rfind(':') + 1)));
    }
    ready_ms_ = now_ms() - since_ms;
    return {};
}

std::uint64_t CoordinatorProcess::resident_bytes() const {
    std::uint64_t pages = 0;
    for (const pid_t pid : family(pid_)) {
        std::ifstream file(fmt::format("/proc/{}/statm", pid));
        std::uint64_t all = 0;
        std::uint64_t resident = 0;
        file >> all >> resident;
        pages += resident;
    }
    return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

double CoordinatorProcess::cpu_s() const {
    constexpr std::size_t kUser = 11;
    double ticks = 0;
    for (const pid_t pid : family(pid_)) {
        const auto fields = stat_of(pid);
        if (fields.size() > kUser + 1) ticks += std::stod(fields[kUser]) + std::stod(fields[kUser + 1]);
    }
    return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

Result<std::string> CoordinatorProcess::token(identity::NodeKind kind, unsigned uses) const {
    EC_ASSIGN(const json::Value answer,
              ask_admin((data_.path() / "run/admin.sock").string(), "token.create",
                        json::Object{
                            {"kind", identity::name(kind)}, {"account", "local"}, {"uses", uses}, {"approved", true}}));
    return std::string(answer.as_object().at("token").as_string());
}

Result<std::vector<Member>> CoordinatorProcess::enrol(identity::NodeKind kind, unsigned count) const {
    EC_ASSIGN(const std::string token_text, token(kind, count));
    const Secret secret{token_text};
    std::vector<Member> members;
    std::vector<std::unique_ptr<net::RawClient>> plain;
    std::vector<std::unique_ptr<net::TlsClient>> tls;
    // Side by side, so that they are written in groups.
    for (unsigned left = count; left > 0; left -= std::min(left, kAtOnce)) {
        if (members.size() % kOfOneAddress == 0) {
            const std::uint32_t from = net::address_number(2 + static_cast<unsigned>(members.size()) / kOfOneAddress);
            plain.clear();
            tls.clear();
            for (unsigned i = 0; i < std::min(left, kAtOnce); ++i) {
                if (tls_) tls.push_back(std::make_unique<net::TlsClient>(port_, net::TlsWish{.from = from}));
                if (!tls_) plain.push_back(std::make_unique<net::RawClient>(port_, from));
            }
        }
        for (unsigned i = 0; i < std::min(left, kAtOnce); ++i) {
            EC_ASSIGN(crypto::SecretKey key, crypto::SecretKey::generate());
            const std::string id = identity::NodeId::of(key.public_key()).text();
            members.push_back({std::move(key), id});
            const std::string request =
                signed_post(members.back(), authority(), "/v1/nodes",
                            swarm::write(swarm::JoinRequest{
                                .token = secret, .key = members.back().key.public_key(), .kind = kind, .label = {}}));
            tls_ ? tls[i]->send(request) : plain[i]->send(request);
        }
        for (unsigned i = 0; i < std::min(left, kAtOnce); ++i) {
            const std::string answer = tls_ ? tls[i]->receive_to("}\n") : plain[i]->receive();
            if (net::status_of(answer) != 201)
                return fail(ErrorCode::denied, fmt::format("a node was not let in: {}", answer));
        }
    }
    return members;
}

}  // namespace ec::bench
