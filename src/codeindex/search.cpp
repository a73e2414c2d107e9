#include <algorithm>
#include <cmath>
#include <ec/codeindex/search.hpp>
#include <map>
#include <numeric>

#include "words.hpp"

namespace ec::codeindex {
namespace {

constexpr double kSaturation = 1.2;        // k1 of BM25
constexpr double kLengthInfluence = 0.75;  // b of BM25
constexpr double kFusion = 60;
constexpr std::size_t kMostQueryBytes = 16 << 10;
constexpr std::size_t kMostQueryWords = 256;
constexpr std::size_t kFilesToRead = 30;
constexpr std::size_t kMostRegionBytes = 4 << 10;
constexpr std::size_t kEmbedBatch = 32;
constexpr std::size_t kMostEmbeddedBytes = 2 << 10;

std::vector<std::uint64_t> query_words(std::string_view query) {
    std::vector<std::uint64_t> words = words_of(query.substr(0, kMostQueryBytes));
    std::ranges::sort(words);
    const auto [first, last] = std::ranges::unique(words);
    words.erase(first, last);
    if (words.size() > kMostQueryWords) words.resize(kMostQueryWords);
    return words;
}

/// log(1 + (N - n + 0.5) / (n + 0.5)): never negative.
double inverse_frequency(const Index& index, std::uint64_t word) {
    const auto with = static_cast<double>(index.postings(word).size());
    const auto all = static_cast<double>(index.files().size());
    return std::log(1 + (all - with + 0.5) / (with + 0.5));
}

struct Lines {
    std::vector<std::string_view> text;
    std::vector<double> score;
};

Lines scored_lines(const std::string& text, const std::map<std::uint64_t, double>& worth) {
    Lines lines;
    std::vector<std::uint64_t> words;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        lines.text.push_back(std::string_view(text).substr(at, end - at));
        words.clear();
        append_words(lines.text.back(), words);
        std::ranges::sort(words);
        double score = 0;
        for (std::size_t i = 0; i < words.size(); ++i) {
            if (i > 0 && words[i] == words[i - 1]) continue;
            if (const auto found = worth.find(words[i]); found != worth.end()) score += found->second;
        }
        lines.score.push_back(score);
        at = end + 1;
    }
    return lines;
}

/// The window of `length` lines with the highest sum, shrunk to its first and last line that count; empty (begin ==
/// end) when no line counts.
std::pair<std::size_t, std::size_t> best_window(const std::vector<double>& score, std::size_t length) {
    double sum = 0;
    double best = 0;
    std::size_t end = 0;
    for (std::size_t i = 0; i < score.size(); ++i) {
        sum += score[i];
        if (i >= length) sum -= score[i - length];
        if (sum > best + 1e-9) {
            best = sum;
            end = i + 1;
        }
    }
    std::size_t begin = end > length ? end - length : 0;
    while (begin < end && score[begin] <= 0) ++begin;
    while (end > begin && score[end - 1] <= 0) --end;
    return {begin, end};
}

std::string joined(const Lines& lines, std::size_t begin, std::size_t end) {
    std::string out;
    for (std::size_t i = begin; i < end && out.size() < kMostRegionBytes; ++i)
        out.append(lines.text[i].substr(0, kMostRegionBytes - out.size())).append("\n");
    return out;
}

/// The best regions of one file that do not overlap, each with a little of what stands around it.
void add_regions(const IndexedFile& file, double file_score, Lines lines, const SearchLimits& limits,
                 std::vector<RegionHit>& out) {
    const auto length = static_cast<std::size_t>(std::max(limits.lines, 1));
    double first_sum = 0;
    for (std::size_t n = 0; n < limits.regions_of_a_file; ++n) {
        const auto [begin, end] = best_window(lines.score, length);
        if (begin == end) return;
        const double sum = std::accumulate(lines.score.begin() + static_cast<std::ptrdiff_t>(begin),
                                           lines.score.begin() + static_cast<std::ptrdiff_t>(end), 0.0);
        if (n == 0) first_sum = sum;
        const std::size_t spare = length - std::min(length, end - begin);
        const std::size_t from = begin - std::min(begin, spare / 2);
        const std::size_t to = std::min(lines.text.size(), end + (spare - spare / 2));
        out.push_back({file.path, static_cast<int>(from) + 1, static_cast<int>(to), file_score * sum / first_sum,
                       joined(lines, from, to)});
        std::fill(lines.score.begin() + static_cast<std::ptrdiff_t>(from),
                  lines.score.begin() + static_cast<std::ptrdiff_t>(to), 0.0);
    }
}

std::string embedded_text(const IndexedFile& file) {
    std::string text = file.path + "\n";
    for (const Definition& definition : file.definitions) {
        if (text.size() + definition.signature.size() > kMostEmbeddedBytes) break;
        text += definition.signature + "\n";
    }
    return text;
}

void to_unit_length(std::vector<float>& vector) {
    double square = 0;
    for (const float value : vector) square += static_cast<double>(value) * static_cast<double>(value);
    if (square <= 0) return;
    const auto scale = static_cast<float>(1 / std::sqrt(square));
    for (float& value : vector) value *= scale;
}

}  // namespace

