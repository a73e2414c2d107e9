#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ec/agent/review.hpp>
#include <ec/agent/workspace_files.hpp>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/core/token.hpp>
#include <iterator>

namespace ec::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

constexpr std::string_view kAnswerForm =
    "## Answer\n\n"
    "Answer with one unified diff in a fenced block (--- a/PATH, +++ b/PATH, paths as above) that solves the task, and "
    "leave nothing out of it. What you write outside the block is read by a person.\n";

// Code points that a terminal obeys instead of showing, or that make it show text in another order.
bool obeyed_by_terminals(std::uint32_t point) {
    return (point < 0x20 && point != '\n' && point != '\t') || (point >= 0x7f && point <= 0x9f) ||
           (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

// `text` is valid UTF-8.
std::uint32_t decode(std::string_view text, std::size_t& size) {
    const auto first = static_cast<unsigned char>(text.front());
    size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (size == 1) return first;
    std::uint32_t point = first & (0xffU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) point = point << 6 | (static_cast<unsigned char>(text[i]) & 0x3fU);
    return point;
}

/// What is left looks the same to a person, a terminal and a reviewer.
std::string plain(std::string_view text) {
    const std::string valid = to_valid_utf8(replace_all(std::string(text), "\r\n", "\n"));
    std::string out;
    for (std::string_view rest = valid; !rest.empty();) {
        std::size_t size = 1;
        out += obeyed_by_terminals(decode(rest, size)) ? kReplacement : rest.substr(0, size);
        rest.remove_prefix(size);
    }
    return out;
}

Result<unsigned> line_number(std::string_view text) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number == 0)
        return fail(ErrorCode::invalid_argument, fmt::format("\"{}\" is no line number", text));
    return number;
}

bool looks_like_lines(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789-") == std::string_view::npos;
}

/// Without its secrets. Plain before, so that no control character splits one in two; and after, whatever the redactor
/// put in.
std::string redacted(std::string_view raw, const Redactor& redact) { return plain(redact(plain(raw))); }

Result<std::string> snippet(const WorkspaceFiles& files, Region& region, const Redactor& redact) {
    EC_ASSIGN(const std::string raw, files.read(region.path));
    // Before the lines get numbers, which would hide a secret.
    const std::string text = redacted(raw, redact);
    const auto lines = split_lines(text);
    if (lines.size() != split_lines(raw).size() && region.first != 0) {
        return fail(
            ErrorCode::denied,
            fmt::format("{} holds a secret of several lines, and its lines have other numbers without it", region.path),
            fmt::format("name the whole file (--file {})", region.path));
    }
    if (region.first == 0) {
        region.first = 1;
        region.last = static_cast<unsigned>(lines.size());
    }
    if (region.first > region.last || region.last > lines.size()) {
        if (lines.empty()) return fmt::format("### {}\n\nThe file is empty.\n\n", region.path);
        return fail(ErrorCode::invalid_argument, fmt::format("{} has {} lines; there are no lines {} to {}",
                                                             region.path, lines.size(), region.first, region.last));
    }
    std::string out =
        fmt::format("### {}, lines {} to {} of {}\n\n", region.path, region.first, region.last, lines.size());
    for (unsigned line = region.first; line <= region.last; ++line) {
        fmt::format_to(std::back_inserter(out), "{:5} | {}\n", line, lines[line - 1]);
    }
    return out + "\n";
}

/// The end says most; of the start a little.
std::string bounded_output(std::string_view output) {
    constexpr std::size_t kHead = kMostOutput / 4;
    if (output.size() <= kMostOutput) return std::string(output);
    const std::string_view tail = output.substr(output.size() - (kMostOutput - kHead));
    return fmt::format("{}\n[… {} bytes left out …]\n{}", output.substr(0, kHead), output.size() - kMostOutput, tail);
}

/// Indented, so that nothing inside can end it.
std::string indented(std::string_view text) {
    std::string out;
    for (const std::string_view line : split_lines(text)) fmt::format_to(std::back_inserter(out), "    {}\n", line);
    return out;
}

// Where the project lies on this machine is nobody's business, and often holds a person's name.
std::string without_place(std::string text, const fs::path& workspace) {
    std::error_code error;
    for (const fs::path& place : {fs::canonical(workspace, error), fs::absolute(workspace, error)}) {
        const std::string name = place.lexically_normal().string();
        if (name.size() > 1) text = replace_all(std::move(text), name.back() == '/' ? name : name + "/", "");
    }
    return text;
}

