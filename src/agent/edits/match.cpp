#include "edits/match.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>
#include <functional>
#include <string_view>
#include <utility>

namespace ec::agent::edits {
namespace {

using Keys = std::vector<std::size_t>;  // a hash for each line; equal lines have equal keys

std::size_t key(std::string_view text) { return std::hash<std::string_view>{}(text); }

// Every place where `needle` stands in `hay` (Knuth, Morris and Pratt 1977: linear also for files of equal lines).
std::vector<std::size_t> places(const Keys& hay, const Keys& needle) {
    std::vector<std::size_t> found;
    if (needle.empty() || needle.size() > hay.size()) return found;
    std::vector<std::size_t> border(needle.size(), 0);
    for (std::size_t i = 1, k = 0; i < needle.size(); ++i) {
        while (k > 0 && needle[i] != needle[k]) k = border[k - 1];
        if (needle[i] == needle[k]) ++k;
        border[i] = k;
    }
    for (std::size_t i = 0, k = 0; i < hay.size(); ++i) {
        while (k > 0 && (k == needle.size() || hay[i] != needle[k])) k = border[k - 1];
        if (hay[i] == needle[k]) ++k;
        if (k == needle.size()) found.push_back(i + 1 - k);
    }
    return found;
}

// One layer: what of a line is compared, and whether blank lines count.
struct Layer {
    std::string (*form)(std::string_view);
    bool skip_blank;
    bool shifts;  // indentation may differ
};

std::string as_is(std::string_view line) { return std::string(line); }
std::string trailing(std::string_view line) { return std::string(without_trailing_space(line)); }

constexpr Layer kLayers[] = {{as_is, false, false},
                             {trailing, false, false},
                             {loose_form, false, true},
                             {trailing, true, false},
                             {loose_form, true, true}};

struct Indexed {
    std::vector<std::size_t> lines;
    Keys keys;
};

template <class Range, class Text>
Indexed indexed(const Range& lines, const Layer& layer, Text text) {
    Indexed out;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const std::string_view line = text(lines[i]);
        if (layer.skip_blank && blank(line)) continue;
        out.lines.push_back(i);
        out.keys.push_back(key(layer.form(line)));
    }
    return out;
}

struct Candidate {
    Match match;
    bool consistent = true;  // one indentation of the model is always the same one of the file's
};

Candidate candidate(std::span<const TextLine> file, const MatchQuery& query, const Indexed& in_file,
                    const Indexed& in_search, std::size_t place) {
    Candidate out;
    out.match.where.assign(query.search.size(), Match::kNowhere);
    for (std::size_t k = 0; k < in_search.lines.size(); ++k) {
        const std::size_t line = in_file.lines[place + k];
        const std::string& quoted = query.search[in_search.lines[k]];
        out.match.where[in_search.lines[k]] = static_cast<std::ptrdiff_t>(line);
        if (!blank(quoted) && !out.match.indent.learn(indent_of(quoted), indent_of(file[line].text)))
            out.consistent = false;
    }
    out.match.begin = in_file.lines[place];
    out.match.end = in_file.lines[place + in_search.lines.size() - 1] + 1;
    return out;
}

std::string line_list(const std::vector<Candidate>& candidates) {
    std::string out;
    for (std::size_t i = 0; i < candidates.size() && i < 6; ++i)
        out += fmt::format("{}{}", i == 0 ? "" : ", ", candidates[i].match.begin + 1);
    return candidates.size() > 6 ? out + ", …" : out;
}

const Candidate* nearest(const std::vector<Candidate>& candidates, std::size_t line) {
    const auto distance = [line](const Candidate& c) {
        return c.match.begin > line ? c.match.begin - line : line - c.match.begin;
    };
    const Candidate* best = &candidates.front();
    bool alone = true;
    for (const Candidate& other : std::span(candidates).subspan(1)) {
        if (distance(other) == distance(*best)) alone = false;
        if (distance(other) < distance(*best)) best = &other, alone = true;
    }
    return alone ? best : nullptr;
}

MatchResult choose(std::vector<Candidate> candidates, const MatchQuery& query) {
    if (query.from > 0 &&
        std::ranges::any_of(candidates, [&](const Candidate& c) { return c.match.begin >= query.from; }))
        std::erase_if(candidates, [&](const Candidate& c) { return c.match.begin < query.from; });
    if (std::ranges::any_of(candidates, &Candidate::consistent))
        std::erase_if(candidates, [](const Candidate& c) { return !c.consistent; });
    if (candidates.size() == 1) return std::move(candidates.front().match);
    if (query.at_end) return std::move(candidates.back().match);
    if (query.near)
        if (const Candidate* best = nearest(candidates, *query.near)) return best->match;
    return std::unexpected(
        MatchFailure{true, fmt::format("matches {} places (lines {}); quote more of the lines around the one you mean",
                                       candidates.size(), line_list(candidates))});
}

}  // namespace

std::string loose_form(std::string_view line) {
    constexpr std::pair<std::string_view, std::string_view> kPlain[] = {
        {"\u2018", "'"}, {"\u2019", "'"}, {"\u201c", "\""}, {"\u201d", "\""}, {"\u2010", "-"},
        {"\u2011", "-"}, {"\u2012", "-"}, {"\u2013", "-"},  {"\u2014", "-"},  {"\u2015", "-"},
        {"\u2212", "-"}, {"\u00a0", " "}, {"\u202f", " "},  {"\u3000", " "}};
    line = trim(line);
    std::string out(line);
    if (std::ranges::all_of(line, [](char c) { return static_cast<unsigned char>(c) < 0x80; })) return out;
    for (const auto& [fancy, plain] : kPlain) out = replace_all(std::move(out), fancy, plain);
    return std::string(trim(out));
}

MatchResult find_match(std::span<const TextLine> file, const MatchQuery& query) {
    constexpr std::size_t kMostCandidates = 1000;
    const auto of_file = [](const TextLine& line) -> std::string_view { return line.text; };
    const auto of_search = [](const std::string& line) -> std::string_view { return line; };
    const bool all_blank = std::ranges::all_of(query.search, blank);
    for (const Layer& layer : kLayers) {
        if (layer.skip_blank && all_blank) break;
        const Indexed in_search = indexed(query.search, layer, of_search);
        const Indexed in_file = indexed(file, layer, of_file);
        std::vector<std::size_t> found = places(in_file.keys, in_search.keys);
        if (found.empty()) continue;
        if (found.size() > kMostCandidates) found.resize(kMostCandidates);
        std::vector<Candidate> candidates;
        for (const std::size_t place : found) candidates.push_back(candidate(file, query, in_file, in_search, place));
        MatchResult chosen = choose(std::move(candidates), query);
        if (chosen) chosen->exact = &layer == &kLayers[0];
        return chosen;
    }
    return find_similar(file, query);
}

}  // namespace ec::agent::edits
