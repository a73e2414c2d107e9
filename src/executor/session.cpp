#include "session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "stop_wake.hpp"
#include "verdict.hpp"

namespace ec::executor {
namespace {

using SteadyClock = std::chrono::steady_clock;

// How long a program that is spoken to in lines may leave what we write unread. One that is asked in frames may be busy
// for as long as its caller waits.
constexpr std::chrono::seconds kLinePatience{10};

class BoxSession final : public Session {
public:
    BoxSession(BoxProcess process, RunSpec spec, std::unique_ptr<NetworkPass> network,
               std::optional<MemoryGroups::Lease> group, std::string tier)
        : network_(std::move(network)),
          group_(std::move(group)),
          process_(std::move(process)),
          spec_(std::move(spec)),
          tier_(std::move(tier)) {}

    // Answers are collected while a large request goes out, so neither side waits for the other for ever.
    Status send(std::string_view frame) override {
        if (frame.size() > process_.frames.largest()) return fail(too_large("a frame may hold at most"));
        if (in_lines()) {
            if (frame.contains('\n')) return fail(ErrorCode::invalid_argument, "a line holds no line end");
            process_.send(frame);
            process_.send("\n");
        } else {
            box::Writer head;
            head.u32(static_cast<std::uint32_t>(frame.size()));
            process_.send(head.bytes());
            process_.send(frame);
        }
        // Tried at once: waiting for the pipe first would cost a poll a frame.
        process_.pump(std::chrono::milliseconds(0));
        const auto until = SteadyClock::now() + kLinePatience;
        while (process_.sending()) {
            if (over()) return fail(ended());
            if (process_.frames.full()) return fail(ErrorCode::corrupt, "the program answers without being asked");
            process_.pump(std::chrono::milliseconds(500));
            // One that takes a byte now and then would hold whoever sends for as long as it likes.
            if (in_lines() && SteadyClock::now() > until)
                return fail(ErrorCode::timeout, "the program does not read what it is sent");
        }
        return {};
    }

    Result<std::string> receive(std::chrono::milliseconds deadline, std::stop_token stop) override {
        const auto until = SteadyClock::now() + deadline;
        const StopWake wake(stop);
        for (;;) {
            if (auto frame = process_.frames.next()) return std::move(*frame);
            if (process_.frames.broken()) {
                Error error = too_large("the program sent a frame of more than");
                error.code = ErrorCode::corrupt;
                return fail(std::move(error));
            }
            if (stop.stop_requested()) return fail(ErrorCode::cancelled, "waiting for the program was cancelled");
            if (over()) {
                process_.pump(std::chrono::milliseconds(0));
                if (auto frame = process_.frames.next()) return std::move(*frame);
                return fail(ended());
            }
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - SteadyClock::now());
            if (left.count() <= 0) return fail(ErrorCode::timeout, "the program did not answer in time");
            process_.pump(std::min(left, std::chrono::milliseconds(500)), wake.fd());
        }
    }

    RunResult finish(std::chrono::milliseconds grace) override {
        if (result_) return *result_;
        process_.close_session();
        const auto until = SteadyClock::now() + grace;
        bool asked = false;
        auto hard = until + std::chrono::seconds(20);
        while (!process_.ended()) {
            const auto now = SteadyClock::now();
            if (!asked && now >= until) {
                process_.request_stop(box::Stop::cancelled);
                asked = true;
            }
            if (now >= hard) process_.kill();
            const auto next = std::chrono::ceil<std::chrono::milliseconds>((asked ? hard : until) - now);
            process_.pump(std::clamp(next, std::chrono::milliseconds(0), std::chrono::milliseconds(500)));
        }
        process_.close();
        network_.reset();
        result_ = conclude(process_, spec_, group_ ? group_->use() : MemoryUse{}, tier_);
        return *result_;
    }

private:
    [[nodiscard]] bool in_lines() const { return spec_.line_bytes > 0; }

    [[nodiscard]] Error too_large(std::string_view what) const {
        return {ErrorCode::too_large, fmt::format("{} {} KiB", what, process_.frames.largest() >> 10), {}};
    }

    [[nodiscard]] bool over() const { return process_.ended() || process_.session_closed(); }

    Error ended() const {
        if (!process_.report().problem.empty()) return unreadable(process_.report());
        if (process_.report().setup_error) return explain(*process_.report().setup_error);
        return Error{ErrorCode::io, "the program in the sandbox ended", {}};
    }

    std::unique_ptr<NetworkPass> network_;
    std::optional<MemoryGroups::Lease> group_;  // before process_: given back when the box is gone
    BoxProcess process_;
    RunSpec spec_;
    std::string tier_;
    std::optional<RunResult> result_;
};

}  // namespace

std::unique_ptr<Session> open_session(BoxProcess process, const RunSpec& spec, std::unique_ptr<NetworkPass> network,
                                      std::optional<MemoryGroups::Lease> group, std::string tier) {
    return std::make_unique<BoxSession>(std::move(process), spec, std::move(network), std::move(group),
                                        std::move(tier));
}

}  // namespace ec::executor
