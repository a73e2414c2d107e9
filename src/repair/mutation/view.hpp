// View: one source file as the operators see it. The grammars of Python, JavaScript and TypeScript are folded into one
// set of kinds, so that an operator is written once and speaks of "a comparison", "a call", "a loop".
//
// A View borrows the tree of its SourceUnit and lives no longer than one mutate() call. Everything is read-only.
#pragma once

#include <cstdint>
#include <ec/codeindex/syntax.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace ec::repair::mutation {

enum class Kind : std::uint8_t {
    other,
    comment,
    error,
    skip,  // never looked into: types, imports, decorators, global declarations, patterns
    // expressions
    identifier,
    self,
    integer,
    floating,
    string,
    template_string,  // with interpolations
    interpolation,
    true_,
    false_,
    none,
    undefined,
    binary,
    compare,
    boolean,
    not_,
    unary,
    update,
    call,
    new_,
    arguments,
    keyword_argument,
    attribute,
    subscript,
    slice,
    list,
    tuple,
    dict,
    set,
    pair,
    comprehension,
    for_clause,
    if_clause,
    conditional,
    lambda,
    paren,
    await,
    yield,
    splat,
    named_expression,
    assign,
    aug_assign,
    declarator,
    // statements
    expression_statement,
    declaration,  // let/const/var
    return_,
    if_,
    elif,
    else_,
    while_,
    do_while,
    for_in,  // Python's for, JavaScript's for of/in
    for_classic,
    break_,
    continue_,
    pass,
    raise,
    try_,
    except,
    finally,
    with,
    assert_,
    delete_,
    function,
    class_,
    block,
    parameters,
    switch_,
    case_,
    empty,
    module,
};

using Id = std::uint32_t;
constexpr Id kNone = 0xffffffffU;

class View {
public:
    explicit View(const codeindex::Tree& tree);

    [[nodiscard]] bool python() const { return python_; }
    [[nodiscard]] codeindex::Language language() const { return tree_.language(); }
    [[nodiscard]] std::size_t size() const { return nodes_.size(); }
    [[nodiscard]] const std::string& source() const { return tree_.text(); }

    [[nodiscard]] Kind kind(Id id) const { return id < kinds_.size() ? kinds_[id] : Kind::other; }
    [[nodiscard]] const codeindex::FlatNode& node(Id id) const { return nodes_[id]; }
    [[nodiscard]] std::string_view text(Id id) const;
    [[nodiscard]] std::string str(Id id) const { return std::string(text(id)); }
    [[nodiscard]] int line(Id id) const { return nodes_[id].line; }
    [[nodiscard]] std::uint32_t begin(Id id) const { return nodes_[id].begin; }
    [[nodiscard]] std::uint32_t end(Id id) const { return nodes_[id].end; }
    [[nodiscard]] Id parent(Id id) const { return id == 0 ? kNone : nodes_[id].parent; }
    [[nodiscard]] Id next(Id id) const { return nodes_[id].next; }
    [[nodiscard]] Id field(Id id, std::string_view name) const;
    /// Children that carry meaning: named, and no comments.
    [[nodiscard]] std::vector<Id> children(Id id) const;
    /// The first such child, or kNone.
    [[nodiscard]] Id only_child(Id id) const;

    /// An expression in a place where its value is read: it may be replaced by another expression.
    [[nodiscard]] bool readable(Id id) const { return readable_[id]; }
    /// A whole statement standing in a block (or as the braceless body of a JavaScript statement).
    [[nodiscard]] bool statement(Id id) const;
    [[nodiscard]] bool compound(Id id) const;
    [[nodiscard]] bool loop(Id id) const;
    /// Nearest enclosing statement, function or lambda, loop (within the function), class; kNone when there is none.
    [[nodiscard]] Id statement_of(Id id) const;
    [[nodiscard]] Id function_of(Id id) const;
    [[nodiscard]] Id loop_of(Id id) const;
    [[nodiscard]] Id class_of(Id id) const;
    [[nodiscard]] bool inside(Id id, Id ancestor) const { return id >= ancestor && id < nodes_[ancestor].next; }
    [[nodiscard]] bool inside_interpolation(Id id) const;
    /// Statements of a block in order (docstrings left out).
    [[nodiscard]] std::vector<Id> statements(Id block) const;
    /// The block that is the body of a function, loop, if …; kNone for an arrow function with an expression.
    [[nodiscard]] Id body(Id id) const;

    // Parts, whatever the grammar calls them.
    [[nodiscard]] Id left(Id id) const;            ///< of binary, boolean, compare (first operand), assign
    [[nodiscard]] Id right(Id id) const;           ///< second operand, assigned value
    [[nodiscard]] Id operator_token(Id id) const;  ///< of binary, boolean, compare, unary, aug_assign
    [[nodiscard]] std::string op(Id id) const;     ///< its text, with single spaces ("not in")
    [[nodiscard]] Id operand(Id id) const;         ///< of not, unary, update, await, paren, splat
    [[nodiscard]] Id condition(Id id) const;       ///< of if, elif, while, do, for(;;), conditional; without JS parens
    [[nodiscard]] Id callee(Id id) const;
    [[nodiscard]] std::vector<Id> args(Id call) const;
    [[nodiscard]] Id object(Id id) const;  ///< of attribute and subscript
    [[nodiscard]] Id member(Id id) const;  ///< the name in an attribute
    [[nodiscard]] std::vector<Id> indices(Id subscript) const;
    [[nodiscard]] Id name(Id function) const;
    [[nodiscard]] std::string callee_name(Id call) const;  ///< "len", or "append" for x.append(...)

    // Text around statements.
    [[nodiscard]] std::uint32_t line_begin(std::uint32_t at) const;
    [[nodiscard]] std::uint32_t line_end(std::uint32_t at) const;  ///< offset of the terminator, or the end of the text
    [[nodiscard]] std::uint32_t next_line(std::uint32_t at) const;  ///< offset behind the terminator
    [[nodiscard]] bool first_on_line(Id id) const;
    [[nodiscard]] bool last_on_line(Id id) const;  ///< but for blanks, semicolons and a comment
    [[nodiscard]] std::string indent(Id statement) const;
    [[nodiscard]] const std::string& newline() const { return newline_; }
    [[nodiscard]] const std::string& indent_unit() const { return indent_unit_; }
    [[nodiscard]] const std::string& terminator() const { return terminator_; }  ///< ";" where the file uses it

private:
    void classify();
    void mark_readable();
    void learn_layout();

    const codeindex::Tree& tree_;
    bool python_;
    std::vector<codeindex::FlatNode> nodes_;
    std::vector<Kind> kinds_;
    std::vector<char> readable_;
    std::string newline_ = "\n";
    std::string indent_unit_ = "    ";
    std::string terminator_;
};

/// Binding strength of an expression, larger binds tighter; what a place asks for at least.
constexpr int kAtom = 15;
int precedence(const View& view, Id expression);
int required_precedence(const View& view, Id slot);
/// `text` (of strength `strength`) ready to stand where `slot` stands, parenthesised when it has to be.
std::string fit(const View& view, Id slot, std::string text, int strength);

bool is_expression(Kind kind);
bool is_literal(Kind kind);
bool is_number(Kind kind);

}  // namespace ec::repair::mutation
