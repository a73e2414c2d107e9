// Operators on conditions, conditional expressions and comprehensions.
#include <fmt/format.h>

#include <algorithm>

#include "mutation/conditions.hpp"
#include "mutation/families.hpp"
#include "mutation/statements.hpp"

namespace ec::repair::mutation {

namespace {

constexpr std::size_t kMostJoined = 24;   // conditions put together for an operand that is missing
constexpr std::size_t kMostFilters = 80;  // and for a filter
constexpr double kBuiltWeight = 0.7;

struct Words {
    std::string_view conjunction;
    std::string_view disjunction;
    std::string_view negation;
    std::string_view yes;
    std::string_view no;
};

Words words(const View& view) {
    return view.python() ? Words{"and", "or", "not ", "True", "False"} : Words{"&&", "||", "!", "true", "false"};
}

std::string negated(const View& view, Id condition) {
    const std::string text = view.str(condition);
    const int strength = precedence(view, condition);
    if (view.python()) return "not " + (strength < 4 ? "(" + text + ")" : text);
    return "!" + (strength < 12 ? "(" + text + ")" : text);
}

/// Things a condition may be joined with: other conditions of the function, null checks and emptiness of variables.
std::vector<Fragment> companions(const Site& site, Id condition) {
    const View& view = site.view;
    const Words word = words(view);
    std::vector<Fragment> out;
    const auto add = [&](std::string text, int strength) {
        if (text == view.text(condition) || out.size() >= 16) return;
        if (std::none_of(out.begin(), out.end(), [&](const Fragment& f) { return f.text == text; }))
            out.push_back({std::move(text), strength, Kind::compare});
    };
    std::size_t names = 0;
    for (const Variable* variable : site.scope.visible(condition)) {
        if (variable->outer || ++names > 5) continue;
        const bool container = (variable->types & kContainer) != 0;
        if (container || variable->types == 0 || (variable->types & (kBool | kObject)) != 0) {
            const std::string test = container && !view.python() ? variable->name + ".length" : variable->name;
            add(std::string(word.negation) + test, view.python() ? 4 : 12);
            add(test, kAtom);
        } else if ((variable->types & kNumber) != 0) {
            add(variable->name + " > 0", 5);
            add(variable->name + (view.python() ? " == 0" : " === 0"), 5);
        }
    }
    std::size_t borrowed = 0;
    for (const Id other : site.local.conditions) {
        if (view.inside(other, condition) || view.inside(condition, other) || !site.scope.usable(other, condition))
            continue;
        if (++borrowed > 6) break;
        add(view.str(other), precedence(view, other));
        add(negated(view, other), view.python() ? 4 : 12);
    }
    const Id up = view.parent(condition);
    const bool filter = view.kind(up) == Kind::if_clause;
    for (const Variable* variable : site.scope.visible(condition)) {
        if (variable->outer || !(variable->loop || filter)) continue;
        if ((variable->types & kNumber) != 0) add(variable->name + " > 0", 5);
    }
    return out;
}

/// The condition with two of its names in each other's place: what holds for a and b should hold for b and a.
void exchange_names(const View& view, Id condition, const std::vector<std::string_view>& names,
                    std::vector<Fragment>& out) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        for (std::size_t k = i + 1; k < names.size(); ++k) {
            std::string text;
            std::uint32_t from = view.begin(condition);
            for (Id id = condition; id < view.next(condition); ++id) {
                if (view.kind(id) != Kind::identifier) continue;
                if (view.text(id) != names[i] && view.text(id) != names[k]) continue;
                text += view.source().substr(from, view.begin(id) - from);
                text += view.text(id) == names[i] ? names[k] : names[i];
                from = view.end(id);
            }
            text += view.source().substr(from, view.end(condition) - from);
            out.push_back({std::move(text), precedence(view, condition), view.kind(condition)});
        }
    }
}

