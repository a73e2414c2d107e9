// The outside of the proxy for its tests: names, connections and a ledger in memory; and sockets with a patience.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <ec/net/dial.hpp>
#include <ec/net/egress_ledger.hpp>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace ec::net::testing {

inline constexpr int kPatience = 20'000;  // a bound for a broken proxy, not a wait

class FakeResolver final : public Resolver {
public:
    std::atomic<int> asked{0};
    void lead(const std::string& name, std::vector<std::string> addresses) {
        const std::lock_guard lock(mutex_);
        names_[name] = std::move(addresses);
    }
    /// While held, whoever asks waits.
    void hold(bool held) {
        const std::lock_guard lock(mutex_);
        held_ = held;
        changed_.notify_all();
    }
    void await_asked(int times) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return asked >= times; });
    }
    Result<std::vector<Address>> resolve(const std::string& name) override {
        std::unique_lock lock(mutex_);
        ++asked;
        changed_.notify_all();
        changed_.wait(lock, [&] { return !held_; });
        const auto found = names_.find(name);
        if (found == names_.end()) return fail(ErrorCode::not_found, "no such host");
        std::vector<Address> addresses;
        for (const std::string& text : found->second) addresses.push_back(*Address::parse(text));
        return addresses;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool held_ = false;
    std::map<std::string, std::vector<std::string>> names_;
};

// Keeps the far ends of what was dialled.
class FakeDialer final : public Dialer {
public:
    void fail_at(const std::string& address, int error) {
        const std::lock_guard lock(mutex_);
        errors_[address] = error;
    }
    Result<UniqueFd> dial(const Address& address, std::uint16_t port) override {
        const std::lock_guard lock(mutex_);
        dialled_.push_back(address.text() + ":" + std::to_string(port));
        if (const auto found = errors_.find(address.text()); found != errors_.end()) {
            return fail(from_errno("cannot connect", found->second));
        }
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
            return fail(from_errno("socketpair", errno));
        ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
        servers_.emplace_back(ends[1]);
        changed_.notify_all();
        return UniqueFd(ends[0]);
    }
    UniqueFd server() {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::chrono::milliseconds(kPatience), [&] { return !servers_.empty(); });
        if (servers_.empty()) return {};
        UniqueFd server = std::move(servers_.front());
        servers_.erase(servers_.begin());
        return server;
    }
    std::vector<std::string> dialled() {
        const std::lock_guard lock(mutex_);
        return dialled_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<UniqueFd> servers_;
    std::vector<std::string> dialled_;
    std::map<std::string, int> errors_;
};

class MemorySink final : public EgressSink {
public:
    std::atomic<bool> broken{false};
    Status record(const EgressEntry& entry) override {
        if (broken) return fail(ErrorCode::io, "disk full");
        const std::lock_guard lock(mutex_);
        entries_.push_back(entry);
        return {};
    }
    std::vector<EgressEntry> entries() {
        const std::lock_guard lock(mutex_);
        return entries_;
    }

private:
    std::mutex mutex_;
    std::vector<EgressEntry> entries_;
};

inline bool readable(const UniqueFd& fd) {
    pollfd wait{fd.get(), POLLIN, 0};
    return fd.valid() && ::poll(&wait, 1, kPatience) == 1;
}

inline void send_all(const UniqueFd& fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = ::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL);
        if (n <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(n));
    }
}

// Until `marker` has come or the other side has ended.
inline std::string receive(const UniqueFd& fd, std::string_view marker = {}) {
    std::string text;
    char buffer[65536];
    while ((marker.empty() || text.find(marker) == std::string::npos) && readable(fd)) {
        const ssize_t n = ::recv(fd.get(), buffer, sizeof buffer, 0);
        if (n <= 0) break;
        text.append(buffer, static_cast<std::size_t>(n));
    }
    return text;
}

}  // namespace ec::net::testing
