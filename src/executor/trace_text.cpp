#include <algorithm>
#include <cctype>
#include <charconv>
#include <ec/core/text.hpp>
#include <ec/executor/trace_text.hpp>
#include <optional>

namespace ec::executor {
namespace {

constexpr std::size_t kMaxFrames = 200;
constexpr std::size_t kMaxLineLength = 4096;  // no frame is longer; a hostile line would only cost time

/// The number at the start of `text`, taken off it; 0 when there is none.
int take_number(std::string_view& text) {
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || number < 0) return 0;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_foreign(std::string_view file) {
    if (file.empty() || file.starts_with('<') || file.starts_with("node:") || file.starts_with("internal/"))
        return true;
    constexpr std::string_view kMachinery[] = {"/_pytest/",     "/pluggy/", "/unittest/",
                                               "node_modules/", "/rustc/",  "/doctest.py"};
    return std::ranges::any_of(kMachinery,
                               [&](std::string_view part) { return file.find(part) != std::string_view::npos; });
}

/// `  File "x.py", line 12, in name`
std::optional<TraceFrame> python_frame(std::string_view line) {
    line = trim(line);
    if (!line.starts_with("File \"")) return std::nullopt;
    line.remove_prefix(6);
    const std::size_t quote = line.find("\", line ");
    if (quote == std::string_view::npos) return std::nullopt;
    TraceFrame frame{.file = std::string(line.substr(0, quote))};
    line.remove_prefix(quote + 8);
    frame.line = take_number(line);
    frame.function = line.starts_with(", in ") ? std::string(trim(line.substr(5))) : "<module>";
    return frame.line > 0 ? std::optional(frame) : std::nullopt;
}

/// Splits "path:12:5" or "path:12" from the right into the path and the line.
std::optional<TraceFrame> place(std::string_view text) {
    std::size_t numbers = 0;
    int line = 0;
    while (numbers < 2) {
        const std::size_t colon = text.rfind(':');
        if (colon == std::string_view::npos || colon + 1 == text.size()) break;
        std::string_view digits = text.substr(colon + 1);
        if (!std::ranges::all_of(digits, is_digit)) break;
        line = take_number(digits);
        text = text.substr(0, colon);
        ++numbers;
    }
    if (numbers == 0 || line == 0 || text.empty()) return std::nullopt;
    return TraceFrame{.file = std::string(text), .line = line, .function = {}};
}

/// `    at name (file:1:2)`, `at async name (…)`, `at file:1:2`
std::optional<TraceFrame> javascript_frame(std::string_view line) {
    line = trim(line);
    if (!line.starts_with("at ")) return std::nullopt;
    line = trim(line.substr(3));
    if (line.starts_with("async ")) line.remove_prefix(6);
    std::string_view function;
    if (const std::size_t open = line.rfind(" ("); open != std::string_view::npos && line.ends_with(')')) {
        function = line.substr(0, open);
        line = line.substr(open + 2, line.size() - open - 3);
    }
    auto frame = place(line);
    if (frame) frame->function = std::string(function);
    return frame;
}

/// `tests/test_a.py:12: AssertionError`, `tests/test_a.py:5: in test_a` (pytest)
std::optional<TraceFrame> pytest_frame(std::string_view line) {
    const std::size_t at = line.find(".py:");
    if (at == std::string_view::npos || line.starts_with(' ') || line.starts_with("E ")) return std::nullopt;
    std::string_view rest = line.substr(at + 4);
    TraceFrame frame{.file = std::string(line.substr(0, at + 3))};
    frame.line = take_number(rest);
    if (frame.line == 0 || !rest.starts_with(": ")) return std::nullopt;
    if (frame.file.find(' ') != std::string::npos) return std::nullopt;
    rest.remove_prefix(2);
    if (rest.starts_with("in ")) frame.function = std::string(trim(rest.substr(3)));
    return frame;
}

/// `thread 'x' panicked at src/lib.rs:10:5:` (Rust)
std::optional<TraceFrame> rust_frame(std::string_view line) {
    const std::size_t at = line.find(" panicked at ");
    if (at == std::string_view::npos || !line.starts_with("thread '")) return std::nullopt;
    std::string_view rest = trim(line.substr(at + 13));
    // Up to Rust 1.72 the message came first: panicked at 'text', src/lib.rs:10:5
    if (const std::size_t quote = rest.rfind("', "); quote != std::string_view::npos) rest = rest.substr(quote + 3);
    if (rest.ends_with(':')) rest.remove_suffix(1);
    return place(rest);
}

/// `    x_test.go:12: text`, `\t/path/x.go:12 +0x1d` (Go)
std::optional<TraceFrame> go_frame(std::string_view line) {
    if (!line.starts_with(' ') && !line.starts_with('\t')) return std::nullopt;
    line = trim(line);
    const std::size_t at = line.find(".go:");
    if (at == std::string_view::npos) return std::nullopt;
    std::string_view rest = line.substr(at + 4);
    TraceFrame frame{.file = std::string(line.substr(0, at + 3))};
    frame.line = take_number(rest);
    if (frame.line == 0 || frame.file.find(' ') != std::string::npos) return std::nullopt;
    if (!rest.empty() && !rest.starts_with(": ") && !rest.starts_with(" +0x")) return std::nullopt;
    return frame;
}

class FrameList {
public:
    explicit FrameList(const std::filesystem::path& workspace) : workspace_(workspace) {}

