// Operators that put another name in the place of one.
#include <fmt/format.h>

#include <algorithm>

#include "mutation/families.hpp"

namespace ec::repair::mutation {

namespace {

constexpr std::size_t kMostNames = 14;

bool called(const View& view, Id node) {
    const Id up = view.parent(node);
    return (view.kind(up) == Kind::call || view.kind(up) == Kind::new_) && view.callee(up) == node;
}

/// How a place uses what stands there, when the expression there does not tell.
Types asked_by(const Site& site, Id node) {
    const View& view = site.view;
    const Id up = view.parent(node);
    switch (view.kind(up)) {
        case Kind::subscript: {
            if (view.object(up) == node) return kContainer;
            const Types whole = site.scope.type_of(view.object(up));
            return whole != 0 && (whole & kMapping) == 0 ? kNumber : 0;
        }
        case Kind::for_in:
        case Kind::for_clause:
            return view.node(node).field == "right" ? kContainer : 0;
        case Kind::binary: {
            const std::string op = view.op(up);
            if (op == "-" || op == "//" || op == "/" || op == "**") return kNumber;
            return op == "+" ? site.scope.type_of(view.left(up) == node ? view.right(up) : view.left(up)) : 0;
        }
        case Kind::slice:
            return kNumber;
        case Kind::attribute:
            return receiver_type(view.text(view.member(up)));
        case Kind::arguments:
            return view.callee_name(view.parent(up)) == "len"     ? kContainer
                   : view.callee_name(view.parent(up)) == "range" ? kNumber
                                                                  : 0;
        default:
            return 0;
    }
}

}  // namespace

void replace_name(const Site& site, Sink& sink) {
    const View& view = site.view;
    const Kind kind = view.kind(site.node);
    const bool literal =
        is_number(kind) || kind == Kind::none || kind == Kind::true_ || kind == Kind::false_ || kind == Kind::string;
    if ((kind != Kind::identifier && !literal) || !view.readable(site.node) || called(view, site.node)) return;
    const std::string text = view.str(site.node);
    if (text == "self" || text == "super" || text == "cls" || text == "Math" || text == "Object") return;
    Types types = site.scope.type_of(site.node);
    const Types asked = asked_by(site, site.node);
    if (types == 0) types = asked;
    if (kind == Kind::none) types = 0;
    const Id up = view.parent(site.node);
    const bool plain_argument = view.kind(up) == Kind::arguments;
    const auto visible = site.scope.visible(site.node);
    const auto offer = [&](const std::string& name, double weight) {
        if (name == text) return;
        sink.replace(
            Op::name_replace, site.node, name, kAtom,
            {weight * (literal ? 0.4 : 1.0),
             literal ? fmt::format("{} is meant in the place of the fixed {}", quoted(name), quoted(text))
                     : fmt::format("the wrong variable was used: {} should be {}", quoted(text), quoted(name))});
    };
    std::size_t offered = 0;
    for (const Variable* variable : visible) {
        if (variable->name == text || offered >= kMostNames) continue;
        double weight = fitness(types, variable->types);
        if (asked != 0) weight = std::max(weight, fitness(asked, variable->types));
        if (weight == 0) {
            // Guesses go wrong, and a condition or an argument takes anything.
            if (plain_argument || view.kind(up) == Kind::return_ || view.kind(up) == Kind::compare)
                weight = 0.15;
            else
                continue;
        }
        if (variable->outer) weight *= 0.5;
        if (variable->uses > 1) weight = std::min(1.0, weight * 1.1);
        ++offered;
        offer(variable->name, weight);
    }
    std::size_t attributes = 0;
    for (const std::string& attribute : site.scope.self_attributes())
        if (++attributes <= 6) offer(attribute, view.node(site.node).kind == "identifier" ? 0.35 : 0.2);
    if (literal) return;
    // The name was meant to be a fixed value, or an element or field of it.
    if ((types == 0 || (types & kNumber) != 0) && view.kind(up) != Kind::attribute &&
        view.kind(up) != Kind::subscript) {
        for (const char* number : {"0", "1"})
            sink.replace(
                Op::constant_replace, site.node, number, kAtom,
                {types == kNumber ? 0.5 : 0.25, fmt::format("{} stands where {} is meant", quoted(text), number)});
    }
    std::size_t fields = 0;
    if ((types == 0 || (types & kObject) != 0) && view.kind(up) != Kind::attribute &&
        view.kind(up) != Kind::subscript) {
        for (const std::string& attribute : site.facts.attributes)
            if (++fields <= 5)
                sink.replace(Op::attribute_replace, site.node, text + "." + attribute, kAtom,
                             {(types & kObject) != 0 ? 0.6 : 0.15, fmt::format("its {} is meant", quoted(attribute))});
    }
}

/// A call, an element or a sum stands where a variable is meant.
void replace_by_name(const Site& site, Sink& sink) {
    const View& view = site.view;
    const Kind kind = view.kind(site.node);
    if (kind != Kind::call && kind != Kind::subscript && kind != Kind::binary && kind != Kind::attribute &&
        kind != Kind::list)
        return;
    if (!view.readable(site.node) || called(view, site.node)) return;
    const Id up = view.parent(site.node);
    const Kind up_kind = view.kind(up);
    if (up_kind == Kind::expression_statement || up_kind == Kind::paren || up_kind == Kind::await) return;
    Types types = site.scope.type_of(site.node);
    if (types == 0) types = asked_by(site, site.node);
    const std::string text = view.str(site.node);
    std::size_t offered = 0;
    for (const Variable* variable : site.scope.visible(site.node)) {
        const double weight = fitness(types, variable->types) * (variable->outer ? 0.4 : 1.0);
        if (weight == 0 || ++offered > 8) continue;
        // `x + 1` -> `x` is operand_only's, and this would repeat it with a smaller prior.
        sink.replace(Op::expression_to_name, site.node, variable->name, kAtom,
                     {weight, fmt::format("{} is meant in the place of {}", quoted(variable->name), quoted(text))});
    }
}

void replace_attribute(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (view.kind(site.node) != Kind::attribute || called(view, site.node)) return;
    const Id member = view.member(site.node);
    const std::string text = view.str(member);
    const std::string object = view.str(view.object(site.node));
    if (object == "Math" || object == "super") return;
    const bool own = object == "self" || object == "this";
    std::size_t offered = 0;
    const auto offer = [&](const std::string& other, double weight) {
        if (other == text || offered >= 10 || (view.text(member).starts_with('#') != other.starts_with('#') && !own))
            return;
        ++offered;
        sink.edit(Op::attribute_replace, view.begin(member), view.end(member), other,
                  {weight, fmt::format("the wrong field was used: {} should be {}", quoted(object + "." + text),
                                       quoted(object + "." + other))});
    };
    if (own)
        for (const std::string& attribute : site.scope.self_attributes())
            offer(attribute.substr(attribute.find('.') + 1), 1);
    else
        for (const std::string& attribute : site.facts.attributes) offer(attribute, 0.9);
    // Names that come in pairs.
    static constexpr std::pair<std::string_view, std::string_view> kPairs[] = {
        {"left", "right"},        {"first", "last"},    {"next", "prev"},
        {"start", "end"},         {"head", "tail"},     {"min", "max"},
        {"incoming", "outgoing"}, {"in", "out"},        {"width", "height"},
        {"row", "col"},           {"x", "y"},           {"key", "value"},
        {"parent", "child"},      {"source", "target"}, {"successor", "predecessor"},
        {"before", "after"},      {"low", "high"},      {"top", "bottom"}};
    for (const auto& [a, b] : kPairs)
        for (const auto& [from, to] : {std::pair{a, b}, std::pair{b, a}}) {
            const std::size_t at = text.find(from);
            const bool whole = at == 0 && (text.size() == from.size() || text[from.size()] == '_');
            if (at != std::string::npos && whole) offer(std::string(to) + text.substr(from.size()), 0.7);
        }
    if (view.readable(site.node) && portable(view, site.node) && is_expression(view.kind(view.object(site.node))) &&
        !own)
        sink.replace(Op::attribute_replace, site.node, object, precedence(view, view.object(site.node)),
                     {text == "length" ? 0.3 : 0.6,
                      fmt::format("{} itself is meant, not its {}", quoted(object), quoted(text))});
    if (own && view.readable(site.node) && site.scope.is_visible(text, site.node))
        sink.replace(Op::name_replace, site.node, text, kAtom,
                     {0.7, fmt::format("the local {} is meant, not the field", quoted(text))});
    std::size_t names = 0;
    if (own && view.readable(site.node))
        for (const Variable* variable : site.scope.visible(site.node))
            if (!variable->outer && ++names <= 5)
                sink.replace(
                    Op::name_replace, site.node, variable->name, kAtom,
                    {0.3, fmt::format("{} is meant, not {}", quoted(variable->name), quoted(view.text(site.node)))});
}

/// The value was stored in the wrong place.
void replace_target(const Site& site, Sink& sink) {
    const View& view = site.view;
    const Kind kind = view.kind(site.node);
    if (kind != Kind::assign && kind != Kind::aug_assign) return;
    const Id target = view.field(site.node, "left");
    const Kind target_kind = view.kind(target);
    const bool unpacking = target_kind == Kind::other || target_kind == Kind::tuple || target_kind == Kind::skip;
    if (unpacking) {
        std::vector<Id> names = view.children(target);
        for (std::size_t i = 0; i + 1 < names.size() && names.size() <= 4; ++i) {
            const std::string between =
                view.source().substr(view.end(names[i]), view.begin(names[i + 1]) - view.end(names[i]));
            sink.edit(Op::target_replace, view.begin(names[i]), view.end(names[i + 1]),
                      view.str(names[i + 1]) + between + view.str(names[i]),
                      {0.8, fmt::format("the values went to {} in the wrong order", quoted(view.text(target)))});
        }
        return;
    }
    if (target_kind != Kind::identifier && target_kind != Kind::attribute && target_kind != Kind::subscript) return;
    if (view.field(site.node, "type") != kNone) return;
    const std::string text = view.str(target);
    std::size_t offered = 0;
    const auto offer = [&](const std::string& other, double weight) {
        if (other == text || ++offered > 14) return;
        sink.edit(Op::target_replace, view.begin(target), view.end(target), other,
                  {weight, fmt::format("the value belongs into {}, not into {}", quoted(other), quoted(text))});
    };
    const Types types =
        kind == Kind::aug_assign ? site.scope.type_of(target) : site.scope.type_of(view.field(site.node, "right"));
    if (target_kind == Kind::identifier) {
        for (const Variable* variable : site.scope.visible(site.node)) {
            const double weight = fitness(types, variable->types) * (kind == Kind::aug_assign ? 1.0 : 0.7);
            if (!variable->outer && weight > 0) offer(variable->name, weight);
        }
    }
    if (target_kind == Kind::attribute)
        for (const std::string& attribute : site.scope.self_attributes()) offer(attribute, 0.7);
    for (const Id other : site.local.expressions) {
        const Kind other_kind = view.kind(other);
        if (other_kind != target_kind || other_kind == Kind::identifier || !site.scope.usable(other, site.node))
            continue;
        if (other_kind == Kind::subscript && !view.indices(other).empty() &&
            view.kind(view.indices(other)[0]) == Kind::slice)
            continue;
        if (view.text(other).find("?.") != std::string_view::npos) continue;
        offer(view.str(other), 0.7);
    }
}

}  // namespace ec::repair::mutation
