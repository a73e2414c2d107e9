// A server that says what a test tells it to, without a process or a network.
#pragma once

#include <gtest/gtest.h>

#include <ec/json/json.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../../../rpc/json_rpc.hpp"
#include "../server_entry.hpp"
#include "../wire.hpp"

namespace ec::apps::mcp::testing {

/// What the fake shares with the test that made it.
struct Script {
    /// The lines said to a request, by method. A method without one is never answered.
    std::map<std::string, std::function<std::vector<std::string>(const rpc::Request&)>> says;
    std::vector<std::string> posted;  ///< what came without being asked for
    std::vector<rpc::Request> asked;
    std::string last_words;
    bool dead = false;

    /// The answer to a request, as a line.
    static std::string answer(const rpc::Request& request, json::Value result) {
        return rpc::encode(rpc::Response{request.id, std::move(result)});
    }
    void answers(const std::string& method, json::Value result) {
        says[method] = [result](const rpc::Request& request) {
            return std::vector<std::string>{answer(request, result)};
        };
    }
    void greets() {
        answers("initialize", json::parse(R"({"protocolVersion":"2025-11-25","capabilities":{"tools":{}},
                                              "serverInfo":{"name":"fake","version":"1"}})")
                                  .value());
    }
    void has(const std::string& tools) { answers("tools/list", json::Object{{"tools", json::parse(tools).value()}}); }
};

class FakeWire final : public Wire {
public:
    explicit FakeWire(std::shared_ptr<Script> script) : script_(std::move(script)) {}

    Status exchange(std::string_view text, const Hear& hear, std::chrono::milliseconds, std::stop_token stop) override {
        if (script_->dead) return fail(ErrorCode::io, "the program in the sandbox ended");
        const auto message = rpc::decode(text);
        const auto request = std::get<rpc::Request>(message.value());
        script_->asked.push_back(request);
        const auto at = script_->says.find(request.method);
        if (at != script_->says.end()) {
            for (const std::string& line : at->second(request)) {
                EC_ASSIGN(const bool over, hear(line));
                if (over) return {};
            }
        }
        if (stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
        return fail(ErrorCode::timeout, "the server did not answer in time");
    }
    Status post(std::string_view message) override {
        script_->posted.emplace_back(message);
        return {};
    }
    std::string last_words() override { return script_->last_words; }

private:
    std::shared_ptr<Script> script_;
};

inline ServerEntry entry(std::string name = "fake") {
    ServerEntry entry;
    entry.name = std::move(name);
    entry.command = {"fake-server"};
    return entry;
}

inline constexpr const char* kEcho =
    R"([{"name":"echo","description":"Says it again.","inputSchema":{"type":"object","properties":{"text":{"type":"string"}}}}])";

}  // namespace ec::apps::mcp::testing
