// The record stream of edgecoder-box, read into values. Bytes in any pieces go in; what the box has said so far stands
// in report(). Pure: no descriptors, no clock, no system calls; used by one thread at a time.
//
// The box is ours and the bytes are not trusted all the same: it works on names and contents that the program chose.
// Whatever breaks a rule of ec/box/protocol.hpp makes the whole report void, with the rule in `problem`.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ec/box/protocol.hpp>
#include <ec/executor/sandbox.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ec::executor {

struct SetupError {
    int error = 0;  ///< an errno value
    std::string step;
    std::string detail;
};

/// What the box said.
struct BoxReport {
    pid_t init = -1;  ///< pid 1 of the sandbox, a child of ours
    bool ready = false;
    bool handed = false;  ///< a warm sandbox has taken the second spec
    int landlock_abi = 0;
    bool own_userns = false;
    bool has_proc = false;
    std::optional<SetupError> setup_error;
    std::optional<int> exec_error;
    std::optional<box::Summary> summary;
    std::vector<Change> changes;  ///< paths below the workspace, each once; sorted by path when complete
    bool changes_cut = false;     ///< some changes were left out
    std::map<std::string, std::string> artifacts;
    bool complete = false;  ///< the end record came
    std::string problem;    ///< not empty: the stream makes no sense, and all of the above but init is empty
};

class BoxReportParser {
public:
    /// `content_bytes`: how many bytes of changed files may come, all together.
    explicit BoxReportParser(std::uint64_t content_bytes) : content_left_(content_bytes) {}

    /// The same for the run that a warm sandbox is handed.
    void expect(std::uint64_t content_bytes) { content_left_ = content_bytes; }
    void feed(std::string_view bytes);
    [[nodiscard]] bool corrupt() const { return !report_.problem.empty(); }
    [[nodiscard]] const BoxReport& report() const { return report_; }
    [[nodiscard]] BoxReport& report() { return report_; }

private:
    [[nodiscard]] std::uint64_t largest(box::Tag tag) const;
    // Each returns what is wrong with the record, or nothing.
    std::string_view take(box::Tag tag, std::string_view body);
    std::string_view take_started(box::Parser& in);
    std::string_view take_ready(box::Parser& in);
    std::string_view take_error(box::Parser& in);
    std::string_view take_no_exec(box::Parser& in);
    std::string_view take_handed();
    std::string_view take_summary(box::Parser& in);
    std::string_view take_change(box::Parser& in);
    std::string_view take_artifact(box::Parser& in);
    std::string_view take_end(box::Parser& in);

    std::string pending_;  ///< bytes of an unfinished record
    std::uint64_t content_left_;
    std::uint64_t names_left_ = box::kMostNameBytes;
    std::uint64_t artifacts_left_ = box::kMostArtifactBytes;
    BoxReport report_;
};

}  // namespace ec::executor
