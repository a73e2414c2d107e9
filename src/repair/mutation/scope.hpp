// Scope: which names a place can use and what they seem to hold, read off how the function uses them.
//
// Guesses, not inference: a wrong guess costs an early try of a poor candidate, never a wrong edit.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mutation/view.hpp"

namespace ec::repair::mutation {

using Types = unsigned;
constexpr Types kNumber = 1;
constexpr Types kString = 2;
constexpr Types kSequence = 4;
constexpr Types kMapping = 8;
constexpr Types kSet = 16;
constexpr Types kBool = 32;
constexpr Types kCallable = 64;
constexpr Types kObject = 128;
constexpr Types kContainer = kString | kSequence | kMapping | kSet;

struct Variable {
    std::string name;
    Types types = 0;     ///< 0: nothing known
    Types elements = 0;  ///< of what it holds, when that is a collection
    bool parameter = false;
    bool loop = false;         ///< bound by a for
    bool outer = false;        ///< of an enclosing function or the module
    std::uint32_t from = 0;    ///< offset from which it holds a value (the smallest, when bound more than once)
    Id region = 0;             ///< node inside which the name means this
    Id bound_in_loop = kNone;  ///< innermost loop around the first binding
    unsigned uses = 0;
};

/// A function or method of the file that can be called.
struct Callable {
    std::string name;
    std::size_t least = 0;  ///< positional arguments it needs
    std::size_t most = 0;
    bool method = false;
};

class Scope {
public:
    /// `function` is a function node, or 0 for the module.
    Scope(const View& view, Id function);

    [[nodiscard]] Id function() const { return function_; }
    [[nodiscard]] const std::vector<Variable>& variables() const { return variables_; }
    [[nodiscard]] const Variable* find(std::string_view name) const;
    /// Variables that hold a value at `place`: own before outer, otherwise in the order of binding.
    [[nodiscard]] std::vector<const Variable*> visible(Id place) const;
    [[nodiscard]] bool is_visible(std::string_view name, Id place) const;
    /// Every identifier that `expression` reads is visible at `place`, or is no variable of this file at all (a
    /// builtin).
    [[nodiscard]] bool usable(Id expression, Id place) const;
    [[nodiscard]] Types type_of(Id expression) const;
    /// `this`/`self` attributes that the class or function mentions, most used first: "self.x".
    [[nodiscard]] const std::vector<std::string>& self_attributes() const { return self_attributes_; }

private:
    void bind(Id target, Id region, std::uint32_t from, Types types, bool parameter, bool loop);
    void bind_parameters(Id function);
    void bind_loop(Id loop, Id region, std::uint32_t from);
    [[nodiscard]] Types element_type(Id iterated) const;
    void collect(Id root, bool outer);
    void collect_node(Id id);
    void infer();
    void hint(Id expression, Types types);
    void collect_self_attributes();
    [[nodiscard]] bool visible(const Variable& variable, Id place) const;
    [[nodiscard]] bool declared(Id name) const;

    const View& view_;
    Id function_;
    bool outer_ = false;
    std::vector<Variable> variables_;
    std::vector<std::string> self_attributes_;
};

Types annotated_type(std::string_view annotation);
Types returned_type(std::string_view callee);
/// What the method's name says about the object it is called on.
Types receiver_type(std::string_view method);
/// Both unknown or sharing a possibility.
bool compatible(Types a, Types b);
/// 1 for a sure fit, less for an unknown one, 0 for a misfit.
double fitness(Types wanted, Types offered);

}  // namespace ec::repair::mutation
