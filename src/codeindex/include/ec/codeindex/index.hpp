// An index of a workspace's files: definitions, references, and the words of every text file.
//
// The index never opens a file itself: it sees what the caller's function gives, so files that are withheld never enter
// it. A value; immutable after build() and safe to read from several threads. It holds no file's text.
#pragma once

#include <cstdint>
#include <ec/codeindex/tags.hpp>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace ec::codeindex {

/// Text of a file by its path. A failure leaves the file's content out. Called on the thread of build() or search().
using ReadFile = std::function<Result<std::string>(const std::string& path)>;

struct IndexLimits {
    std::size_t files = 20'000;
    std::uint64_t file_bytes = 1U << 20;
    std::uint64_t all_bytes = 64U << 20;  ///< of text; later files are known by name only
    unsigned threads = 0;                 ///< for parsing; 0 takes what the machine has, at most 4
};

struct IndexedFile {
    struct Use {
        std::uint32_t name = 0;  ///< index into Index::names()
        std::uint32_t count = 0;
    };
    std::string path;
    std::optional<Language> language;
    std::vector<Definition> definitions;
    std::vector<Use> uses;    ///< of names that some file defines, by name
    std::uint64_t words = 0;  ///< weighted length; 0 for a file whose text is not in the index
};

/// How often a file holds a word (by hash, see words.hpp), definitions and path counting more.
struct Posting {
    std::uint64_t word = 0;
    std::uint32_t file = 0;
    std::uint32_t weight = 0;
};

class Index {
public:
    Index() = default;
    /// Files are taken in bytewise order of their paths whatever the order of `paths`, so equal inputs give an equal
    /// index. Binary files (a NUL in the first 8,000 bytes) and minified ones bring their name only. A stop ends early
    /// with what there is.
    static Index build(std::vector<std::string> paths, const ReadFile& read, const IndexLimits& limits = {},
                       std::stop_token stop = {});

    [[nodiscard]] const std::vector<IndexedFile>& files() const { return files_; }
    /// Every name that some file defines, sorted bytewise.
    [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
    /// Index of `name` in names().
    [[nodiscard]] std::optional<std::uint32_t> name_index(std::string_view name) const;
    [[nodiscard]] std::optional<std::uint32_t> file_index(std::string_view path) const;
    /// The files that hold a word, by file.
    [[nodiscard]] std::span<const Posting> postings(std::uint64_t word) const;
    [[nodiscard]] double mean_words() const { return mean_words_; }
    /// Some file was left out because of a limit.
    [[nodiscard]] bool truncated() const { return truncated_; }

private:
    std::vector<IndexedFile> files_;
    std::vector<std::string> names_;
    std::vector<Posting> postings_;  // by word, then file
    double mean_words_ = 0;
    bool truncated_ = false;
};

}  // namespace ec::codeindex
