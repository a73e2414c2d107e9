#include "curl_exchange.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <ec/core/text.hpp>
#include <exception>
#include <optional>

#include "url.hpp"

namespace ec::net {
namespace {

using Time = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

constexpr std::size_t kLargestHead = 256U << 10;
constexpr milliseconds kFarewell{100};      // for the end of an answer that was enough
constexpr milliseconds kLongestWait{1000};  // between two looks at the deadlines

bool leads_here(const sockaddr& address) {
    Address parsed;
    if (address.sa_family == AF_INET) {
        std::memcpy(parsed.bytes.data(), &reinterpret_cast<const sockaddr_in&>(address).sin_addr, 4);
    } else if (address.sa_family == AF_INET6) {
        parsed.v6 = true;
        std::memcpy(parsed.bytes.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, 16);
    } else {
        return false;
    }
    return is_loopback(parsed);
}

// Collects the lines of a head as libcurl hands them over.
class HeadReader {
public:
    /// True when this line ends the head of the answer proper.
    Result<bool> put(std::string_view line) {
        if (complete_) return false;  // trailers
        bytes_ += line.size();
        if (bytes_ > kLargestHead) return fail(ErrorCode::corrupt, "the head of the answer is too large");
        const bool folded = line.starts_with(' ') || line.starts_with('\t');
        line = trim(line);
        if (line.starts_with("HTTP/")) {
            headers.clear();
            const std::string_view code = line.substr(std::min(line.find(' '), line.size() - 1) + 1);
            status = 0;
            for (const char c : code.substr(0, 3)) status = c >= '0' && c <= '9' ? status * 10 + (c - '0') : 0;
        } else if (line.empty()) {
            complete_ = status >= 200;
            return complete_;
        } else if (folded && !headers.empty()) {
            headers.back().second.append(" ").append(line);
        } else {
            add(line);
        }
        return false;
    }

    int status = 0;
    Headers headers;

private:
    void add(std::string_view line) {
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) return;
        headers.emplace_back(lower_case(trim(line.substr(0, colon))), trim(line.substr(colon + 1)));
    }

    std::size_t bytes_ = 0;
    bool complete_ = false;
};

// The state of one exchange, and libcurl's callbacks on it. No exception may cross libcurl's frames: it waits here.
class Running {
public:
    Running(const CurlLibrary& curl, CURL* easy, const Exchange& exchange, ExchangeListener& listener,
            std::stop_token stop)
        : curl_(curl), easy_(easy), exchange_(exchange), listener_(listener), stop_(std::move(stop)) {}
    ~Running() {
        curl_.curl_slist_free_all(headers_);
        curl_.curl_slist_free_all(addresses_);
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

    void configure() {
        curl_.curl_easy_reset(easy_);
        set(CURLOPT_URL, exchange_.url.text().c_str());
        set(CURLOPT_PROTOCOLS_STR, "http,https");
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_QUICK_EXIT, 1L);  // a look-up under way must not hold up a stop
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
        set(CURLOPT_CONNECTTIMEOUT_MS, std::max(1L, static_cast<long>(exchange_.connect_timeout.count())));
        set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
        set(CURLOPT_ERRORBUFFER, error_text_);
        if (!exchange_.ca_file.empty()) set(CURLOPT_CAINFO, exchange_.ca_file.c_str());
        if (exchange_.url.loopback()) stay_here();
        set_method();
        set_headers();
        set(CURLOPT_VERBOSE, 1L);  // for the sizes: libcurl's own counts leave out parts of what is sent
        set(CURLOPT_DEBUGFUNCTION, &count_sent);
        set(CURLOPT_DEBUGDATA, this);
        set(CURLOPT_OPENSOCKETFUNCTION, &open_socket);
        set(CURLOPT_OPENSOCKETDATA, this);
        set(CURLOPT_PREREQFUNCTION, &connected);
        set(CURLOPT_PREREQDATA, this);
        set(CURLOPT_HEADERFUNCTION, &header_line);
        set(CURLOPT_HEADERDATA, this);
        set(CURLOPT_WRITEFUNCTION, &body_bytes);
        set(CURLOPT_WRITEDATA, this);
    }

    /// How long until a deadline passes; not positive when one has.
    [[nodiscard]] milliseconds patience() const {
        if (!connected_) return kLongestWait;  // libcurl keeps that one
        if (satisfied_) {
            return std::chrono::ceil<milliseconds>(*satisfied_ + kFarewell - std::chrono::steady_clock::now());
        }
        const auto limit = answering_ ? exchange_.idle_timeout : exchange_.first_byte_timeout;
        const auto left = std::chrono::ceil<milliseconds>(last_ + limit - std::chrono::steady_clock::now());
        return std::min(left, kLongestWait);
    }

