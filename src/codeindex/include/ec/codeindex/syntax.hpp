// Syntax trees: tree-sitter behind a small value API. No tree-sitter type appears here.
//
// A Tree owns the text it was parsed from; a Node is a cheap handle valid as long as its Tree lives. Trees are
// immutable after parse() and may be read from several threads.
#pragma once

#include <array>
#include <cstdint>
#include <ec/core/result.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ec::codeindex {

enum class Language { python, javascript, typescript, tsx, cpp, go, java, rust };
std::string_view name(Language language);
/// By file name ending (.py .pyi .js .mjs .cjs .jsx .ts .mts .cts .tsx; .c .h .cc .cpp .cxx .hh .hpp .hxx .ipp .go
/// .java .rs); nothing for anything else. C is read with the grammar of C++.
std::optional<Language> language_of(std::string_view path);

struct Child;

class Node {
public:
    Node() = default;
    [[nodiscard]] bool valid() const;
    [[nodiscard]] std::string_view kind() const;  ///< grammar name: "binary_operator", "identifier", "<="
    [[nodiscard]] bool named() const;             ///< false for keywords and punctuation
    [[nodiscard]] std::uint32_t begin() const;    ///< byte offsets into the tree's text
    [[nodiscard]] std::uint32_t end() const;
    [[nodiscard]] int line() const;  ///< 1-based line of the first byte
    [[nodiscard]] int end_line() const;
    [[nodiscard]] int column() const;  ///< 0-based byte column of the first byte
    [[nodiscard]] std::uint32_t child_count() const;
    [[nodiscard]] Node child(std::uint32_t index) const;
    [[nodiscard]] std::uint32_t named_child_count() const;
    [[nodiscard]] Node named_child(std::uint32_t index) const;
    [[nodiscard]] Node field(std::string_view field_name) const;  ///< invalid when absent
    /// All children with their field names, in time linear in their number (child(i) walks from the first one).
    [[nodiscard]] std::vector<Child> children() const;
    [[nodiscard]] Node parent() const;
    [[nodiscard]] Node next_named_sibling() const;
    [[nodiscard]] Node previous_named_sibling() const;
    [[nodiscard]] bool has_error() const;
    [[nodiscard]] bool missing() const;
    bool operator==(const Node& other) const;

private:
    friend class Tree;
    friend struct NodeAccess;
    std::array<std::uint32_t, 4> context_{};
    const void* id_ = nullptr;
    const void* tree_ = nullptr;
};

struct Child {
    Node node;
    std::string_view field;  ///< empty when the child has no field name; static text of the grammar
};

/// One leaf of the tree, for token models.
struct Token {
    std::string_view kind;  ///< grammar name of the leaf
    std::string_view text;  ///< points into the tree's text
    std::uint32_t begin = 0;
    int line = 0;  ///< 1-based
};

/// One node as plain data; see Tree::preorder().
struct FlatNode {
    std::string_view kind;   ///< as Node::kind(); static text of the grammar
    std::string_view field;  ///< as Child::field
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    int line = 0;
    int end_line = 0;
    std::uint32_t parent = 0;  ///< index of the parent; the root is its own
    std::uint32_t next = 0;    ///< index behind the last descendant: the next sibling, where there is one
    bool named = false;
};

class Tree {
public:
    /// Always gives a tree; has_error() tells whether the text is grammatical. Fails only on texts above 4 MiB.
    static Result<Tree> parse(Language language, std::string text);
    Tree(Tree&&) noexcept;
    Tree& operator=(Tree&&) noexcept;
    ~Tree();

    [[nodiscard]] Language language() const;
    [[nodiscard]] const std::string& text() const;
    [[nodiscard]] std::string_view text(const Node& node) const;
    [[nodiscard]] Node root() const;
    [[nodiscard]] bool has_error() const;
    /// Smallest named node that covers [begin, end).
    [[nodiscard]] Node named_descendant(std::uint32_t begin, std::uint32_t end) const;
    /// All nodes, parents before children, for algorithms that walk a lot; the first child of node i is i + 1.
    [[nodiscard]] std::vector<FlatNode> preorder() const;
    /// All leaves in order, comments left out.
    [[nodiscard]] std::vector<Token> tokens() const;

private:
    struct State;
    explicit Tree(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// True when `text` parses without error or missing nodes in `language`.
bool parses(Language language, std::string_view text);

}  // namespace ec::codeindex
