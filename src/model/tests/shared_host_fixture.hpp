// A host that several clients share, as a process, and clients that speak its frames by hand.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <ec/core/fs.hpp>
#include <ec/model/embedded.hpp>
#include <ec/model/host.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "embedded/channel.hpp"
#include "embedded/protocol.hpp"

namespace ec::model::testing {

/// `edgecoderd inference`, or the same in a fork of this process with limits of the test's own.
class SharedHost {
public:
    /// Waits for its ready line; killed with the object.
    explicit SharedHost(const std::filesystem::path& runtime_dir, std::vector<std::string> arguments = {});
    explicit SharedHost(const SharedHostOptions& options);
    ~SharedHost();
    SharedHost(const SharedHost&) = delete;
    SharedHost& operator=(const SharedHost&) = delete;

    [[nodiscard]] int pid() const { return pid_; }
    [[nodiscard]] const std::string& ready_line() const { return ready_; }
    [[nodiscard]] std::filesystem::path socket() const { return socket_; }
    void signal(int number) const;
    /// Waits for its end: the exit status, or minus the signal that killed it.
    int ending();

    /// How often the model's file is mapped in it.
    [[nodiscard]] int mappings() const;
    [[nodiscard]] std::size_t descriptors() const;
    /// Proportional share of memory in KiB.
    [[nodiscard]] long pss() const;
    /// The most memory it ever took, in KiB.
    [[nodiscard]] long peak() const;

private:
    void await_ready(int from);
    std::filesystem::path socket_;
    std::string ready_;
    int pid_ = -1;
};

/// What `edgecoderd inference` with that runtime directory says and returns, when it does not stay.
struct Ended {
    int status = 0;
    std::string words;
};
Ended run_host(const std::filesystem::path& runtime_dir, std::vector<std::string> arguments = {});

/// Options for the tiny model that prefer the host at that socket.
EmbeddedOptions sharing(const std::filesystem::path& socket);

/// A connection on which a test says what it likes.
class RawClient {
public:
    explicit RawClient(const std::filesystem::path& socket, bool hello = true);
    void say(std::string_view frame);
    void say(const embedded::ToHost& message) { say(embedded::encode(message)); }
    /// Bytes without a frame around them.
    void bytes(std::string_view text);
    /// The next frame; nothing when the host has closed the connection. Fails the test after a minute.
    std::optional<embedded::FromHost> answer();
    /// Whether something comes within that time.
    bool hears(std::chrono::milliseconds within);
    /// Reads until the connection is closed.
    void expect_closed();
    /// Loads the tiny model, or another in its place.
    void load(const std::filesystem::path& file = {});
    void chat(std::int64_t id, const std::string& text, int max_tokens, unsigned n = 1);
    /// Skips everything up to the Done or Failed of that request.
    embedded::FromHost conclusion(std::int64_t id);

private:
    embedded::Channel channel_;
    std::optional<std::string> heard_;
};

}  // namespace ec::model::testing