/// The condition asked of another variable, and the project's own predicates asked of what it is about.
std::vector<Fragment> variants(const Site& site, Id condition) {
    const View& view = site.view;
    std::vector<Fragment> out;
    const std::string text = view.str(condition);
    const int strength = precedence(view, condition);
    std::vector<std::string_view> seen;
    for (Id id = condition; id < view.next(condition) && seen.size() < 3; ++id) {
        if (view.kind(id) != Kind::identifier || !view.readable(id)) continue;
        const std::string_view name = view.text(id);
        const Variable* own = site.scope.find(name);
        if (own == nullptr || std::find(seen.begin(), seen.end(), name) != seen.end()) continue;
        seen.push_back(name);
        std::size_t offered = 0;
        for (const Variable* variable : site.scope.visible(condition)) {
            if (variable->name == name || variable->outer || fitness(own->types, variable->types) == 0 || ++offered > 3)
                continue;
            std::string changed = text;
            changed.replace(view.begin(id) - view.begin(condition), name.size(), variable->name);
            out.push_back({std::move(changed), strength, Kind::compare});
        }
    }
    exchange_names(view, condition, seen, out);
    if (view.kind(condition) != Kind::compare && view.kind(condition) != Kind::call) return out;
    const Id subject = view.kind(condition) == Kind::compare ? view.left(condition) : kNone;
    std::size_t predicates = 0;
    for (const Callable& callable : site.facts.callables) {
        if (callable.method || callable.least > 1 || callable.most < 1 || ++predicates > 4) continue;
        if (subject != kNone && is_expression(view.kind(subject)) && !is_literal(view.kind(subject)))
            out.push_back({fmt::format("{}({})", callable.name, view.text(subject)), kAtom, Kind::call});
    }
    return out;
}

void join_conditions(const Site& site, Sink& sink, Id condition) {
    const View& view = site.view;
    const Words word = words(view);
    const std::string text = view.str(condition);
    const int own = precedence(view, condition);
    // `a.b is None` fails when `a` is None: the guard goes in front.
    if (view.kind(condition) == Kind::compare || view.kind(condition) == Kind::attribute ||
        view.kind(condition) == Kind::call || view.kind(condition) == Kind::not_ ||
        view.kind(condition) == Kind::boolean) {
        std::vector<std::string> objects;
        for (Id id = condition; id < view.next(condition); ++id) {
            if ((view.kind(id) != Kind::attribute && view.kind(id) != Kind::subscript) || objects.size() >= 3) continue;
            const Id object = view.object(id);
            if (view.kind(object) != Kind::identifier && view.kind(object) != Kind::attribute) continue;
            const std::string name = view.str(object);
            if (name == "self" || name == "this" || name == "Math" ||
                std::find(objects.begin(), objects.end(), name) != objects.end())
                continue;
            objects.push_back(name);
            const bool index = view.kind(id) == Kind::subscript;
            const std::string missing = view.python() ? (index ? "not " + name : name + " is None")
                                                      : (index ? "!" + name + ".length" : "!" + name);
            const std::string present =
                view.python() ? (index ? name : name + " is not None") : (index ? name + ".length" : name);
            const std::string left_or = own < 2 ? "(" + text + ")" : text;
            const std::string left_and = own < 3 ? "(" + text + ")" : text;
            sink.replace(Op::guard_none, condition, fmt::format("{} {} {}", missing, word.disjunction, left_or), 2,
                         {1, fmt::format("{} may be missing when {} is asked", quoted(name), quoted(text))});
            sink.replace(Op::guard_none, condition, fmt::format("{} {} {}", present, word.conjunction, left_and), 3,
                         {1, fmt::format("{} may be missing when {} is asked", quoted(name), quoted(text))});
        }
    }
    struct Other {
        Fragment fragment;
        double weight;
    };
    std::vector<Other> others;
    const auto add = [&](Fragment fragment, double weight) {
        if (std::none_of(others.begin(), others.end(),
                         [&](const Other& other) { return other.fragment.text == fragment.text; }))
            others.push_back({std::move(fragment), weight});
    };
    for (Fragment& fragment : companions(site, condition)) add(std::move(fragment), 1);
    for (Fragment& fragment : variants(site, condition)) add(std::move(fragment), 1);
    for (BuiltCondition& built : built_conditions(site, condition, kMostJoined)) {
        add({std::move(built.text), built.strength, Kind::compare}, built.weight * kBuiltWeight);
    }
    // A limit that the tests know and the condition does not.
    for (const Variable* variable : site.scope.visible(condition)) {
        if (variable->outer || variable->types != kNumber || !read_in(view, variable->name, condition)) continue;
        std::size_t limits = 0;
        for (const Fragment& constant : site.facts.constants) {
            if (constant.kind != Kind::integer || ++limits > 6) continue;
            for (const char* op : {">=", "<=", "!="}) {
                const bool strict = op[0] == '!' && !view.python();
                add({fmt::format("{} {}{} {}", variable->name, op, strict ? "=" : "", constant.text), 5, Kind::compare},
                    0.4);
            }
        }
    }
    for (const auto& [other, fits] : others) {
        for (const bool all : {true, false}) {
            const std::string_view joint = all ? word.conjunction : word.disjunction;
            const int needed = all ? 3 : 2;
            if (other.text.find("??") != std::string::npos || text.find("??") != std::string::npos) continue;
            const std::string left = own < needed ? "(" + text + ")" : text;
            const std::string right = other.strength <= needed ? "(" + other.text + ")" : other.text;
            sink.replace(
                Op::add_condition, condition, fmt::format("{} {} {}", left, joint, right), needed,
                {0.8 * fits,
                 all ? fmt::format("the condition {} was too weak: {} must hold too", quoted(text), quoted(other.text))
                     : fmt::format("the condition {} was too strong: {} is enough", quoted(text), quoted(other.text))});
            // In front, where the second part is only sound once the first has been asked.
            const std::string front_left = other.strength < needed ? "(" + other.text + ")" : other.text;
            const std::string front_right = own <= needed && own != kAtom ? "(" + text + ")" : text;
            sink.replace(
                Op::add_condition, condition, fmt::format("{} {} {}", front_left, joint, front_right), needed,
                {0.45 * fits, all ? fmt::format("{} must be asked before {}", quoted(other.text), quoted(text))
                                  : fmt::format("{} is enough before {} is asked", quoted(other.text), quoted(text))});
        }
    }
}

