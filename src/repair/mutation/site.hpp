// Site, Facts and Sink: what an operator sees of a place, and where it puts what it has to offer.
#pragma once

#include <ec/core/hash.hpp>
#include <ec/repair/mutation.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mutation/ops.hpp"
#include "mutation/scope.hpp"
#include "mutation/view.hpp"

namespace ec::repair::mutation {

/// Source text that may be put somewhere, with its binding strength.
struct Fragment {
    std::string text;
    int strength = kAtom;
    Kind kind = Kind::other;
};

/// `xs[i]` where `i` counts up to the length of `xs` inside `region`.
struct IndexedElement {
    std::string index;
    std::string text;
    Id region = 0;
};

/// What one function (or the module outside functions) holds, in source order and without repetition.
struct FunctionFacts {
    std::vector<Id> conditions;   ///< of if, while, conditionals, and the operands of and/or in them
    std::vector<Id> expressions;  ///< readable calls, subscripts, attributes, binaries of modest size
    std::vector<Id> statements;
    std::vector<Id> slices;  ///< Python's start:stop:step
    std::vector<std::string> numbers;
    std::vector<std::string> strings;
    std::vector<IndexedElement> elements;
};

/// What the file and the request offer to every operator. Built once per mutate() call.
struct Facts {
    std::vector<Callable> callables;
    std::vector<std::string> attributes;  ///< names behind a dot that are not called, in order of first use
    std::vector<std::string> methods;     ///< names behind a dot that are called
    std::vector<std::string> strings;
    std::vector<Fragment> constants;      ///< of the request, those that parse
    std::vector<Fragment> fragments;      ///< expressions of the request
    std::vector<std::string> statements;  ///< one-line statements of the request
    std::vector<Id> expressions;          ///< readable calls, subscripts, attributes, binaries of the whole file
};

struct Site {
    const View& view;
    const Scope& scope;
    const Facts& facts;
    const FunctionFacts& local;
    const MutationRequest& request;
    Id statement;  ///< the wanted statement
    Id node;       ///< the expression in it, or the statement itself
};

/// Collects edits: drops what changes nothing or repeats another result, and caps what one statement yields.
class Sink {
public:
    Sink(const View& view, std::string file) : view_(view), file_(std::move(file)) {}

    /// Everything offered from here on belongs to `statement` and is reported at `line`.
    void at(Id statement, int line) {
        statement_ = statement;
        line_ = line;
    }

    struct Offer {
        double weight = 1;  ///< in (0, 1]
        std::string why;
        bool destructive = false;
    };
    /// Puts `text` in the place of node `slot`, which need not be parenthesised by the caller.
    void replace(Op op, Id slot, std::string text, int strength, Offer offer);
    /// Replaces raw bytes.
    void edit(Op op, std::uint32_t begin, std::uint32_t end, std::string text, Offer offer);
    /// Puts lines (indented relative to the statement with \t for one level) before or after a statement.
    void insert_before(Op op, Id statement, std::vector<std::string> lines, Offer offer);
    void insert_after(Op op, Id statement, std::vector<std::string> lines, Offer offer);
    /// Takes a statement out, leaving a block that is not empty.
    void remove(Op op, Id statement, Offer offer);

    /// The result in source order, at most `per_statement` a statement, the best ones.
    std::vector<Mutation> take(std::size_t per_statement);

private:
    /// In (0, 1]: less for what is hardly ever written, like the same operand on both sides.
    [[nodiscard]] double plausibility(Id slot, std::string_view text) const;

    struct Entry {
        Mutation mutation;
        Id statement;
    };
    const View& view_;
    std::string file_;
    Id statement_ = 0;
    int line_ = 0;
    std::vector<Entry> entries_;
    std::unordered_map<Hash128, std::size_t> known_;  // canonical edit to entry
};

/// The text of a node cut for a sentence, in backquotes.
std::string quoted(std::string_view text);

/// Short enough to be copied elsewhere, and not broken by it (no line break outside brackets).
bool portable(const View& view, Id expression);

using Operator = void (*)(const Site& site, Sink& sink);
/// Operators for every readable expression of a wanted statement.
const std::vector<Operator>& expression_operators();
/// Operators for every wanted statement.
const std::vector<Operator>& statement_operators();
/// Those of them that only put something in: for an empty block.
const std::vector<Operator>& inserting_operators();

}  // namespace ec::repair::mutation
