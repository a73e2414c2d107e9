// Operators that borrow what is written elsewhere in the function, the file or the project.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "mutation/families.hpp"
#include "mutation/statements.hpp"

namespace ec::repair::mutation {

namespace {

bool called(const View& view, Id node) {
    const Id up = view.parent(node);
    return (view.kind(up) == Kind::call || view.kind(up) == Kind::new_) && view.callee(up) == node;
}

void extend_with_names(const Site& site, Sink& sink) {
    const View& view = site.view;
    const Kind kind = view.kind(site.node);
    const Kind up = view.kind(view.parent(site.node));
    if (up != Kind::return_ && up != Kind::assign && up != Kind::declarator && up != Kind::arguments &&
        up != Kind::aug_assign)
        return;
    if (is_literal(kind) || kind == Kind::compare || kind == Kind::boolean || kind == Kind::not_ ||
        kind == Kind::dict || kind == Kind::lambda)
        return;
    const Types types = site.scope.type_of(site.node);
    const std::string text = view.str(site.node);
    const std::string summand = precedence(view, site.node) < 10 ? "(" + text + ")" : text;
    std::size_t offered = 0;
    for (const Variable* variable : site.scope.visible(site.node)) {
        if (variable->outer || variable->name == text || view.text(view.left(view.parent(site.node))) == variable->name)
            continue;
        const double weight =
            fitness(types, variable->types) * (up == Kind::return_ || up == Kind::aug_assign ? 1.0 : 0.6);
        if (weight == 0 || ++offered > 5) continue;
        const auto offer = [&](std::string extended, double extra) {
            sink.replace(Op::arithmetic_extend, site.node, std::move(extended), 10,
                         {weight * extra, fmt::format("{} leaves out {}", quoted(text), quoted(variable->name))});
        };
        const bool texts = ((types | variable->types) & (kSequence | kString)) != 0;
        offer(fmt::format("{} + {}", summand, variable->name), 1);
        if (texts || (types | variable->types) == 0) offer(fmt::format("{} + {}", variable->name, summand), 1);
        if (!texts) offer(fmt::format("{} - {}", summand, variable->name), 0.8);
        if (!texts) offer(fmt::format("{} * {}", summand, variable->name), 0.4);
    }
}

}  // namespace

/// A term that was left out: value % 2, value + other, n -> len(xs) // n.
void extend_value(const Site& site, Sink& sink) {
    const View& view = site.view;
    const Kind kind = view.kind(site.node);
    if (!view.readable(site.node) || called(view, site.node) || !portable(view, site.node)) return;
    const Id parent = view.parent(site.node);
    const Kind up = view.kind(parent);
    if (up == Kind::attribute || up == Kind::expression_statement || up == Kind::paren || up == Kind::await) return;
    if (up == Kind::subscript && view.object(parent) == site.node) return;
    if (view.node(site.node).field == "right" && (up == Kind::for_in || up == Kind::for_clause)) return;
    const Types types = site.scope.type_of(site.node);
    if (types != 0 && (types & kNumber) == 0) return;
    const double sure = types == 0 ? 0.5 : 1.0;
    const std::string text = view.str(site.node);
    const std::string divide = view.python() ? " // " : " / ";
    const std::string factor = precedence(view, site.node) < 12 ? "(" + text + ")" : text;
    const auto offer = [&](std::string changed, int strength, double weight) {
        std::string why = fmt::format("{} leaves something out: {}", quoted(text), quoted(changed));
        sink.replace(Op::arithmetic_extend, site.node, std::move(changed), strength, {weight * sure, std::move(why)});
    };
    const bool compared = up == Kind::compare && view.left(parent) == site.node;
    const bool value =
        kind == Kind::identifier || kind == Kind::call || kind == Kind::subscript || kind == Kind::attribute;
    if (compared && value) {
        for (const char* modulus : {"2", "3", "10"}) offer(factor + " % " + modulus, 11, modulus[0] == '2' ? 0.8 : 0.4);
        offer("abs(" + text + ")", kAtom, 0.2);
    }
    if (!value && kind != Kind::integer) return;
    std::size_t offered = 0;
    for (const Variable* variable : site.scope.visible(site.node)) {
        if (variable->outer || variable->name == text) continue;
        if ((variable->types & kNumber) != 0 && ++offered <= 5) {
            if (compared) {
                offer(factor + " % " + variable->name, 11, 0.6);
                offer(variable->name + " % " + factor, 11, 0.6);
            }
            offer(fmt::format("{} + {}", variable->name, text), 10, 0.35);
            offer(fmt::format("{} - {}", variable->name, factor), 10, 0.35);
            offer(fmt::format("{} * {}", variable->name, factor), 11, 0.3);
            if (kind == Kind::integer) {
                offer(fmt::format("{}{}{}", variable->name, divide, text), 11, 0.3);
                offer(fmt::format("{} % {}", variable->name, text), 11, 0.3);
            } else {
                offer(fmt::format("{} - {}", factor, variable->name), 10, 0.35);
                offer(fmt::format("{} + {}", text, variable->name), 10, 0.35);
                offer(fmt::format("{} * {}", factor, variable->name), 11, 0.3);
                offer(fmt::format("{} % {}", factor, variable->name), 11, 0.25);
                offer(fmt::format("{}{}{}", factor, divide, variable->name), 11, 0.2);
            }
        }
        if ((variable->types & (kSequence | kString)) != 0 && kind == Kind::integer) {
            const std::string length = view.python() ? "len(" + variable->name + ")" : variable->name + ".length";
            offer(length, kAtom, 0.4);
            offer(length + " - " + text, 10, 0.4);
            offer(length + divide + text, 11, 0.35);
        }
    }
    // Another call or element of the function beside it.
    if (up != Kind::binary && up != Kind::return_ && up != Kind::arguments && up != Kind::assign) return;
    offered = 0;
    for (const Id other : site.local.expressions) {
        const Kind other_kind = view.kind(other);
        if ((other_kind != Kind::call && other_kind != Kind::subscript) || view.text(other) == text ||
            called(view, other))
            continue;
        if (view.inside(site.node, other) || !compatible(types, site.scope.type_of(other)) ||
            !site.scope.usable(other, site.node))
            continue;
        if (++offered > 3) break;
        offer(fmt::format("{} + {}", text, view.text(other)), 10, 0.3);
        offer(fmt::format("{} - {}", factor, view.text(other)), 10, 0.2);
    }
}

void borrow_expression(const Site& site, Sink& sink) {
    const View& view = site.view;
    const Kind kind = view.kind(site.node);
    if (!view.readable(site.node) || called(view, site.node)) return;
    if (kind != Kind::call && kind != Kind::subscript && kind != Kind::attribute && kind != Kind::binary &&
        kind != Kind::compare && kind != Kind::identifier && kind != Kind::integer && kind != Kind::boolean &&
        kind != Kind::none && kind != Kind::list && kind != Kind::comprehension)
        return;
    const Id up = view.parent(site.node);
    const Kind up_kind = view.kind(up);
    if (up_kind == Kind::expression_statement || up_kind == Kind::attribute || up_kind == Kind::paren) return;
    extend_with_names(site, sink);
    const Types types = site.scope.type_of(site.node);
    const std::string text = view.str(site.node);
    const auto why = [&](std::string_view other) {
        return fmt::format("{} is meant in the place of {}", quoted(other), quoted(text));
    };
    std::size_t offered = 0;
    for (const Id other : site.local.expressions) {
        if (view.inside(other, site.node) && view.text(other) == text) continue;
        const Kind other_kind = view.kind(other);
        const double fits = fitness(types, site.scope.type_of(other));
        if (fits == 0 || (kind == Kind::compare) !=
                             (other_kind == Kind::compare || other_kind == Kind::not_ || other_kind == Kind::boolean))
            continue;
        if (view.inside(site.node, other)) continue;  // would grow without end
        if (called(view, other) || !site.scope.usable(other, site.node) || ++offered > 14) continue;
        const bool alike = kind == other_kind;
        sink.replace(
            Op::borrow_expression, site.node, view.str(other), precedence(view, other),
            {fits * (alike ? 1.0 : 0.6) * (view.inside(other, site.statement) ? 1.0 : 0.8), why(view.text(other))});
    }
    if (kind == Kind::identifier || kind == Kind::integer) return;
    offered = 0;
    for (const Id other : site.facts.expressions) {
        if (view.kind(other) != kind || view.function_of(other) == view.function_of(site.node)) continue;
        if (called(view, other) || !site.scope.usable(other, site.node) || ++offered > 4) continue;
        sink.replace(Op::borrow_expression, site.node, view.str(other), precedence(view, other),
                     {0.3, why(view.text(other))});
    }
    offered = 0;
    for (const Fragment& fragment : site.facts.fragments) {
        if (fragment.kind != kind || ++offered > 4) continue;
        sink.replace(Op::borrow_expression, site.node, fragment.text, fragment.strength, {0.2, why(fragment.text)});
    }
}

/// Statements of the function put before or after this one, as they are and with one name exchanged.
void borrow_statement(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (!insertable(view, site.statement)) return;
    std::size_t offered = 0;
    const bool last = last_in_block(view, site.statement);
    const auto offer = [&](const std::string& text, double weight) {
        const std::string why = fmt::format("the step {} is missing here", quoted(text));
        sink.insert_before(Op::borrow_statement, site.statement, {text}, {weight, why});
        if (last && !jump(view, site.statement))
            sink.insert_after(Op::borrow_statement, site.statement, {text}, {weight, why});
    };
    for (const Id other : site.local.statements) {
        const Kind kind = view.kind(other);
        if (other == site.statement || !portable(view, other) || offered > 10) continue;
        if (kind != Kind::expression_statement || view.kind(view.only_child(other)) == Kind::string) continue;
        if (view.kind(view.only_child(other)) == Kind::yield || !names_usable(site, other)) continue;
        ++offered;
        const bool near = view.loop_of(other) == view.loop_of(site.statement);
        offer(view.str(other), near ? 1.0 : 0.7);
    }
    offered = 0;
    for (const std::string& statement : site.facts.statements) {
        if (++offered > 4) break;
        if (statement.starts_with("break") || statement.starts_with("continue") || statement.starts_with("return"))
            continue;
        offer(statement, 0.2);
    }
}

}  // namespace ec::repair::mutation