bool is_condition(const View& view, Id node) {
    const Id up = view.parent(node);
    if (up == kNone) return false;
    if (view.condition(up) == node) return true;
    if (view.kind(up) == Kind::if_clause) return true;
    // JavaScript puts the condition of a statement into parentheses of its own.
    return !view.python() && view.kind(up) == Kind::paren && !view.readable(up);
}

}  // namespace

/// x -> not x and back, wherever a truth value is asked for.
void negate_condition(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (!view.readable(site.node)) return;
    const Kind kind = view.kind(site.node);
    const Kind up = view.kind(view.parent(site.node));
    if (kind == Kind::not_) {
        const Id inner = view.operand(site.node);
        const Id bare = view.kind(inner) == Kind::paren ? view.only_child(inner) : inner;
        sink.replace(Op::negate, site.node, view.str(bare), precedence(view, bare),
                     {1, fmt::format("{} must not be negated", quoted(view.text(bare)))});
        return;
    }
    if (up == Kind::not_ || kind == Kind::true_ || kind == Kind::false_ || is_number(kind)) return;
    const bool asked = is_condition(view, site.node) || up == Kind::boolean;
    const bool truth = kind == Kind::compare || kind == Kind::boolean || (site.scope.type_of(site.node) & kBool) != 0;
    const bool value = up == Kind::return_ || up == Kind::assign || up == Kind::arguments || up == Kind::lambda ||
                       up == Kind::comprehension;
    if (!asked && !value) return;
    if (!portable(view, site.node)) return;
    if (kind == Kind::string || kind == Kind::none || kind == Kind::list || kind == Kind::dict ||
        kind == Kind::lambda || kind == Kind::comprehension)
        return;
    if (!asked && !truth && kind != Kind::identifier && kind != Kind::call) return;
    const double weight = asked ? (kind == Kind::compare ? 0.5 : 1.0) : truth ? 0.6 : 0.12;
    sink.replace(Op::negate, site.node, negated(view, site.node), view.python() ? 4 : 12,
                 {weight, fmt::format("{} must be negated", quoted(view.text(site.node)))});
}

void change_condition(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (!view.readable(site.node) || !is_condition(view, site.node) || !portable(view, site.node)) return;
    const Words word = words(view);
    const std::string text = view.str(site.node);
    const Id up = view.parent(site.node);
    const bool in_loop_head =
        view.kind(up) == Kind::while_ || (view.kind(up) == Kind::paren && view.kind(view.parent(up)) == Kind::while_);
    for (const std::string_view forced : {word.yes, word.no}) {
        if (text == forced || (in_loop_head && forced == word.no)) continue;
        sink.replace(
            Op::force_condition, site.node, std::string(forced), kAtom,
            {in_loop_head ? 0.3 : 1.0,
             fmt::format("the condition {} must always be {}", quoted(text), forced == word.yes ? "true" : "false"),
             true});
    }
    join_conditions(site, sink, site.node);
    std::size_t offered = 0;
    for (const Fragment& other : companions(site, site.node)) {
        if (++offered > 12) break;
        sink.replace(Op::condition_replace, site.node, other.text, other.strength,
                     {text == word.yes ? 1.6 : 0.7,
                      fmt::format("the condition should be {}, not {}", quoted(other.text), quoted(text))});
    }
    // A loop or a branch that asks a collection's size or truth another way.
    if (view.kind(site.node) == Kind::identifier) {
        const Types types = site.scope.type_of(site.node);
        if (view.python()) {
            sink.replace(Op::condition_replace, site.node, text + " is not None", 5,
                         {0.8, fmt::format("{} may be false without being missing", quoted(text))});
            sink.replace(Op::condition_replace, site.node, text + " is None", 5,
                         {0.4, fmt::format("the missing {} is meant", quoted(text))});
            if (compatible(types, kSequence))
                sink.replace(Op::condition_replace, site.node, "len(" + text + ") > 1", 5,
                             {0.5, fmt::format("{} needs two elements", quoted(text))});
        } else {
            sink.replace(Op::condition_replace, site.node, text + " !== undefined", 5,
                         {0.6, fmt::format("{} may be false without being missing", quoted(text))});
            sink.replace(Op::condition_replace, site.node, text + " != null", 5,
                         {0.6, fmt::format("{} may be false without being missing", quoted(text))});
            if (compatible(types, kSequence))
                sink.replace(Op::condition_replace, site.node, text + ".length > 0", 5,
                             {0.6, fmt::format("an empty {} counts as true", quoted(text))});
        }
        for (const char* test : {" > 0", " >= 0", " > 1"})
            if (compatible(types, kNumber))
                sink.replace(Op::condition_replace, site.node, text + test, 5,
                             {types == kNumber ? 0.6 : 0.2,
                              fmt::format("the condition on {} should be `{}{}`", quoted(text), text, test)});
    }
}

