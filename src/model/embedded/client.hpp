// One model in a host process, from the side of the program that uses it: finds a host that is shared or starts one of
// its own, loads the model, does so anew after a crash, and carries requests and answers.
#pragma once

#include <atomic>
#include <chrono>
#include <ec/core/result.hpp>
#include <ec/model/embedded.hpp>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <variant>

#include "host_process.hpp"
#include "protocol.hpp"
#include "shared_link.hpp"

namespace ec::model::embedded {

class Client {
public:
    Client(EmbeddedOptions options, bool embeddings) : options_(std::move(options)), embeddings_(embeddings) {}

    /// Starts the host and loads the model, where that is not done. `cancelled`, or why it cannot be.
    Status ensure(std::stop_token stop);
    [[nodiscard]] const Loaded& loaded() const { return loaded_; }

    /// A number that no request had before.
    std::int64_t next_id() { return ++last_id_; }

    /// Sends a request and hands every answer to it to `on_answer` until that returns false or the host says Done or
    /// Failed. A stopped token or a false cancels the request in the host.
    Status converse(const ToHost& request, std::int64_t id, const std::function<bool(const FromHost&)>& on_answer,
                    std::stop_token stop);

    /// From any thread.
    void set_paused(bool paused);

private:
    using Link = std::variant<HostProcess, SharedLink>;

    Status start(std::stop_token stop);
    Result<Link> reach();
    [[nodiscard]] Channel& channel();
    Status send(const ToHost& message);
    /// `wake_fd` becomes readable when `stop` is stopped; -1 for none.
    Result<FromHost> receive(const std::stop_token& stop, int wake_fd, std::chrono::milliseconds patience);
    /// As much silence as is borne, but not beyond `end`.
    Result<FromHost> receive_by(std::chrono::steady_clock::time_point end, const std::stop_token& stop, int wake_fd);
    [[nodiscard]] bool paused();
    Error crashed();
    void cancel(std::int64_t id);

    EmbeddedOptions options_;
    bool embeddings_;
    Loaded loaded_;
    std::int64_t last_id_ = 0;
    bool shared_ = false;
    std::mutex mutex_;  ///< over link_ and paused_ against set_paused()
    std::optional<Link> link_;
    bool paused_ = false;
};

}  // namespace ec::model::embedded