    void add(TraceFrame frame) {
        frame.file = report_path(frame.file, workspace_);
        if (is_foreign(frame.file)) return;
        frame.file = to_valid_utf8(frame.file);
        frame.function = to_valid_utf8(ellipsize(frame.function, 200));
        if (!frames_.empty() && frames_.back() == frame) return;  // a recursion repeats itself
        frames_.push_back(std::move(frame));
    }
    /// JavaScript prints the innermost frame first; a block of such lines is turned round when it ends.
    void add_javascript(TraceFrame frame) { block_.push_back(std::move(frame)); }
    void end_block() {
        for (auto frame = block_.rbegin(); frame != block_.rend(); ++frame) add(std::move(*frame));
        block_.clear();
    }
    [[nodiscard]] bool in_block() const { return !block_.empty(); }
    [[nodiscard]] bool full() const { return frames_.size() + block_.size() >= kMaxFrames; }
    std::vector<TraceFrame> take() {
        end_block();
        return std::move(frames_);
    }

private:
    const std::filesystem::path& workspace_;
    std::vector<TraceFrame> frames_;
    std::vector<TraceFrame> block_;
};

}  // namespace

std::string report_path(std::string_view file, const std::filesystem::path& workspace) {
    if (file.starts_with("file://")) file.remove_prefix(7);
    const std::string& root = workspace.native();
    if (root.size() > 1 && file.size() > root.size() + 1 && file.starts_with(root) && file[root.size()] == '/') {
        file.remove_prefix(root.size() + 1);
    }
    while (file.starts_with("./")) file.remove_prefix(2);
    return std::string(file);
}

std::vector<TraceFrame> frames_from_text(std::string_view text, const std::filesystem::path& workspace) {
    FrameList frames(workspace);
    for (std::string_view line : split_lines(text)) {
        if (frames.full()) break;
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.size() > kMaxLineLength) continue;
        if (auto frame = javascript_frame(line)) {
            frames.add_javascript(std::move(*frame));
            continue;
        }
        // "at Array.map (<anonymous>)" has no place, but stands in the middle of a stack.
        if (frames.in_block() && trim(line).starts_with("at ")) continue;
        frames.end_block();
        auto frame = python_frame(line);
        if (!frame) frame = rust_frame(line);
        if (!frame) frame = go_frame(line);
        if (!frame) frame = pytest_frame(line);
        if (frame) frames.add(std::move(*frame));
    }
    return frames.take();
}

}  // namespace ec::executor