void swap_conditional(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (view.kind(site.node) != Kind::conditional) return;
    const auto parts = view.children(site.node);
    if (parts.size() != 3) return;
    const Id yes = view.python() ? parts[0] : parts[1];
    const Id no = parts[2];
    const std::string between = view.source().substr(view.end(yes), view.begin(no) - view.end(yes));
    // A conditional as first branch needs parentheses in Python.
    const std::string first =
        view.kind(no) == Kind::conditional || view.kind(no) == Kind::lambda ? "(" + view.str(no) + ")" : view.str(no);
    sink.edit(Op::conditional_swap, view.begin(yes), view.end(no), first + between + view.str(yes),
              {1, fmt::format("the two outcomes of {} were exchanged", quoted(view.text(site.node)))});
    for (const Id keep : {yes, no})
        sink.replace(Op::operand_only, site.node, view.str(keep), precedence(view, keep),
                     {0.5, fmt::format("{} is always meant", quoted(view.text(keep))), true});
}

void change_comprehension(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (!view.python() || view.kind(site.node) != Kind::comprehension || !portable(view, site.node)) return;
    const auto parts = view.children(site.node);
    Id last_for = kNone;
    bool filtered = false;
    std::vector<std::string> names;
    for (const Id part : parts) {
        if (view.kind(part) == Kind::if_clause) {
            filtered = true;
            std::uint32_t from = view.begin(part);
            while (from > 0 && view.source()[from - 1] == ' ') --from;
            sink.edit(Op::comprehension_condition, from, view.end(part), "",
                      {0.8, fmt::format("the filter {} leaves out too much", quoted(view.text(part)))});
        }
        if (view.kind(part) == Kind::for_clause) {
            last_for = part;
            const Id target = view.field(part, "left");
            for (Id id = target; target != kNone && id < view.next(target); ++id)
                if (view.kind(id) == Kind::identifier) names.push_back(view.str(id));
        }
    }
    if (last_for == kNone) return;
    const Id element = view.field(site.node, "body");
    if (!filtered) {
        const auto offer = [&](const std::string& condition, double weight) {
            sink.edit(Op::comprehension_condition, view.end(last_for), view.end(last_for), " if " + condition,
                      {weight, fmt::format("only elements with {} belong into {}", quoted(condition),
                                           quoted(view.text(site.node)))});
        };
        for (const std::string& name : names) {
            offer(name, 0.6);
            offer(name + " > 0", 0.5);
            offer("not " + name, 0.2);
            offer(name + " % 2 == 0", 0.25);
            offer(name + " % 2 == 1", 0.2);
            offer(name + " != 0", 0.2);
            offer(name + " is not None", 0.35);
            for (const char* predicate : {"isalpha()", "isdigit()", "isupper()", "islower()", "strip()"}) {
                const Variable* own = site.scope.find(name);
                if (own != nullptr && (own->types & kString) != 0) offer(name + "." + predicate, 0.4);
            }
            offer("isinstance(" + name + ", int)", 0.2);
            offer("isinstance(" + name + ", str)", 0.12);
            offer(name + " < 0", 0.2);
            std::size_t offered = 0;
            for (const Variable* variable : site.scope.visible(site.node)) {
                if (variable->name == name || variable->outer || ++offered > 4) continue;
                if (compatible(variable->types, kString)) {
                    offer(variable->name + " in " + name, 0.35);
                    offer(name + ".startswith(" + variable->name + ")", 0.3);
                    offer(name + ".endswith(" + variable->name + ")", 0.15);
                }
                if (compatible(variable->types, kNumber)) {
                    offer(name + " != " + variable->name, 0.35);
                    offer(name + " < " + variable->name, 0.3);
                    offer(name + " > " + variable->name, 0.3);
                    offer(name + " <= " + variable->name, 0.2);
                    offer(name + " >= " + variable->name, 0.2);
                }
                if (compatible(variable->types, kContainer)) offer(name + " not in " + variable->name, 0.3);
                if (compatible(variable->types, kContainer)) offer(name + " in " + variable->name, 0.3);
            }
        }
        std::size_t borrowed = 0;
        for (const Id other : site.local.conditions)
            if (!view.inside(other, site.node) && site.scope.usable(other, element) && ++borrowed <= 5)
                offer(view.str(other), 0.5);
        for (const BuiltCondition& built : built_conditions(site, element == kNone ? site.node : element, kMostFilters))
            offer(built.text, built.weight * kBuiltWeight);
    }
    if (element == kNone || view.kind(element) == Kind::pair) return;
    for (const std::string& name : names)
        if (name != view.text(element))
            sink.replace(Op::comprehension_element, element, name, kAtom,
                         {1, fmt::format("the elements themselves are meant: {}", quoted(name))});
    // [x for …] and (x for …) and {x for …} gather differently.
    const std::string text = view.str(site.node);
    if (text.starts_with("["))
        sink.edit(Op::comprehension_element, view.begin(site.node), view.end(site.node),
                  "{" + text.substr(1, text.size() - 2) + "}", {0.3, "each element counts once"});
    if (text.starts_with("{"))
        sink.edit(Op::comprehension_element, view.begin(site.node), view.end(site.node),
                  "[" + text.substr(1, text.size() - 2) + "]", {0.4, "every element counts, repeated ones too"});
}

