// The editor at the other end, as a session sees it: where updates go, who is asked, what holds unsaved texts.
//
// Threads: update() from any; the rest from the session's thread. Everything that waits for the editor ends with the
// stop token of the turn, or its own patience.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "editor.hpp"
#include "encode.hpp"
#include "messages.hpp"
#include "rpc/peer.hpp"

namespace ec::apps::acp {

class Client final : public Editor {
public:
    Client(rpc::Peer& peer, std::string session, ClientCapabilities can)
        : peer_(peer), session_(std::move(session)), can_(can) {}

    void update(json::Object update);
    /// Something for the person that is no part of an answer.
    void tell(std::string_view severity, std::string_view text);
    /// Nothing when the turn is over: the person said so, was gone, or the protocol broke.
    std::optional<std::string> permission(const ToolCall& call, std::string_view always, const std::stop_token& stop);

    [[nodiscard]] bool reads() const override { return can_.read_text_file; }
    [[nodiscard]] bool writes() const override { return can_.write_text_file; }
    Result<std::string> read(const std::filesystem::path& path) override;
    Status write(const std::filesystem::path& path, const std::string& text) override;

    /// The editor knows the project at `root` by the name it gave, which may lead there by a link.
    void project_at(std::filesystem::path root, std::filesystem::path named) {
        root_ = std::move(root);
        named_ = std::move(named);
    }
    /// What ends waiting for the editor from now on.
    void stop_with(std::stop_token stop) { stop_ = std::move(stop); }
    /// A fresh id for a tool call.
    std::string next_call() { return "call-" + std::to_string(++calls_); }

private:
    rpc::Answer ask(std::string method, json::Object params, std::chrono::milliseconds patience,
                    const std::stop_token& stop);

    [[nodiscard]] std::string named(const std::filesystem::path& path) const {
        return (named_ / path.lexically_relative(root_)).lexically_normal().string();
    }

    rpc::Peer& peer_;
    std::string session_;
    ClientCapabilities can_;
    std::filesystem::path root_;
    std::filesystem::path named_;
    std::stop_token stop_;
    std::uint64_t calls_ = 0;
};

}  // namespace ec::apps::acp
