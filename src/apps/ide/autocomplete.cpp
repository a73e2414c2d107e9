#include "autocomplete.hpp"

#include <algorithm>
#include <array>
#include <ec/core/text.hpp>
#include <set>

namespace ec::apps::ide {
namespace {

constexpr std::string_view kClosers = ")]}";

std::string_view last_line(std::string_view text) {
    const std::size_t end = text.rfind('\n');
    return end == std::string_view::npos ? text : text.substr(end + 1);
}

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

bool blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

bool opens_block(std::string_view line) {
    line = trim(line);
    constexpr std::array<std::string_view, 6> kOpeners{":", "{", "(", "[", "=>", "->"};
    return std::ranges::any_of(kOpeners, [&](std::string_view opener) { return line.ends_with(opener); });
}

bool closes_block(std::string_view line) {
    line = trim(line);
    return !line.empty() && (kClosers.contains(line.front()) || line == "end" || line.starts_with("end "));
}

/// The last line before the cursor that says something.
std::string_view line_before(std::string_view prefix) {
    std::string_view line = last_line(prefix);
    while (blank(line)) {
        if (line.size() == prefix.size()) return {};
        prefix.remove_suffix(line.size() + 1);
        line = last_line(prefix);
    }
    return line;
}

/// Closing brackets of a text that it did not open itself.
std::size_t unopened(std::string_view text) {
    std::size_t open = 0;
    std::size_t closed = 0;
    for (const char c : text) {
        if (c == '(' || c == '[' || c == '{') ++open;
        if (!kClosers.contains(c)) continue;
        if (open > 0)
            --open;
        else
            ++closed;
    }
    return closed;
}

bool alike(std::string_view a, std::string_view b) {
    const auto lines_of = [](std::string_view text) {
        std::set<std::string_view> lines;
        for (const std::string_view line : split_lines(text)) {
            if (!blank(line)) lines.insert(trim(line));
        }
        return lines;
    };
    const auto of_a = lines_of(a);
    const auto of_b = lines_of(b);
    const auto both = static_cast<std::size_t>(
        std::ranges::count_if(of_a, [&](std::string_view line) { return of_b.contains(line); }));
    return 2 * both > std::min(of_a.size(), of_b.size());
}

}  // namespace

std::optional<Extent> extent_named(std::string_view word) {
    if (word == "line") return Extent::line;
    if (word == "block") return Extent::block;
    if (word == "raw") return Extent::raw;
    return std::nullopt;
}

Extent extent_at(std::string_view prefix, std::string_view suffix) {
    const std::string_view behind = trim(first_line(suffix));
    if (behind.find_first_not_of(")]};,:\"'") != std::string_view::npos) return Extent::line;
    const std::string_view before = last_line(prefix);
    return blank(before) || opens_block(before) ? Extent::block : Extent::line;
}

std::size_t indentation(std::string_view line) {
    std::size_t columns = 0;
    for (const char c : line) {
        if (c != ' ' && c != '\t') break;
        columns += c == '\t' ? 4 : 1;
    }
    return columns;
}

CompletionEnd::CompletionEnd(Extent extent, std::string_view prefix, std::optional<std::size_t> indent)
    : extent_(extent) {
    const std::string_view before = last_line(prefix);
    opened_ = opens_block(line_before(prefix)) && (opens_block(before) || blank(before));
    const std::size_t base = indentation(blank(before) ? line_before(prefix) : before);
    least_ = opened_ ? base + 1 : blank(before) ? indentation(before) : base;
    if (indent) least_ = std::max(opened_ ? base + 1 : std::size_t{0}, *indent);
}

std::optional<std::size_t> CompletionEnd::find(std::string_view text) const {
    if (extent_ == Extent::raw) return std::nullopt;
    std::size_t at = text.find('\n');
    if (extent_ == Extent::line) return at == std::string_view::npos ? std::nullopt : std::optional(at);
    // `kept` is the end of the last line that says something: blank lines count only when the block goes on.
    std::size_t kept = at;
    bool said = at != std::string_view::npos && !blank(text.substr(0, at));
    while (at != std::string_view::npos) {
        const std::size_t begin = at + 1;
        const std::size_t end = text.find('\n', begin);
        const std::string_view line = text.substr(begin, end == std::string_view::npos ? end : end - begin);
        // What may still be the front of a deeper line is not judged.
        if (blank(line) && end == std::string_view::npos) return std::nullopt;
        if (!blank(line)) {
            const std::size_t columns = indentation(line);
            if (columns < least_) {
                const bool its_end = opened_ && columns + 1 >= least_ && closes_block(line);
                if (!its_end) return kept;
                if (end == std::string_view::npos) return std::nullopt;
                return end;
            }
            said = true;
            kept = end;
        } else if (said && begin > 1 && text[begin - 2] == '\n') {
            return kept;  // two blank lines
        }
        at = end;
    }
    return std::nullopt;
}

std::string without_overlap(std::string_view completion, std::string_view suffix) {
    constexpr std::size_t kMost = 4096;
    for (std::size_t length = std::min({completion.size(), suffix.size(), kMost}); length > 0; --length) {
        if (!completion.ends_with(suffix.substr(0, length))) continue;
        const std::string_view shared = suffix.substr(0, length);
        if (shared.find_first_not_of(kClosers) != std::string_view::npos)
            return std::string(completion.substr(0, completion.size() - length));
        return std::string(completion.substr(0, completion.size() - std::min(length, unopened(completion))));
    }
    return std::string(completion);
}

std::string around(std::string_view prefix, std::string_view suffix) {
    constexpr std::size_t kHalf = NeighbourRing::kMostLines / 2;
    std::size_t begin = prefix.size();
    for (std::size_t lines = 0; begin > 0 && lines < kHalf; ++lines) {
        const std::size_t previous = prefix.rfind('\n', begin - 1);
        begin = previous == std::string_view::npos ? 0 : previous;
    }
    if (begin > 0) ++begin;
    std::size_t end = 0;
    for (std::size_t lines = 0; end != std::string_view::npos && end < suffix.size() && lines < kHalf; ++lines)
        end = suffix.find('\n', end + (lines > 0 ? 1 : 0));
    std::string text(prefix.substr(std::min(begin, prefix.size())));
    text += suffix.substr(0, end);
    if (text.size() > NeighbourRing::kMostBytes) text.resize(NeighbourRing::kMostBytes);
    return to_valid_utf8(text);
}

NeighbourRing::Workspace& NeighbourRing::workspace(const std::string& name) {
    const auto found = std::ranges::find(workspaces_, name, &Workspace::name);
    if (found == workspaces_.end())
        workspaces_.push_front({.name = name, .current = {}, .pieces = {}});
    else
        workspaces_.splice(workspaces_.begin(), workspaces_, found);
    if (workspaces_.size() > kMostWorkspaces) workspaces_.pop_back();
    return workspaces_.front();
}

std::vector<model::Excerpt> NeighbourRing::visit(const std::string& name, const std::string& path,
                                                 std::string_view prefix, std::string_view suffix) {
    if (path.empty() || path.size() > kLongestPath) return {};
    const std::scoped_lock lock(mutex_);
    Workspace& here = workspace(name);
    if (here.current.path != path && !here.current.text.empty()) {
        std::erase_if(here.pieces, [&](const model::Excerpt& piece) {
            return piece.path == here.current.path && alike(piece.text, here.current.text);
        });
        here.pieces.push_back(std::move(here.current));
        if (here.pieces.size() > kMostPieces) here.pieces.erase(here.pieces.begin());
    }
    here.current = {path, around(prefix, suffix)};
    std::vector<model::Excerpt> others;
    std::ranges::copy_if(here.pieces, std::back_inserter(others),
                         [&](const model::Excerpt& piece) { return piece.path != path; });
    return others;
}

}  // namespace ec::apps::ide