    Status late() const {
        if (satisfied_) return {};
        const std::string where = origin(exchange_.url);
        if (!answering_) return fail(ErrorCode::timeout, fmt::format("{} took the request and does not answer", where));
        return fail(ErrorCode::timeout, fmt::format("{} stopped in the middle of its answer", where));
    }

    /// What came of it, once libcurl says that it is over.
    Status outcome(CURLcode code) {
        if (thrown_) std::rethrow_exception(thrown_);
        if (failure_) return fail(*failure_);
        if (satisfied_) return {};
        if (code != CURLE_OK) return fail(explain(code));
        if (!announced_) return fail(ErrorCode::corrupt, fmt::format("{} sent no answer", origin(exchange_.url)));
        return {};
    }

    void measure(Traffic& traffic) const {
        traffic.bytes_in = bytes_in_;
        traffic.bytes_out = bytes_out_;
        const char* address = nullptr;
        if (curl_.curl_easy_getinfo(easy_, CURLINFO_PRIMARY_IP, &address) == CURLE_OK && address != nullptr)
            traffic.address = address;
    }

private:
    template <class T>
    void set(CURLoption option, T value) {
        if (curl_.curl_easy_setopt(easy_, option, value) != CURLE_OK) throw std::bad_alloc();
    }

    // No proxy, and no resolver that might know another localhost.
    void stay_here() {
        set(CURLOPT_PROXY, "");
        if (exchange_.url.host != "localhost") return;
        append(addresses_, fmt::format("localhost:{}:127.0.0.1,::1", exchange_.url.port));
        set(CURLOPT_RESOLVE, addresses_);
    }

    void set_method() {
        if (exchange_.method == "HEAD") return set(CURLOPT_NOBODY, 1L);
        if (!exchange_.body.empty() || exchange_.method == "POST") {
            set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(exchange_.body.size()));
            set(CURLOPT_POSTFIELDS, exchange_.body.data());
        }
        if (exchange_.method != "GET" || !exchange_.body.empty()) set(CURLOPT_CUSTOMREQUEST, exchange_.method.c_str());
    }

    void set_headers() {
        append(headers_, "Expect:");  // no waiting for leave to send a large body
        bool typed = false;
        for (const auto& [name, value] : exchange_.headers) {
            append(headers_, value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
            typed = typed || lower_case(name) == "content-type";
        }
        if (!typed) append(headers_, "Content-Type:");  // not what libcurl would guess
        set(CURLOPT_HTTPHEADER, headers_);
    }

    void append(curl_slist*& list, const std::string& text) {
        curl_slist* longer = curl_.curl_slist_append(list, text.c_str());
        if (longer == nullptr) throw std::bad_alloc();
        list = longer;
    }

    [[nodiscard]] Error explain(CURLcode code) const {
        const std::string where = origin(exchange_.url);
        const std::string words = curl_.curl_easy_strerror(code);
        const std::string remedy = "start the server, or correct the address";
        switch (code) {
            case CURLE_COULDNT_RESOLVE_HOST:
                return {ErrorCode::unavailable, fmt::format("nobody knows the host of {}", where), remedy};
            case CURLE_COULDNT_RESOLVE_PROXY:
                return {ErrorCode::unavailable, "nobody knows the host of the proxy", "correct https_proxy"};
            case CURLE_COULDNT_CONNECT:
            case CURLE_OPERATION_TIMEDOUT:  // only that of connecting is set
                return {ErrorCode::unavailable, fmt::format("nothing answers at {}", where), remedy};
            case CURLE_RECV_ERROR:
            case CURLE_SEND_ERROR:
            case CURLE_GOT_NOTHING:
            case CURLE_PARTIAL_FILE:
            case CURLE_HTTP2:
            case CURLE_HTTP2_STREAM:
                return {ErrorCode::io, fmt::format("the connection to {} broke: {}", where, words), {}};
            case CURLE_SSL_CONNECT_ERROR:
            case CURLE_PEER_FAILED_VERIFICATION:
            case CURLE_SSL_CACERT_BADFILE:
            case CURLE_SSL_CERTPROBLEM:
            case CURLE_SSL_CIPHER:
            case CURLE_SSL_ISSUER_ERROR:
            case CURLE_SSL_INVALIDCERTSTATUS:
                return {ErrorCode::denied,
                        fmt::format("{} cannot be trusted: {}", where,
                                    ellipsize(to_valid_utf8(error_text_[0] != 0 ? error_text_ : words.c_str()), 300)),
                        {}};
            default:
                return {ErrorCode::corrupt, fmt::format("{} does not answer as a web server: {}", where, words), {}};
        }
    }

    template <class Body>
    bool guarded(Body body) {
        try {
            if (stop_.stop_requested()) failure_ = Error{ErrorCode::cancelled, "stopped", {}};
            if (failure_) return false;
            if (Status status = body(); !status) failure_ = std::move(status).error();
        } catch (...) {
            thrown_ = std::current_exception();
        }
        last_ = std::chrono::steady_clock::now();  // how long the listener took is not the server's fault
        return !failure_ && !thrown_;
    }

    void heard(std::size_t size) {
        bytes_in_ += size;
        answering_ = true;
    }

    Status line(std::string_view text) {
        EC_ASSIGN(const bool complete, head_.put(text));
        if (!complete) return {};
        announced_ = true;
        return listener_.head(head_.status, std::move(head_.headers));
    }

    Status body(std::string_view bytes) {
        EC_TRY(listener_.body(bytes));
        if (!satisfied_ && listener_.satisfied()) satisfied_ = std::chrono::steady_clock::now();
        return {};
    }

    // The children of this program must not inherit the connection, and a loopback address must be one.
    static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* address) {
        const auto& running = *static_cast<Running*>(self);
        if (running.exchange_.url.loopback() && !leads_here(address->addr)) return CURL_SOCKET_BAD;
        const int fd = ::socket(address->family, address->socktype, address->protocol);
        if (fd >= 0) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
        return fd;
    }

