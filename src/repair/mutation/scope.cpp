#include "mutation/scope.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace ec::repair::mutation {

namespace {

bool names_node(const View& view, Id id) {
    return view.kind(id) == Kind::identifier || view.node(id).kind == "shorthand_property_identifier_pattern";
}

}  // namespace

Scope::Scope(const View& view, Id function) : view_(view), function_(function) {
    collect(function, false);
    for (Id outer = function; outer != 0;) {
        const Id up = view_.function_of(outer);
        outer = up == kNone ? 0 : up;
        collect(outer, true);
    }
    infer();
    infer();  // once more, for what flows from one variable into another
    collect_self_attributes();
}

const Variable* Scope::find(std::string_view name) const {
    const auto found =
        std::find_if(variables_.begin(), variables_.end(), [&](const Variable& v) { return v.name == name; });
    return found != variables_.end() ? &*found : nullptr;
}

bool Scope::declared(Id name) const {
    return std::any_of(variables_.begin(), variables_.end(), [&](const Variable& v) {
        return v.name == view_.text(name) && (v.region == 0 || view_.inside(name, v.region));
    });
}

bool Scope::visible(const Variable& variable, Id place) const {
    if (variable.region != 0 && !view_.inside(place, variable.region)) return false;
    if (variable.outer || variable.from <= view_.begin(place)) return true;
    // Bound further down, but in a loop around both: it holds the value of the round before.
    return variable.bound_in_loop != kNone && view_.inside(place, variable.bound_in_loop) &&
           view_.begin(place) > view_.begin(variable.bound_in_loop) && !variable.loop;
}

std::vector<const Variable*> Scope::visible(Id place) const {
    std::vector<const Variable*> out;
    for (const Variable& variable : variables_)
        if (visible(variable, place)) out.push_back(&variable);
    return out;
}

bool Scope::is_visible(std::string_view name, Id place) const {
    return std::any_of(variables_.begin(), variables_.end(),
                       [&](const Variable& v) { return v.name == name && visible(v, place); });
}

bool Scope::usable(Id expression, Id place) const {
    std::set<std::string_view> inner;  // names bound inside the expression itself
    for (Id id = expression; id < view_.node(expression).next; ++id)
        if (view_.kind(id) == Kind::identifier && !view_.readable(id) && view_.node(id).field != "attribute")
            inner.insert(view_.text(id));
    for (Id id = expression; id < view_.node(expression).next; ++id) {
        if (view_.kind(id) != Kind::identifier || !view_.readable(id)) continue;
        const std::string_view name = view_.text(id);
        if (inner.contains(name) || is_visible(name, place)) continue;
        if (find(name) != nullptr) return false;
        // Not a variable we know: a builtin, an import or a function of the module. Elsewhere it may be a local of
        // another function, which only its own function may read.
        const Id home = view_.function_of(id);
        if (home != kNone && home != function_ && !view_.inside(function_ == 0 ? place : function_, home)) return false;
    }
    return true;
}

void Scope::bind(Id target, Id region, std::uint32_t from, Types types, bool parameter, bool loop) {
    if (target == kNone) return;
    for (Id id = target; id < view_.node(target).next; ++id) {
        const std::string_view grammar = view_.node(id).kind;
        if (view_.kind(id) == Kind::attribute || view_.kind(id) == Kind::subscript || grammar == "type" ||
            grammar == "type_annotation") {
            id = view_.node(id).next - 1;
            continue;
        }
        if (!names_node(view_, id) || view_.readable(id)) continue;
        const std::string_view name = view_.text(id);
        if (name == "_" || name == "self" || name == "cls") continue;
        const auto known = std::find_if(variables_.begin(), variables_.end(), [&](const Variable& v) {
            return v.name == name && (v.region == region || v.outer || view_.inside(region, v.region));
        });
        if (known != variables_.end()) {
            known->types |= id == target ? types : 0;
            continue;
        }
        Variable variable;
        variable.name = name;
        variable.types = id == target ? types : 0;
        variable.parameter = parameter;
        variable.loop = loop;
        variable.outer = outer_;
        variable.from = from;
        variable.region = region;
        variable.bound_in_loop = view_.loop_of(id);
        variables_.push_back(std::move(variable));
    }
}

void Scope::bind_parameters(Id function) {
    const Id list = view_.field(function, "parameters");
    const Id lone = view_.field(function, "parameter");
    if (lone != kNone) bind(lone, function, view_.begin(function), 0, true, false);
    for (const Id parameter : view_.children(list)) {
        Types types = annotated_type(view_.text(view_.field(parameter, "type")));
        Id value = view_.field(parameter, "value");
        if (value == kNone) value = view_.field(parameter, "right");
        if (types == 0 && value != kNone) types = type_of(value);
        Id target = view_.field(parameter, "name");
        if (target == kNone) target = view_.field(parameter, "pattern");
        if (target == kNone) target = view_.field(parameter, "left");
        if (target == kNone && view_.node(parameter).kind == "typed_parameter") target = view_.only_child(parameter);
        if (target == kNone) target = parameter;
        bind(target, function, view_.begin(function), types, true, false);
        if ((types & kSequence) == 0 || variables_.empty()) continue;
        const std::string_view annotation = view_.text(view_.field(parameter, "type"));
        const std::size_t inner = annotation.find_first_of("[<");
        if (inner != std::string_view::npos)
            variables_.back().elements = annotated_type(annotation.substr(inner + 1));
        else if (annotation.ends_with("[]"))
            variables_.back().elements = annotated_type(annotation.substr(0, annotation.size() - 2));
    }
}

