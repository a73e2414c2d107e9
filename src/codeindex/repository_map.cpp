#include <algorithm>
#include <cmath>
#include <ec/codeindex/repository_map.hpp>
#include <map>
#include <unordered_map>

#include "page_rank.hpp"
#include "words.hpp"

namespace ec::codeindex {
namespace {

// How much a file or name of the focus counts beside all the others.
constexpr double kInHand = 8;
constexpr double kMentionedFile = 8;
constexpr double kDefinesMentioned = 4;
constexpr double kMentionedName = 10;
constexpr double kPrivateName = 0.3;
// A name that many files define ("run", "main", "__init__") says little about which one is meant.
constexpr std::size_t kMostDefiners = 20;
constexpr std::size_t kMostEdges = 4'000'000;
constexpr std::size_t kShortestMention = 3;

/// Files that define each name, by file; names with too many are left out.
std::vector<std::vector<std::uint32_t>> definers(const Index& index) {
    std::vector<std::vector<std::uint32_t>> out(index.names().size());
    for (std::uint32_t file = 0; file < index.files().size(); ++file) {
        for (const Definition& definition : index.files()[file].definitions) {
            auto& list = out[*index.name_index(definition.name)];
            if (list.empty() || list.back() != file) list.push_back(file);
        }
    }
    for (auto& list : out)
        if (list.size() > kMostDefiners) list.clear();
    return out;
}

double weight_of(const std::string& name, std::uint32_t uses, std::size_t defined_in, const Focus& focus) {
    double weight = std::sqrt(static_cast<double>(uses)) / static_cast<double>(defined_in);
    if (focus.names.contains(name)) weight *= kMentionedName;
    if (name.starts_with('_')) weight *= kPrivateName;
    return weight;
}

std::vector<Edge> edges_of(const Index& index, const Focus& focus) {
    const auto defined_in = definers(index);
    std::vector<Edge> edges;
    for (std::uint32_t file = 0; file < index.files().size(); ++file) {
        for (const IndexedFile::Use& use : index.files()[file].uses) {
            const auto& targets = defined_in[use.name];
            const double weight =
                targets.empty() ? 0 : weight_of(index.names()[use.name], use.count, targets.size(), focus);
            for (const std::uint32_t target : targets)
                if (target != file && edges.size() < kMostEdges) edges.push_back({file, target, use.name, weight});
        }
    }
    return edges;
}

std::vector<double> preference_of(const Index& index, const Focus& focus) {
    std::vector<double> preference(index.files().size(), 0);
    for (std::size_t file = 0; file < preference.size(); ++file) {
        const IndexedFile& entry = index.files()[file];
        if (focus.in_hand.contains(entry.path)) preference[file] += kInHand;
        if (focus.files.contains(entry.path)) preference[file] += kMentionedFile;
        if (focus.names.empty()) continue;
        const bool defines = std::ranges::any_of(
            entry.definitions, [&](const Definition& definition) { return focus.names.contains(definition.name); });
        if (defines) preference[file] += kDefinesMentioned;
    }
    return preference;
}

struct Candidate {
    std::uint32_t file = 0;
    std::uint32_t definition = 0;
    double score = 0;
};

/// Definitions by the rank that flows to their file through their name, best first.
std::vector<Candidate> ranked_definitions(const Index& index, const Focus& focus) {
    const std::vector<Edge> edges = edges_of(index, focus);
    const std::vector<double> ranks = page_rank(edges, preference_of(index, focus));
    std::vector<double> out(ranks.size(), 0);
    for (const Edge& edge : edges) out[edge.from] += edge.weight;
    std::unordered_map<std::uint64_t, double> flow;  // by file and name
    for (const Edge& edge : edges)
        flow[(std::uint64_t{edge.to} << 32) | edge.name] += ranks[edge.from] * edge.weight / out[edge.from];

    std::vector<Candidate> candidates;
    for (std::uint32_t file = 0; file < index.files().size(); ++file) {
        const IndexedFile& entry = index.files()[file];
        if (focus.in_hand.contains(entry.path)) continue;
        for (std::uint32_t i = 0; i < entry.definitions.size(); ++i) {
            const std::string& name = entry.definitions[i].name;
            const auto found = flow.find((std::uint64_t{file} << 32) | *index.name_index(name));
            double score = found != flow.end() ? found->second : 0;
            if (focus.names.contains(name)) score += ranks[file];
            // What nobody uses follows behind, the files of high rank first.
            score += ranks[file] * 1e-3 / static_cast<double>(entry.definitions.size());
            candidates.push_back({file, i, score});
        }
    }
    std::ranges::stable_sort(candidates, [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
    return candidates;
}

std::string line_of(const Definition& definition) {
    return "  " + std::to_string(definition.line) + ": " + definition.signature + "\n";
}

std::size_t bytes_by_three(std::string_view text) { return (text.size() + 2) / 3; }

}  // namespace

Focus mentions(const Index& index, std::string_view text) {
    Focus focus;
    std::map<std::string_view, std::vector<std::uint32_t>> by_name;
    for (std::uint32_t file = 0; file < index.files().size(); ++file) {
        const std::string_view path = index.files()[file].path;
        by_name[path.substr(path.rfind('/') + 1)].push_back(file);
    }
    const auto in_path = [](char c) { return is_identifier_byte(c) || c == '/' || c == '.' || c == '-'; };
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = at;
        while (end < text.size() && in_path(text[end])) ++end;
        std::string_view word = text.substr(at, end - at);
        at = end + 1;
        while (word.ends_with('.')) word.remove_suffix(1);
        if (word.starts_with("./")) word.remove_prefix(2);
        if (word.empty()) continue;
        if (index.file_index(word)) focus.files.emplace(word);
        const auto files = by_name.find(word.substr(word.rfind('/') + 1));
        if (files != by_name.end() && files->second.size() == 1)
            focus.files.insert(index.files()[files->second[0]].path);
        for (std::size_t begin = 0; begin < word.size();) {
            std::size_t stop = begin;
            while (stop < word.size() && is_identifier_byte(word[stop])) ++stop;
            const std::string_view name = word.substr(begin, stop - begin);
            begin = stop + 1;
            if (name.size() >= kShortestMention && index.name_index(name)) focus.names.emplace(name);
        }
    }
    return focus;
}

std::vector<double> file_ranks(const Index& index, const Focus& focus) {
    return page_rank(edges_of(index, focus), preference_of(index, focus));
}

std::string repository_map(const Index& index, const Focus& focus, const MapLimits& limits) {
    const auto count = [&](std::string_view text) { return limits.count ? limits.count(text) : bytes_by_three(text); };
    std::map<std::uint32_t, std::map<int, std::string>> chosen;  // by file, by line
    std::size_t used = 0;
    for (const Candidate& candidate : ranked_definitions(index, focus)) {
        const IndexedFile& entry = index.files()[candidate.file];
        const Definition& definition = entry.definitions[candidate.definition];
        std::string line = line_of(definition);
        const bool first = !chosen.contains(candidate.file);
        if (!first && chosen[candidate.file].contains(definition.line)) continue;
        const std::size_t cost = count(line) + (first ? count(entry.path + ":\n") : 0);
        if (used + cost > limits.tokens) break;
        used += cost;
        chosen[candidate.file].emplace(definition.line, std::move(line));
    }
    std::string out;
    for (const auto& [file, lines] : chosen) {
        out += index.files()[file].path + ":\n";
        for (const auto& [number, line] : lines) out += line;
    }
    return out;
}

}  // namespace ec::codeindex
