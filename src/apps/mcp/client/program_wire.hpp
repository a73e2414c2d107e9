// A server that is a program in the sandbox, spoken to in lines on its standard input and output. It ends with this
// object, and with the process that holds it.
#pragma once

#include <ec/executor/sandbox.hpp>
#include <memory>

#include "wire.hpp"

namespace ec::apps::mcp {

class ProgramWire final : public Wire {
public:
    /// `session` was opened with RunSpec::line_bytes and ends before `keeps`, which holds what it stands on.
    ProgramWire(std::shared_ptr<void> keeps, std::unique_ptr<executor::Session> session)
        : keeps_(std::move(keeps)), session_(std::move(session)) {}

    Status exchange(std::string_view request, const Hear& hear, std::chrono::milliseconds patience,
                    std::stop_token stop) override;
    Status post(std::string_view message) override { return session_->send(message); }
    std::string last_words() override;

private:
    std::shared_ptr<void> keeps_;
    std::unique_ptr<executor::Session> session_;
};

}  // namespace ec::apps::mcp