std::vector<FileHit> search_files(const Index& index, std::string_view query, std::size_t most) {
    std::map<std::uint32_t, double> scores;
    for (const std::uint64_t word : query_words(query)) {
        const double worth = inverse_frequency(index, word);
        for (const Posting& posting : index.postings(word)) {
            const auto weight = static_cast<double>(posting.weight);
            const double length = static_cast<double>(index.files()[posting.file].words) / index.mean_words();
            scores[posting.file] += worth * weight * (kSaturation + 1) /
                                    (weight + kSaturation * (1 - kLengthInfluence + kLengthInfluence * length));
        }
    }
    std::vector<FileHit> hits;
    for (const auto& [file, score] : scores) hits.push_back({file, score});
    std::ranges::stable_sort(hits, [](const FileHit& a, const FileHit& b) { return a.score > b.score; });
    if (hits.size() > most) hits.resize(most);
    return hits;
}

std::vector<RegionHit> search(const Index& index, std::string_view query, const ReadFile& read,
                              const SearchLimits& limits, const std::vector<std::uint32_t>& semantic) {
    std::map<std::uint64_t, double> worth;
    for (const std::uint64_t word : query_words(query)) worth[word] = inverse_frequency(index, word);
    std::vector<std::uint32_t> order;
    for (const FileHit& hit : search_files(index, query, kFilesToRead)) order.push_back(hit.file);
    if (!semantic.empty()) order = fuse_ranks({order, semantic});

    std::vector<RegionHit> hits;
    for (std::size_t i = 0; i < order.size() && i < kFilesToRead; ++i) {
        if (order[i] >= index.files().size()) continue;
        const IndexedFile& file = index.files()[order[i]];
        if (file.words == 0) continue;
        const auto text = read(file.path);
        if (!text) continue;
        // A file that only meaning found has no lines that count: its beginning stands for it.
        const std::size_t before = hits.size();
        Lines lines = scored_lines(*text, worth);
        const double score = 1 / (kFusion + static_cast<double>(i) + 1);
        const std::size_t head =
            std::min<std::size_t>(lines.text.size(), static_cast<std::size_t>(std::max(limits.lines, 1)));
        const std::string beginning = joined(lines, 0, head);
        add_regions(file, score, std::move(lines), limits, hits);
        if (hits.size() == before && head > 0) hits.push_back({file.path, 1, static_cast<int>(head), score, beginning});
    }
    std::ranges::stable_sort(hits, [](const RegionHit& a, const RegionHit& b) { return a.score > b.score; });
    if (hits.size() > limits.regions) hits.resize(limits.regions);
    return hits;
}

Result<Embeddings> Embeddings::of(const Index& index, Embedder& embedder, const std::stop_token& stop) {
    Embeddings out;
    for (std::size_t at = 0; at < index.files().size(); at += kEmbedBatch) {
        std::vector<std::string> texts;
        for (std::size_t i = at; i < std::min(at + kEmbedBatch, index.files().size()); ++i)
            texts.push_back(embedded_text(index.files()[i]));
        EC_ASSIGN(std::vector<std::vector<float>> vectors, embedder.embed(texts, stop));
        if (vectors.size() != texts.size()) return fail(ErrorCode::corrupt, "the embedder lost a text");
        for (std::vector<float>& vector : vectors) {
            to_unit_length(vector);
            out.vectors_.push_back(std::move(vector));
        }
    }
    return out;
}

Result<std::vector<std::uint32_t>> Embeddings::rank(std::string_view query, Embedder& embedder,
                                                    const std::stop_token& stop, std::size_t most) const {
    const std::string text(query.substr(0, kMostQueryBytes));
    EC_ASSIGN(std::vector<std::vector<float>> vectors, embedder.embed(std::span(&text, 1), stop));
    if (vectors.size() != 1) return fail(ErrorCode::corrupt, "the embedder lost a text");
    to_unit_length(vectors[0]);
    std::vector<std::pair<double, std::uint32_t>> scored;
    for (std::uint32_t file = 0; file < vectors_.size(); ++file) {
        if (vectors_[file].size() != vectors[0].size()) return fail(ErrorCode::corrupt, "embeddings of unequal length");
        const double closeness =
            std::inner_product(vectors_[file].begin(), vectors_[file].end(), vectors[0].begin(), 0.0);
        if (std::isfinite(closeness)) scored.emplace_back(-closeness, file);
    }
    std::ranges::sort(scored);
    std::vector<std::uint32_t> out;
    for (const auto& [negative, file] : scored)
        if (out.size() < most) out.push_back(file);
    return out;
}

std::vector<std::uint32_t> fuse_ranks(const std::vector<std::vector<std::uint32_t>>& rankings) {
    std::map<std::uint32_t, double> scores;
    for (const auto& ranking : rankings)
        for (std::size_t i = 0; i < ranking.size(); ++i)
            scores[ranking[i]] += 1 / (kFusion + static_cast<double>(i) + 1);
    std::vector<std::pair<double, std::uint32_t>> ordered;
    for (const auto& [item, score] : scores) ordered.emplace_back(-score, item);
    std::ranges::sort(ordered);
    std::vector<std::uint32_t> out;
    for (const auto& [negative, item] : ordered) out.push_back(item);
    return out;
}

}  // namespace ec::codeindex
