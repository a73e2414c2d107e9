// Stack frames found in text that a program printed: Python tracebacks, pytest's short form, JavaScript stacks, Go and
// Rust panics. The text is untrusted; what does not look like a frame is passed over.
#pragma once

#include <ec/executor/report.hpp>
#include <filesystem>
#include <string_view>
#include <vector>

namespace ec::executor {

/// At most 200 frames, from outermost to innermost within each traceback, tracebacks in the order of the text. Files
/// inside `workspace` become relative to it; frames of the runtimes themselves ("node:internal/…", "<frozen …>") are
/// left out.
std::vector<TraceFrame> frames_from_text(std::string_view text, const std::filesystem::path& workspace);

/// `file` as reports name it: relative when it is inside `workspace`, else unchanged. Understands file:// URLs.
std::string report_path(std::string_view file, const std::filesystem::path& workspace);

}  // namespace ec::executor
