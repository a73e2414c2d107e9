// What the operator may do, over JSON-RPC at DATA_DIR/run/admin.sock: whoever can open that socket is this machine's
// owner of the coordinator. docs/coordinator.md lists the methods.
#pragma once

#include <ec/core/fd.hpp>
#include <ec/core/result.hpp>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <thread>

#include "../rpc/json_rpc.hpp"
#include "coordinator.hpp"

namespace ec::apps::coordinator {

/// Answers one request. Waits for the database; `drain` is called for the method of that name.
rpc::Answer admin_answer(Coordinator& with, const rpc::Request& request, const std::function<void()>& drain);

/// Whose process is at the other end of a socket.
Result<unsigned> peer_user(int socket);

/// Held for as long as a coordinator runs on a data directory.
class RunLock {
public:
    /// `conflict` while another process has it.
    static Result<RunLock> take(const std::filesystem::path& file);

private:
    explicit RunLock(UniqueFd fd) : fd_(std::move(fd)) {}
    UniqueFd fd_;
};

/// The socket, mode 0600, and the one thread that serves it: one caller at a time, each a few seconds. What is left of
/// an earlier one is replaced: take the RunLock first.
class AdminSocket {
public:
    using Ask = std::function<rpc::Answer(const rpc::Request&)>;
    static Result<std::unique_ptr<AdminSocket>> open(const std::filesystem::path& at, Ask ask);
    ~AdminSocket();

private:
    AdminSocket(std::filesystem::path at, UniqueFd listener, Ask ask);
    void run(const std::stop_token& stop);
    void serve(UniqueFd caller, const std::stop_token& stop);

    std::filesystem::path at_;
    UniqueFd listener_;
    Ask ask_;
    std::jthread thread_;
};

}  // namespace ec::apps::coordinator