Types Scope::element_type(Id iterated) const {
    const std::string callee = view_.callee_name(iterated);
    if (callee == "range") return kNumber;
    if (callee == "split" || callee == "splitlines" || callee == "keys") return kString;
    if ((callee == "sorted" || callee == "reversed" || callee == "list" || callee == "set") &&
        !view_.args(iterated).empty())
        return element_type(view_.args(iterated).front());
    if (view_.kind(iterated) == Kind::identifier) {
        const Variable* variable = find(view_.text(iterated));
        if (variable != nullptr && variable->elements != 0) return variable->elements;
    }
    if (view_.kind(iterated) == Kind::subscript) return element_type(view_.object(iterated));
    return type_of(iterated) == kString ? kString : 0;
}

void Scope::bind_loop(Id loop, Id region, std::uint32_t from) {
    const Id right = view_.field(loop, "right");
    const Id target = view_.field(loop, "left");
    const auto parts = view_.children(target);
    if (view_.callee_name(right) == "enumerate" && parts.size() == 2 && !view_.args(right).empty()) {
        bind(parts[0], region, from, kNumber, false, true);
        bind(parts[1], region, from, element_type(view_.args(right).front()), false, true);
        return;
    }
    bind(target, region, from, element_type(right), false, true);
}

void Scope::collect(Id root, bool outer) {
    outer_ = outer;
    if (root != 0) bind_parameters(root);
    for (Id id = root + 1; id < view_.node(root).next; ++id) {
        const Kind kind = view_.kind(id);
        if (kind == Kind::function || kind == Kind::class_) {
            const Id name = view_.name(id);
            // A nested function is a name of this scope; its inside is not, and a method is no name at all.
            if (name != kNone && view_.kind(view_.parent(view_.parent(id))) != Kind::class_ && root != 0) {
                bind(name, root, view_.begin(id), kCallable, false, false);
            }
            id = view_.node(id).next - 1;
            continue;
        }
        collect_node(id);
    }
}

void Scope::collect_node(Id id) {
    const Id home = view_.function_of(id);
    const Id region_function = home == kNone ? 0 : home;
    switch (view_.kind(id)) {
        case Kind::assign: {
            const Id target = view_.field(id, "left");
            Types types = annotated_type(view_.text(view_.field(id, "type")));
            if (types == 0) types = type_of(view_.field(id, "right"));
            // An assignment declares in Python only.
            if (!view_.python() && declared(target)) break;
            bind(target, region_function, view_.end(id), types, false, false);
            break;
        }
        case Kind::named_expression:
            bind(view_.field(id, "name"), region_function, view_.end(id), type_of(view_.field(id, "value")), false,
                 false);
            break;
        case Kind::declarator: {
            Types types = annotated_type(view_.text(view_.field(id, "type")));
            if (types == 0) types = type_of(view_.field(id, "value"));
            Id region = view_.parent(view_.parent(id));  // the block or the for around the declaration
            if (region == kNone || region == 0) region = 0;
            bind(view_.field(id, "name"), region, view_.end(id), types, false, false);
            break;
        }
        case Kind::for_in: {
            const Id right = view_.field(id, "right");
            bind_loop(id, view_.python() ? region_function : id, right == kNone ? view_.begin(id) : view_.end(right));
            break;
        }
        case Kind::for_clause:
            bind_loop(id, view_.parent(id), view_.begin(view_.parent(id)));
            break;
        case Kind::lambda:
            bind_parameters(id);
            break;
        case Kind::except:
            bind(view_.field(id, "parameter"), id, view_.begin(id), kObject, false, false);
            break;
        default:
            if (view_.node(id).field == "alias") bind(id, region_function, view_.end(id), kObject, false, false);
            break;
    }
}

void Scope::collect_self_attributes() {
    const Id home = view_.class_of(function_);
    const Id root = home != kNone ? home : function_;
    if (root == 0) return;
    std::map<std::string, unsigned> count;
    std::vector<std::string> order;
    for (Id id = root; id < view_.node(root).next; ++id) {
        if (view_.kind(id) != Kind::attribute) continue;
        const std::string_view object = view_.text(view_.object(id));
        if (object != "self" && object != "this") continue;
        if (view_.kind(view_.parent(id)) == Kind::call && view_.callee(view_.parent(id)) == id) continue;
        if (count[view_.str(id)]++ == 0) order.push_back(view_.str(id));
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](const std::string& a, const std::string& b) { return count[a] > count[b]; });
    self_attributes_ = std::move(order);
}

}  // namespace ec::repair::mutation