Status check(const ReviewQuestion& question, const Redactor& redact) {
    if (!redact) return fail(ErrorCode::invalid_argument, "nothing is packed for a review without a redactor");
    if (trim(question.task).empty()) return fail(ErrorCode::invalid_argument, "a review needs a task");
    if (question.task.size() > kMostTask)
        return fail(ErrorCode::too_large, fmt::format("the task is longer than {} bytes", kMostTask));
    if (question.regions.size() > kMostRegions)
        return fail(ErrorCode::too_large, fmt::format("more than {} files", kMostRegions));
    return {};
}

}  // namespace

std::string_view name(ReviewWhy why) {
    switch (why) {
        case ReviewWhy::outside_sandbox:
            return "outside_sandbox";
        case ReviewWhy::time:
            return "time";
        case ReviewWhy::model_limit:
            return "model_limit";
        case ReviewWhy::asked:
            return "asked";
    }
    return {};
}

Result<ReviewWhy> parse_review_why(std::string_view text) {
    for (const ReviewWhy why :
         {ReviewWhy::outside_sandbox, ReviewWhy::time, ReviewWhy::model_limit, ReviewWhy::asked}) {
        if (text == name(why)) return why;
    }
    return fail(ErrorCode::invalid_argument, fmt::format("\"{}\" is no reason for a review", text),
                "say outside_sandbox, time, model_limit or asked");
}

std::string_view explain(ReviewWhy why) {
    switch (why) {
        case ReviewWhy::outside_sandbox:
            return "its tests need what the sandbox does not give";
        case ReviewWhy::time:
            return "the time that was given ended before a fix was found";
        case ReviewWhy::model_limit:
            return "no candidate that was tried passed the tests";
        case ReviewWhy::asked:
            return "a review was asked for";
    }
    return {};
}

Result<Region> parse_region(std::string_view text) {
    Region region;
    const std::size_t colon = text.rfind(':');
    const std::string_view lines = colon == std::string_view::npos ? "" : text.substr(colon + 1);
    region.path = text;
    if (looks_like_lines(lines)) {
        region.path = text.substr(0, colon);
        const std::size_t dash = lines.find('-');
        EC_ASSIGN(region.first, line_number(lines.substr(0, dash)));
        region.last = region.first;
        if (dash != std::string_view::npos) {
            EC_ASSIGN(region.last, line_number(lines.substr(dash + 1)));
        }
        if (region.last < region.first)
            return fail(ErrorCode::invalid_argument, fmt::format("{}: the last line is before the first", text));
    }
    if (region.path.starts_with("./")) region.path.erase(0, 2);
    if (!is_inside_relative(region.path))
        return fail(ErrorCode::invalid_argument, fmt::format("{} is not inside the project", text));
    return region;
}

Result<ReviewPackage> build_package(const ReviewQuestion& question, const Redactor& redact) {
    EC_TRY(check(question, redact));
    ReviewPackage package;
    package.regions = question.regions;
    std::string text = fmt::format(
        "A coding assistant could not solve this on the developer's machine: {}. Please solve it.\n\n## Task\n\n{}\n\n",
        explain(question.why), trim(redacted(question.task, redact)));
    if (!trim(question.test).empty())
        text += fmt::format("## Test command\n\n{}\n", indented(redacted(question.test, redact)));
    if (!package.regions.empty()) {
        text +=
            "## Files\n\nOnly these parts of the project are shown. The number before \"|\" is the line's and no part "
            "of the file.\n\n";
    }
    EC_ASSIGN(const WorkspaceFiles files, WorkspaceFiles::list(question.workspace));
    for (Region& region : package.regions) {
        EC_ASSIGN(const std::string part, snippet(files, region, redact));
        text += part;
        if (text.size() > kMostPackage)
            return fail(ErrorCode::too_large, fmt::format("more than {} bytes would be sent", kMostPackage),
                        "name fewer lines (--file PATH:FIRST-LAST)");
    }
    if (!trim(question.failing_output).empty())
        text += fmt::format("## Failing output\n\n{}\n",
                            indented(bounded_output(redacted(question.failing_output, redact))));
    text += kAnswerForm;
    text = without_place(std::move(text), question.workspace);
    // Once more over all: a secret may have come together only here.
    package.text = redacted(text, redact);
    if (package.text.size() > kMostPackage)
        return fail(ErrorCode::too_large, fmt::format("more than {} bytes would be sent", kMostPackage));
    EC_ASSIGN(package.key, random_token());
    return package;
}

}  // namespace ec::agent
