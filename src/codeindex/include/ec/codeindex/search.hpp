// Search over the words of a workspace, best first: BM25 with weighted fields (S. Robertson, H. Zaragoza, "The
// Probabilistic Relevance Framework: BM25 and Beyond", 2009), identifiers split at case changes and underscores. With
// an embedder its ranking is fused in (reciprocal rank fusion: G. Cormack, C. Clarke, S. Büttcher, SIGIR 2009).
#pragma once

#include <cstddef>
#include <ec/codeindex/embedder.hpp>
#include <ec/codeindex/index.hpp>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace ec::codeindex {

struct FileHit {
    std::uint32_t file = 0;  ///< into Index::files()
    double score = 0;
};

/// Files that hold words of `query`, best first, ties by path; at most `most`.
std::vector<FileHit> search_files(const Index& index, std::string_view query, std::size_t most = 20);

/// A region of a file that answers a query.
struct RegionHit {
    std::string path;
    int line = 0;  ///< 1-based, inclusive
    int end_line = 0;
    double score = 0;
    std::string text;  ///< the lines, at most 4 KiB
};

struct SearchLimits {
    std::size_t regions = 10;
    std::size_t regions_of_a_file = 2;
    int lines = 12;  ///< of a region
};

/// The best regions of the best files, re-reading those through `read`. `semantic` is a ranking to fuse in (file
/// indexes, best first; see Embeddings), empty for none.
std::vector<RegionHit> search(const Index& index, std::string_view query, const ReadFile& read,
                              const SearchLimits& limits = {}, const std::vector<std::uint32_t>& semantic = {});

/// Vectors of all files of an index, from their paths and signatures.
class Embeddings {
public:
    /// One text a file, 32 at a time.
    static Result<Embeddings> of(const Index& index, Embedder& embedder, const std::stop_token& stop);
    /// Files by closeness (cosine) to `query`, best first; at most `most`.
    [[nodiscard]] Result<std::vector<std::uint32_t>> rank(std::string_view query, Embedder& embedder,
                                                          const std::stop_token& stop, std::size_t most = 20) const;

private:
    std::vector<std::vector<float>> vectors_;  // of length 1, one a file
};

/// Fuses rankings (best first) into one: every item scores the sum of 1 / (60 + rank), ties by item.
std::vector<std::uint32_t> fuse_ranks(const std::vector<std::vector<std::uint32_t>>& rankings);

}  // namespace ec::codeindex
