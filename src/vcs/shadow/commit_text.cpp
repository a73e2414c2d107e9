#include "commit_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ec/core/text.hpp>

namespace ec::vcs {
namespace {

constexpr std::string_view kAuthor = "EdgeCoder <edgecoder@localhost>";
constexpr std::size_t kLongestMessage = 200;
constexpr std::size_t kLongestValue = 4096;
constexpr std::string_view kParent = "parent";
constexpr std::string_view kFiles = "files";

bool is_key(std::string_view key) {
    return !key.empty() && std::ranges::all_of(key, [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
}

bool is_line(std::string_view value) {
    return value.size() <= kLongestValue &&
           value.find_first_of(std::string_view("\n\r\0", 3)) == std::string_view::npos;
}

// One line, whatever was given: it is shown in lists, and the facts must not be forged by it.
std::string first_line(std::string_view message) {
    std::string line = to_valid_utf8(trim(message));
    for (char& c : line) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    }
    line = ellipsize(line, kLongestMessage);
    return line.empty() ? "checkpoint" : line;
}

std::unexpected<Error> damaged() { return fail(ErrorCode::corrupt, "the checkpoints are damaged: not a snapshot"); }

}  // namespace

Result<std::string> write_commit(const SnapshotInfo& info, const ObjectId& tree) {
    std::string text = fmt::format("tree {}\nauthor {} {} +0000\ncommitter {} {} +0000\n\n{}\n\n", hex(tree), kAuthor,
                                   info.time_s, kAuthor, info.time_s, first_line(info.message));
    text += fmt::format("{}: {}\n", kFiles, info.files);
    if (!info.parent.empty()) text += fmt::format("{}: {}\n", kParent, info.parent);
    for (const auto& [key, value] : info.facts) {
        if (!is_key(key) || key == kParent || key == kFiles || !is_line(value)) {
            return fail(ErrorCode::invalid_argument, fmt::format("a checkpoint cannot keep the fact {}", key));
        }
        text += fmt::format("{}: {}\n", key, value);
    }
    return text;
}

Result<Commit> read_commit(std::string_view text) {
    Commit commit;
    const std::size_t head_end = text.find("\n\n");
    if (!text.starts_with("tree ") || head_end == std::string_view::npos) return damaged();
    const auto tree = parse_id(text.substr(5, 40));
    if (!tree) return damaged();
    commit.tree = *tree;
    for (const std::string_view line : split_lines(text.substr(0, head_end))) {
        if (!line.starts_with("committer ")) continue;
        const std::size_t at = line.find("> ");
        if (at == std::string_view::npos) return damaged();
        const std::string_view digits = line.substr(at + 2);
        std::from_chars(digits.data(), digits.data() + digits.size(), commit.info.time_s);
    }
    const std::string_view body = text.substr(head_end + 2);
    const std::size_t line_end = body.find("\n\n");
    if (line_end == std::string_view::npos) return damaged();
    commit.info.message = body.substr(0, line_end);
    for (const std::string_view line : split_lines(body.substr(line_end + 2))) {
        const std::size_t colon = line.find(": ");
        if (colon == std::string_view::npos) return damaged();
        const std::string key(line.substr(0, colon));
        const std::string value(line.substr(colon + 2));
        if (key == kFiles)
            commit.info.files = value;
        else if (key == kParent)
            commit.info.parent = value;
        else
            commit.info.facts[key] = value;
    }
    return commit;
}

}  // namespace ec::vcs
