// The similarity layer: one alignment of the quoted lines against the whole file (Needleman and Wunsch 1970, with the
// file's ends free), scored line by line with Dice's coefficient over character pairs.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <ec/core/text.hpp>
#include <unordered_map>

#include "edits/match.hpp"

namespace ec::agent::edits {
namespace {

constexpr double kEnough = 0.8;  // of the quoted text must be there
constexpr double kEnoughForOneLine = 0.9;
constexpr double kMargin = 0.1;    // between the best place and any other
constexpr double kSameLine = 0.6;  // two lines less similar than this are not the same line changed
constexpr double kWorthShowing = 0.3;
constexpr std::size_t kMostOfLine = 200;  // characters of a line that are compared

struct Line {
    std::size_t number = 0;            // in the file or in the search
    std::vector<std::uint16_t> pairs;  // sorted
    double weight = 0;
};

Line line_of(std::size_t number, std::string_view text) {
    std::string form = loose_form(text);
    if (form.size() > kMostOfLine) form.resize(kMostOfLine);
    Line line{number, {}, 4 + static_cast<double>(form.size())};
    if (form.size() == 1) form += ' ';
    for (std::size_t i = 0; i + 1 < form.size(); ++i)
        line.pairs.push_back(static_cast<std::uint16_t>((static_cast<unsigned char>(form[i]) << 8) |
                                                        static_cast<unsigned char>(form[i + 1])));
    std::ranges::sort(line.pairs);
    return line;
}

double similarity(const Line& a, const Line& b) {
    const double total = static_cast<double>(a.pairs.size() + b.pairs.size());
    if (total == 0) return 0;
    if (2.0 * static_cast<double>(std::min(a.pairs.size(), b.pairs.size())) < kSameLine * total) return 0;
    std::size_t common = 0;
    for (auto x = a.pairs.begin(), y = b.pairs.begin(); x != a.pairs.end() && y != b.pairs.end();) {
        if (*x == *y)
            ++common, ++x, ++y;
        else if (*x < *y)
            ++x;
        else
            ++y;
    }
    const double dice = 2.0 * static_cast<double>(common) / total;
    return dice < kSameLine ? 0 : dice;
}

enum class Step : std::uint8_t { none, pair, skip_search, skip_file };

struct Alignment {
    std::vector<Step> steps;           // (search + 1) rows of (file + 1)
    std::vector<double> score;         // of the last row: the whole search, ending at this line of the file
    std::vector<std::uint32_t> begin;  // where that alignment begins
};

Alignment align(const std::vector<Line>& search, const std::vector<Line>& file) {
    const std::size_t width = file.size() + 1;
    Alignment out{std::vector<Step>((search.size() + 1) * width, Step::none), std::vector<double>(width, 0), {}};
    out.begin.resize(width);
    for (std::size_t j = 0; j < width; ++j) out.begin[j] = static_cast<std::uint32_t>(j);
    std::vector<double> score(width);
    std::vector<std::uint32_t> begin(width);
    for (std::size_t i = 1; i <= search.size(); ++i) {
        score[0] = 0;
        begin[0] = 0;
        out.steps[i * width] = Step::skip_search;
        for (std::size_t j = 1; j < width; ++j) {
            Step step = Step::skip_search;
            score[j] = out.score[j];
            begin[j] = out.begin[j];
            const double alike = similarity(search[i - 1], file[j - 1]);
            if (alike > 0 && out.score[j - 1] + alike * search[i - 1].weight > score[j]) {
                score[j] = out.score[j - 1] + alike * search[i - 1].weight;
                begin[j] = out.begin[j - 1];
                step = Step::pair;
            }
            if (score[j - 1] - file[j - 1].weight > score[j]) {
                score[j] = score[j - 1] - file[j - 1].weight;
                begin[j] = begin[j - 1];
                step = Step::skip_file;
            }
            out.steps[i * width + j] = step;
        }
        out.score.swap(score);
        out.begin.swap(begin);
    }
    return out;
}

Match match_ending_at(const Alignment& alignment, const std::vector<Line>& search, const std::vector<Line>& file,
                      std::span<const TextLine> text, const MatchQuery& query, std::size_t end) {
    Match match;
    match.where.assign(query.search.size(), Match::kNowhere);
    match.end = file[end - 1].number + 1;
    match.begin = match.end;
    const std::size_t width = file.size() + 1;
    for (std::size_t i = search.size(), j = end; i > 0;) {
        switch (alignment.steps[i * width + j]) {
            case Step::pair: {
                const std::size_t line = file[--j].number;
                const std::size_t quoted = search[--i].number;
                match.where[quoted] = static_cast<std::ptrdiff_t>(line);
                match.begin = line;
                (void)match.indent.learn(indent_of(query.search[quoted]), indent_of(text[line].text));
                break;
            }
            case Step::skip_file:
                --j;
                break;
            default:
                --i;
                break;
        }
    }
    return match;
}

std::string excerpt(std::span<const TextLine> text, std::size_t begin, std::size_t end) {
    constexpr std::size_t kMostLines = 12;
    std::string out;
    for (std::size_t i = begin; i < std::min(end, begin + kMostLines); ++i)
        out += fmt::format("\n{}: {}", i + 1, ellipsize(text[i].text, kMostOfLine));
    return end > begin + kMostLines ? out + "\n…" : out;
}

std::vector<Line> comparable(std::size_t count, const auto& text_of) {
    std::vector<Line> out;
    for (std::size_t i = 0; i < count; ++i)
        if (!blank(text_of(i))) out.push_back(line_of(i, text_of(i)));
    return out;
}

std::size_t best_end(const Alignment& alignment, std::size_t outside_begin, std::size_t outside_end) {
    std::size_t best = 0;
    for (std::size_t j = 1; j < alignment.score.size(); ++j) {
        const bool overlaps = j > outside_begin && alignment.begin[j] < outside_end;
        if (!overlaps && alignment.score[j] > alignment.score[best]) best = j;
    }
    return best;
}

std::unexpected<MatchFailure> nowhere(std::string detail) {
    return std::unexpected(MatchFailure{false, "matches nowhere" + std::move(detail)});
}

}  // namespace

MatchResult find_similar(std::span<const TextLine> file, const MatchQuery& query) {
    std::size_t enough = kMostPairs;
    std::size_t& left = query.pairs == nullptr ? enough : *query.pairs;
    if (!query.search.empty() && file.size() > left / query.search.size())
        return nowhere(", and is too long to look for similar lines; quote fewer lines, exactly as they are");
    left -= file.size() * query.search.size();
    const auto search =
        comparable(query.search.size(), [&](std::size_t i) -> std::string_view { return query.search[i]; });
    const auto lines = comparable(file.size(), [&](std::size_t i) -> std::string_view { return file[i].text; });
    double whole = 0;
    for (const Line& line : search) whole += line.weight;
    if (search.empty() || lines.empty()) return nowhere(lines.empty() ? ": the file is empty" : "");

    const Alignment alignment = align(search, lines);
    const std::size_t end = best_end(alignment, 0, 0);
    const double best = alignment.score[end] / whole;
    if (end == 0 || best < kWorthShowing) return nowhere("; quote the lines exactly as they are in the file");
    const Match match = match_ending_at(alignment, search, lines, file, query, end);
    if (best < (search.size() == 1 ? kEnoughForOneLine : kEnough))
        return nowhere(fmt::format("; the closest lines are {}–{}, quote them exactly:{}", match.begin + 1, match.end,
                                   excerpt(file, match.begin, match.end)));
    const std::size_t other_end = best_end(alignment, alignment.begin[end], end);
    const double second = other_end == 0 ? 0 : alignment.score[other_end] / whole;
    if (best - second < kMargin) {
        const Match other = match_ending_at(alignment, search, lines, file, query, other_end);
        return std::unexpected(MatchFailure{
            true, fmt::format("matches nowhere exactly, and two places are similar: lines {}–{} ({:.0f} %) and lines "
                              "{}–{} ({:.0f} %); quote the one you mean exactly:{}",
                              match.begin + 1, match.end, best * 100, other.begin + 1, other.end, second * 100,
                              excerpt(file, match.begin, match.end))});
    }
    return match;
}

}  // namespace ec::agent::edits
