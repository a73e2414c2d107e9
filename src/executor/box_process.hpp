// One running edgecoder-box: its pipes, its captured output, the records it sends. Used by one thread at a time.
//
// Nothing here waits for the end of a pipe: the box reports when the main program has ended and everything else in the
// sandbox is dead, and that report, or the death of the box itself, is the end.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <ec/box/protocol.hpp>
#include <ec/core/fd.hpp>
#include <ec/core/result.hpp>
#include <ec/executor/sandbox.hpp>
#include <filesystem>
#include <string>
#include <string_view>

#include "box_report.hpp"
#include "capture.hpp"
#include "frame_reader.hpp"
#include "reaper.hpp"

namespace ec::executor {

class BoxProcess {
public:
    /// `proxy` is the end that goes to the box when `spec.proxy` says so.
    static Result<BoxProcess> start(const std::filesystem::path& program, const box::Spec& spec, const RunSpec& run,
                                    UniqueFd proxy = {});

    BoxProcess(BoxProcess&&) noexcept;
    BoxProcess& operator=(BoxProcess&&) = delete;
    ~BoxProcess();

    /// Gives a sandbox that was started early or warm its second spec, and takes the limits of output from `run`.
    Status hand_over(const box::Spec& second, const RunSpec& run);

    /// Moves whatever can be moved on any of the pipes, waiting at most `wait` for the first of it or for `wake_fd`
    /// (-1: none). Sends pending session bytes, collects answers.
    void pump(std::chrono::milliseconds wait, int wake_fd = -1);

    [[nodiscard]] bool ended() const { return report().complete || gone_; }
    /// Asks pid 1 to end the run for that reason; it still reports.
    void request_stop(box::Stop reason);
    /// Ends everything now, without a report.
    void kill();
    /// Closes our end of the session's pipes: the program sees the end of its requests.
    void close_session() {
        session_out_.reset();
        session_in_.reset();
    }
    /// Takes what is left in the pipes and hands the process over to be reaped. After ended(), or after kill().
    Ending let_go();
    /// let_go(), and waits until the box is gone.
    void close();

    [[nodiscard]] const BoxReport& report() const { return parser_.report(); }
    [[nodiscard]] BoxReport& report() { return parser_.report(); }
    [[nodiscard]] const Capture& out() const { return out_; }
    [[nodiscard]] const Capture& err() const { return err_; }
    /// When the first byte of standard output came; nothing before.
    [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> first_output() const { return first_output_; }

    /// Queues session bytes; pump() sends them.
    void send(std::string_view bytes) { to_send_.append(bytes); }
    [[nodiscard]] bool sending() const { return sent_ < to_send_.size(); }
    /// Session frames that have come and that nobody has taken yet.
    FrameReader frames;
    [[nodiscard]] bool session_closed() const { return session_closed_; }

private:
    BoxProcess(const RunSpec& run)
        : frames(run.line_bytes),
          out_(run.limits.kept_output_bytes),
          err_(run.limits.kept_output_bytes),
          flood_(run.limits.output_flood_bytes),
          parser_(content_limit(run)) {}

    static std::uint64_t content_limit(const RunSpec& run) {
        return run.collect_change_contents ? run.limits.new_file_bytes : 0;
    }

    void reap_box();
    void read_status();
    void send_session();
    void read_session();

    std::string to_send_;
    std::size_t sent_ = 0;  ///< how much of to_send_ is gone
    pid_t pid_ = -1;
    bool gone_ = false;
    bool box_reaped_ = false;
    bool flooded_ = false;
    bool stop_requested_ = false;
    bool session_closed_ = false;
    std::optional<std::chrono::steady_clock::time_point> first_output_;
    UniqueFd spec_;  ///< only where a second spec follows, until it is there
    UniqueFd stdout_;
    UniqueFd stderr_;
    UniqueFd status_;
    UniqueFd control_;
    UniqueFd session_out_;  ///< to the payload's descriptor 3
    UniqueFd session_in_;   ///< from the payload's descriptor 4
    Capture out_;
    Capture err_;
    std::uint64_t flood_;
    BoxReportParser parser_;
};

}  // namespace ec::executor
