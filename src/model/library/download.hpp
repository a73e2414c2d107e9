// One file over HTTP into a partial file, resumed where an earlier try stopped.
//
// The partial file X and what is known of it (X.json: URL, entity tag) stay when a download is cancelled or its
// connection breaks, and go when they are of no use: wrong bytes, a full disk. RFC 9110 sections 13.1.5 (If-Range)
// and 14.
#pragma once

#include <cstdint>
#include <ec/core/fd.hpp>
#include <ec/core/waiter.hpp>
#include <ec/model/library.hpp>
#include <ec/net/http_client.hpp>
#include <optional>

namespace ec::model::library {

struct Wanted {
    std::string url;
    std::string what;        ///< in the person's words, for errors
    std::uint64_t size = 0;  ///< as announced; 0 unknown
    std::optional<crypto::Sha256Digest> sha256;
    net::Headers headers;
};

class Download {
public:
    /// `fd` is the partial file, open for writing and locked; it outlives this.
    Download(const Wanted& wanted, const std::filesystem::path& partial, int fd, net::HttpClient& http, Waiter& waiter)
        : wanted_(wanted), partial_(partial), fd_(fd), http_(http), waiter_(waiter) {}

    /// When it is good, the partial file is whole and synced, and this is its hash. Tries again by itself while
    /// something comes. `corrupt` when size or hash are not as announced.
    Result<crypto::Sha256Digest> run(const OnPullProgress& progress, const std::stop_token& stop);
    [[nodiscard]] std::uint64_t size() const { return offset_; }

private:
    Status begin(const std::stop_token& stop);
    Status restart();
    Status attempt(const std::stop_token& stop);
    Status take_head(const net::HttpResponse& head);
    Status take_range(const net::HttpResponse& head);
    Status take_whole(const net::HttpResponse& head);
    Status announce(std::uint64_t total);
    Status take_body(std::string_view bytes);
    Result<crypto::Sha256Digest> finish();
    Status remember(const std::string& tag);
    void discard();
    void tell(PullProgress::Stage stage, std::string_view why = {}) const;
    [[nodiscard]] std::filesystem::path notes() const;

    const Wanted& wanted_;
    std::filesystem::path partial_;
    int fd_;
    net::HttpClient& http_;
    Waiter& waiter_;
    OnPullProgress progress_;
    crypto::Sha256 hash_;
    std::uint64_t offset_ = 0;  ///< bytes that are written and hashed
    std::uint64_t total_ = 0;   ///< 0 unknown
    std::string tag_;           ///< a strong entity tag, or nothing
    bool resumed_ = false;      ///< some bytes come from an earlier answer
    bool stale_ = false;        ///< the answer does not continue what is there
    bool useless_ = false;      ///< what is there is not worth keeping
    bool final_ = false;        ///< another try would end as this one
    bool again_ = false;        ///< the server asked to come again later
    std::chrono::milliseconds pause_{0};
};

}  // namespace ec::model::library
