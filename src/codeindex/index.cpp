#include <algorithm>
#include <atomic>
#include <ec/codeindex/index.hpp>
#include <thread>

#include "words.hpp"

namespace ec::codeindex {
namespace {

constexpr std::size_t kBatch = 128;
constexpr std::size_t kBinaryPrefix = 8000;
constexpr std::uint32_t kPathWeight = 4;
constexpr std::uint32_t kDefinitionWeight = 2;  // beside the one of the text itself
constexpr std::uint32_t kMostWeight = 1U << 20;

/// What one file brings, before the names of all files are known.
struct Digest {
    Tags tags;
    std::vector<Posting> postings;  // file not set
    std::uint64_t words = 0;
};

bool is_binary(std::string_view text) { return text.substr(0, kBinaryPrefix).find('\0') != std::string_view::npos; }

/// Bundles and data on a few long lines: nothing that anybody edits.
bool is_minified(std::string_view text) {
    const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
    return text.size() > 4096 && text.size() / lines > 400;
}

void add_weighted(std::string_view text, std::uint32_t weight, std::vector<std::uint64_t>& scratch, Digest& digest) {
    scratch.clear();
    append_words(text, scratch);
    for (const std::uint64_t word : scratch) digest.postings.push_back({word, 0, weight});
}

/// Adds up the weights of equal words.
void collapse(Digest& digest) {
    std::ranges::sort(digest.postings, {}, &Posting::word);
    std::size_t kept = 0;
    for (const Posting& posting : digest.postings) {
        digest.words += posting.weight;
        if (kept > 0 && digest.postings[kept - 1].word == posting.word)
            digest.postings[kept - 1].weight = std::min(kMostWeight, digest.postings[kept - 1].weight + posting.weight);
        else
            digest.postings[kept++] = posting;
    }
    digest.postings.resize(kept);
}

Digest digest_of(const std::string& path, std::optional<Language> language, std::string text) {
    Digest digest;
    std::vector<std::uint64_t> scratch;
    add_weighted(path, kPathWeight, scratch, digest);
    if (!text.empty() && !is_binary(text) && !is_minified(text)) {
        add_weighted(text, 1, scratch, digest);
        if (language) {
            if (const auto tree = Tree::parse(*language, std::move(text))) digest.tags = tags_of(*tree);
            for (const Definition& definition : digest.tags.definitions)
                add_weighted(definition.name, kDefinitionWeight, scratch, digest);
        }
    }
    collapse(digest);
    return digest;
}

/// Digests [first, last) on several threads; each file's digest depends on that file alone.
void digest_batch(const std::vector<IndexedFile>& files, std::size_t first, std::vector<std::string>& texts,
                  std::vector<Digest>& digests, unsigned threads) {
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
        for (std::size_t i = next++; i < texts.size(); i = next++)
            digests[first + i] = digest_of(files[first + i].path, files[first + i].language, std::move(texts[i]));
    };
    std::vector<std::jthread> helpers;
    for (unsigned i = 1; i < threads && i < texts.size(); ++i) helpers.emplace_back(work);
    work();
}

unsigned thread_count(unsigned wanted) {
    return wanted != 0 ? wanted : std::clamp(std::thread::hardware_concurrency(), 1U, 4U);
}

std::vector<std::string> defined_names(const std::vector<Digest>& digests) {
    std::vector<std::string> names;
    for (const Digest& digest : digests)
        for (const Definition& definition : digest.tags.definitions) names.push_back(definition.name);
    std::ranges::sort(names);
    const auto [first, last] = std::ranges::unique(names);
    names.erase(first, last);
    return names;
}

}  // namespace

Index Index::build(std::vector<std::string> paths, const ReadFile& read, const IndexLimits& limits,
                   std::stop_token stop) {
    Index index;
    std::ranges::sort(paths);
    const auto [first, last] = std::ranges::unique(paths);
    paths.erase(first, last);
    if (paths.size() > limits.files) {
        paths.resize(limits.files);
        index.truncated_ = true;
    }
    for (std::string& path : paths) {
        const auto language = language_of(path);
        index.files_.push_back({std::move(path), language, {}, {}, 0});
    }
    std::vector<Digest> digests(index.files_.size());
    std::uint64_t left = limits.all_bytes;
    const unsigned threads = thread_count(limits.threads);
    for (std::size_t at = 0; at < digests.size() && !stop.stop_requested(); at += kBatch) {
        std::vector<std::string> texts(std::min(kBatch, digests.size() - at));
        for (std::size_t i = 0; i < texts.size(); ++i) {
            if (left == 0) break;
            auto text = read(index.files_[at + i].path);
            if (!text || text->size() > limits.file_bytes) continue;
            if (text->size() > left) {
                index.truncated_ = true;
                left = 0;
                break;
            }
            left -= text->size();
            texts[i] = *std::move(text);
        }
        digest_batch(index.files_, at, texts, digests, threads);
    }

    index.names_ = defined_names(digests);
    std::uint64_t words = 0;
    for (std::uint32_t file = 0; file < digests.size(); ++file) {
        Digest& digest = digests[file];
        IndexedFile& entry = index.files_[file];
        entry.definitions = std::move(digest.tags.definitions);
        entry.words = digest.words;
        words += digest.words;
        for (const Reference& reference : digest.tags.references)
            if (const auto name = index.name_index(reference.name)) entry.uses.push_back({*name, reference.count});
        for (Posting& posting : digest.postings) posting.file = file;
        index.postings_.insert(index.postings_.end(), digest.postings.begin(), digest.postings.end());
        digest = {};
    }
    std::ranges::sort(index.postings_, [](const Posting& a, const Posting& b) {
        return a.word != b.word ? a.word < b.word : a.file < b.file;
    });
    if (!digests.empty()) index.mean_words_ = static_cast<double>(words) / static_cast<double>(digests.size());
    return index;
}

std::optional<std::uint32_t> Index::name_index(std::string_view name) const {
    const auto at =
        std::ranges::lower_bound(names_, name, {}, [](const std::string& one) -> std::string_view { return one; });
    if (at == names_.end() || *at != name) return std::nullopt;
    return static_cast<std::uint32_t>(at - names_.begin());
}

std::optional<std::uint32_t> Index::file_index(std::string_view path) const {
    const auto at =
        std::ranges::lower_bound(files_, path, {}, [](const IndexedFile& one) -> std::string_view { return one.path; });
    if (at == files_.end() || at->path != path) return std::nullopt;
    return static_cast<std::uint32_t>(at - files_.begin());
}

std::span<const Posting> Index::postings(std::uint64_t word) const {
    const auto [first, last] = std::ranges::equal_range(postings_, word, {}, &Posting::word);
    return {first, last};
}

}  // namespace ec::codeindex
