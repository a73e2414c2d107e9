// TOML read field by field into typed values, strictly: every error names the source, the line and the field.
//
// A Table is a view into the Document it came from and must not outlive it. The first failure of a document is kept and
// later reads return nothing, so a reader asks for all it knows and calls finish() once. A key that nobody asked for is
// an error: a misspelt limit must not be no limit. One thread per document.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ec::toml {

inline constexpr std::size_t kMostBytes = 256 * 1024;

/// One element of an array of strings, and where it stands.
struct Text {
    std::string value;
    unsigned line = 0;
};

struct Node;   // private to toml.cpp
struct State;  // private to toml.cpp

class Table {
public:
    std::optional<std::string> string(std::string_view key);
    /// Refuses numbers below `least` or above `most`, and anything with a fraction.
    std::optional<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most);
    std::optional<bool> boolean(std::string_view key);
    std::optional<std::vector<Text>> strings(std::string_view key);
    std::optional<Table> table(std::string_view key);

    /// A key whose value is for another reader of the same file: whatever it holds is no error here.
    void leave(std::string_view key);

    /// The keys, sorted: for tables whose keys are names of the file's own.
    [[nodiscard]] std::vector<std::string> keys() const;
    /// The line of a key's value, or of the table itself for a key that is absent.
    [[nodiscard]] unsigned line(std::string_view key) const;
    /// "limits.memory_mb": a key with the names of the tables that it is in.
    [[nodiscard]] std::string field(std::string_view key) const;
    /// Says no to a key's value, in the words of the caller: "policy.toml:3: limits.wall: REASON".
    void reject(std::string_view key, std::string_view reason, unsigned line = 0);

private:
    friend class Document;
    Table(const Node& node, State& state, std::string where) : node_(&node), state_(&state), where_(std::move(where)) {}
    const Node* find(std::string_view key);

    const Node* node_;
    State* state_;
    std::string where_;
};

class Document {
public:
    /// `source` is how errors call the text, usually a file's path. Refuses (invalid_argument, too_large) what is no
    /// TOML 1.0, holds a NUL, nests too deep or is larger than kMostBytes.
    static Result<Document> parse(std::string_view text, std::string_view source);
    Document(Document&& other) noexcept;
    Document& operator=(Document&& other) noexcept;
    ~Document();

    [[nodiscard]] Table root();
    /// The first failure, else an error for the first key that was not read.
    [[nodiscard]] Status finish() const;

private:
    explicit Document(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// A string as TOML writes it, with quotes and escapes. `text` is valid UTF-8.
std::string quoted(std::string_view text);

}  // namespace ec::toml