/// xs -> xs.filter(…), JavaScript's counterpart of a filter in a comprehension.
void filter_elements(const Site& site, Sink& sink) {
    const View& view = site.view;
    const Kind kind = view.kind(site.node);
    if (view.python() || !view.readable(site.node) || !portable(view, site.node)) return;
    if (kind != Kind::identifier && kind != Kind::attribute && kind != Kind::call) return;
    if (site.scope.type_of(site.node) != kSequence || view.callee_name(site.node) == "filter") return;
    const Id up = view.parent(site.node);
    const bool chained = view.kind(up) == Kind::attribute && view.object(up) == site.node;
    if (chained && view.text(view.member(up)) == "filter") return;
    if (!chained && view.kind(up) != Kind::return_ && view.kind(up) != Kind::declarator &&
        view.kind(up) != Kind::lambda)
        return;
    const std::string item = site.scope.is_visible("x", site.node) ? "item" : "x";
    const std::string text = view.str(site.node);
    const auto offer = [&](const std::string& test, double weight) {
        sink.replace(Op::comprehension_condition, site.node, fmt::format("{}.filter({})", text, test), kAtom,
                     {weight, fmt::format("only elements with {} belong into {}", quoted(test), quoted(text))});
    };
    for (const char* test : {" > 0", " < 0", " >= 0", " % 2 === 0", " % 2 !== 0", " !== 0", " !== ''", " != null"})
        offer(fmt::format("({}) => {}{}", item, item, test), 0.4);
    std::size_t offered = 0;
    for (const Variable* variable : site.scope.visible(site.node)) {
        if (variable->outer || variable->name == text || ++offered > 4) continue;
        for (const char* op : {"!==", "===", "<", ">", "<=", ">="})
            if (compatible(variable->types, kNumber | kString))
                offer(fmt::format("({}) => {} {} {}", item, item, op, variable->name), 0.3);
        if (compatible(variable->types, kSequence | kString))
            offer(fmt::format("({}) => {}.includes({})", item, variable->name, item), 0.3);
        if (compatible(variable->types, kString)) {
            offer(fmt::format("({}) => {}.includes({})", item, item, variable->name), 0.3);
            offer(fmt::format("({}) => {}.startsWith({})", item, item, variable->name), 0.3);
        }
    }
    offered = 0;
    for (const Callable& callable : site.facts.callables)
        if (!callable.method && callable.least <= 1 && callable.most >= 1 && ++offered <= 4) offer(callable.name, 0.5);
}

}  // namespace ec::repair::mutation