    static int count_sent(CURL*, curl_infotype type, char*, std::size_t size, void* self) {
        if (type == CURLINFO_HEADER_OUT || type == CURLINFO_DATA_OUT) static_cast<Running*>(self)->bytes_out_ += size;
        return 0;
    }

    static int connected(void* self, char*, char*, int, int) {
        auto& running = *static_cast<Running*>(self);
        running.connected_ = true;
        running.last_ = std::chrono::steady_clock::now();
        return CURL_PREREQFUNC_OK;
    }

    static std::size_t header_line(char* data, std::size_t, std::size_t size, void* self) {
        auto& running = *static_cast<Running*>(self);
        running.heard(size);
        return running.guarded([&] { return running.line({data, size}); }) ? size : 0;
    }

    static std::size_t body_bytes(char* data, std::size_t, std::size_t size, void* self) {
        auto& running = *static_cast<Running*>(self);
        running.heard(size);
        return running.guarded([&] { return running.body({data, size}); }) ? size : 0;
    }

    const CurlLibrary& curl_;
    CURL* easy_;
    const Exchange& exchange_;
    ExchangeListener& listener_;
    std::stop_token stop_;
    curl_slist* headers_ = nullptr;
    curl_slist* addresses_ = nullptr;
    char error_text_[CURL_ERROR_SIZE] = {};
    HeadReader head_;
    bool connected_ = false;
    bool answering_ = false;
    bool announced_ = false;
    Time last_{};
    std::optional<Time> satisfied_;
    std::uint64_t bytes_in_ = 0;
    std::uint64_t bytes_out_ = 0;
    std::optional<Error> failure_;
    std::exception_ptr thrown_;
};

}  // namespace

Result<std::unique_ptr<CurlConnections>> CurlConnections::open() {
    EC_ASSIGN(const CurlLibrary* curl, curl_library());
    CURLM* multi = curl->curl_multi_init();
    CURL* easy = curl->curl_easy_init();
    if (multi == nullptr || easy == nullptr) throw std::bad_alloc();
    curl->curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 8L);
    return std::unique_ptr<CurlConnections>(new CurlConnections(*curl, multi, easy));
}

CurlConnections::~CurlConnections() {
    curl_.curl_easy_cleanup(easy_);
    curl_.curl_multi_cleanup(multi_);
}

Status CurlConnections::run(const Exchange& exchange, ExchangeListener& listener, Traffic& traffic,
                            std::stop_token stop) {
    Running running(curl_, easy_, exchange, listener, stop);
    running.configure();
    if (curl_.curl_multi_add_handle(multi_, easy_) != CURLM_OK) return fail(ErrorCode::internal, "libcurl is in use");
    struct Removal {
        CurlConnections& self;
        ~Removal() {
            self.curl_.curl_multi_remove_handle(self.multi_, self.easy_);
            self.curl_.curl_easy_reset(self.easy_);  // it must not point at what ends here
        }
    } removal{*this};
    const std::stop_callback wake(stop, [this] { curl_.curl_multi_wakeup(multi_); });
    struct Account {
        Running& running;
        Traffic& traffic;
        ~Account() { running.measure(traffic); }
    } account{running, traffic};
    for (;;) {
        if (stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
        int active = 0;
        if (curl_.curl_multi_perform(multi_, &active) != CURLM_OK) return fail(ErrorCode::internal, "libcurl gave up");
        int waiting = 0;
        while (const CURLMsg* message = curl_.curl_multi_info_read(multi_, &waiting)) {
            if (message->msg == CURLMSG_DONE) return running.outcome(message->data.result);
        }
        const milliseconds patience = running.patience();
        if (patience <= milliseconds::zero()) return running.late();
        curl_.curl_multi_poll(multi_, nullptr, 0, static_cast<int>(patience.count()), nullptr);
    }
}

}  // namespace ec::net
