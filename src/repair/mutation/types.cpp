// What expressions and variables seem to hold: the tables of well-known functions and methods, and the guesses drawn
// from how the function uses its names.
#include <algorithm>
#include <array>

#include "mutation/scope.hpp"

namespace ec::repair::mutation {

namespace {

struct Returned {
    std::string_view name;
    Types types;
};

constexpr auto kReturned = std::to_array<Returned>({
    {"len", kNumber},
    {"int", kNumber},
    {"float", kNumber},
    {"abs", kNumber},
    {"ord", kNumber},
    {"round", kNumber},
    {"sum", kNumber},
    {"pow", kNumber},
    {"floor", kNumber},
    {"ceil", kNumber},
    {"sqrt", kNumber},
    {"trunc", kNumber},
    {"index", kNumber},
    {"rindex", kNumber},
    {"find", kNumber},
    {"rfind", kNumber},
    {"count", kNumber},
    {"gcd", kNumber},
    {"indexOf", kNumber},
    {"lastIndexOf", kNumber},
    {"findIndex", kNumber},
    {"parseInt", kNumber},
    {"parseFloat", kNumber},
    {"Number", kNumber},
    {"charCodeAt", kNumber},
    {"bit_length", kNumber},
    {"divmod", kSequence},
    {"str", kString},
    {"chr", kString},
    {"hex", kString},
    {"bin", kString},
    {"oct", kString},
    {"repr", kString},
    {"format", kString},
    {"join", kString},
    {"upper", kString},
    {"lower", kString},
    {"strip", kString},
    {"lstrip", kString},
    {"rstrip", kString},
    {"replace", kString},
    {"title", kString},
    {"capitalize", kString},
    {"swapcase", kString},
    {"zfill", kString},
    {"String", kString},
    {"toString", kString},
    {"toUpperCase", kString},
    {"toLowerCase", kString},
    {"trim", kString},
    {"charAt", kString},
    {"substring", kString},
    {"substr", kString},
    {"padStart", kString},
    {"padEnd", kString},
    {"repeat", kString},
    {"replaceAll", kString},
    {"input", kString},
    {"list", kSequence},
    {"sorted", kSequence},
    {"range", kSequence},
    {"split", kSequence},
    {"rsplit", kSequence},
    {"splitlines", kSequence},
    {"keys", kSequence},
    {"values", kSequence},
    {"items", kSequence},
    {"entries", kSequence},
    {"reversed", kSequence},
    {"map", kSequence},
    {"filter", kSequence},
    {"zip", kSequence},
    {"enumerate", kSequence},
    {"tuple", kSequence},
    {"deque", kSequence},
    {"from", kSequence},
    {"concat", kSequence},
    {"splice", kSequence},
    {"Array", kSequence},
    {"flat", kSequence},
    {"flatMap", kSequence},
    {"slice", kSequence | kString},
    {"dict", kMapping},
    {"defaultdict", kMapping},
    {"Counter", kMapping},
    {"Map", kMapping},
    {"OrderedDict", kMapping},
    {"set", kSet},
    {"frozenset", kSet},
    {"Set", kSet},
    {"union", kSet},
    {"intersection", kSet},
    {"bool", kBool},
    {"any", kBool},
    {"all", kBool},
    {"isinstance", kBool},
    {"startswith", kBool},
    {"endswith", kBool},
    {"isdigit", kBool},
    {"isalpha", kBool},
    {"isalnum", kBool},
    {"isupper", kBool},
    {"islower", kBool},
    {"isspace", kBool},
    {"startsWith", kBool},
    {"endsWith", kBool},
    {"includes", kBool},
    {"has", kBool},
    {"some", kBool},
    {"every", kBool},
    {"isArray", kBool},
    {"isNaN", kBool},
    {"Boolean", kBool},
    {"test", kBool},
});

/// What a method call says about its receiver.
constexpr auto kReceiver = std::to_array<Returned>({
    {"append", kSequence},    {"extend", kSequence},
    {"insert", kSequence},    {"sort", kSequence},
    {"reverse", kSequence},   {"appendleft", kSequence},
    {"popleft", kSequence},   {"push", kSequence},
    {"unshift", kSequence},   {"shift", kSequence},
    {"splice", kSequence},    {"forEach", kSequence},
    {"map", kSequence},       {"filter", kSequence},
    {"reduce", kSequence},    {"some", kSequence},
    {"every", kSequence},     {"add", kSet},
    {"discard", kSet},        {"union", kSet},
    {"items", kMapping},      {"keys", kMapping},
    {"values", kMapping},     {"get", kMapping},
    {"setdefault", kMapping}, {"update", kMapping | kSet},
    {"split", kString},       {"lower", kString},
    {"upper", kString},       {"strip", kString},
    {"rstrip", kString},      {"lstrip", kString},
    {"startswith", kString},  {"endswith", kString},
    {"replace", kString},     {"isdigit", kString},
    {"isalpha", kString},     {"isupper", kString},
    {"islower", kString},     {"join", kString},
    {"rfind", kString},       {"find", kString},
    {"toUpperCase", kString}, {"toLowerCase", kString},
    {"trim", kString},        {"charAt", kString},
    {"charCodeAt", kString},  {"substring", kString},
    {"padStart", kString},    {"startsWith", kString},
    {"endsWith", kString},
});

template <std::size_t N>
Types look_up(const std::array<Returned, N>& table, std::string_view name) {
    const auto entry = std::find_if(table.begin(), table.end(), [&](const Returned& e) { return e.name == name; });
    return entry != table.end() ? entry->types : 0;
}

}  // namespace

Types returned_type(std::string_view callee) { return look_up(kReturned, callee); }

Types receiver_type(std::string_view method) { return look_up(kReceiver, method); }

Types annotated_type(std::string_view annotation) {
    Types out = 0;
    const auto has = [&](std::string_view word) { return annotation.find(word) != std::string_view::npos; };
    if (has("List") || has("list") || has("Tuple") || has("tuple") || has("Sequence") || has("Iterable") || has("[]") ||
        has("Array"))
        return kSequence;
    if (has("Dict") || has("dict") || has("Mapping") || has("Map<") || has("Record")) return kMapping;
    if (has("Set") || has("set")) return kSet;
    if (has("int") || has("float") || has("number")) out |= kNumber;
    if (has("str")) out |= kString;
    if (has("bool")) out |= kBool;
    return out;
}

bool compatible(Types a, Types b) { return a == 0 || b == 0 || (a & b) != 0; }

double fitness(Types wanted, Types offered) {
    if (wanted == 0 && offered == 0) return 0.6;
    if (wanted == 0 || offered == 0) return 0.5;
    return (wanted & offered) != 0 ? 1.0 : 0.0;
}

void Scope::hint(Id expression, Types types) {
    if (view_.kind(expression) != Kind::identifier || types == 0) return;
    for (Variable& variable : variables_) {
        if (variable.name != view_.text(expression)) continue;
        if (variable.region != 0 && !view_.inside(expression, variable.region)) continue;
        if (variable.types == 0 || (variable.types & types) != 0) variable.types |= types;
        return;
    }
}

void Scope::infer() {
    const Id root = function_;
    for (Variable& variable : variables_) variable.uses = 0;
    for (Id id = root; id < view_.node(root).next; ++id) {
        switch (view_.kind(id)) {
            case Kind::identifier:
                for (Variable& variable : variables_)
                    if (variable.name == view_.text(id)) ++variable.uses;
                break;
            case Kind::binary: {
                const std::string op = view_.op(id);
                if (op == "-" || op == "//" || op == "**" || op == "/" || op == "<<" || op == ">>") {
                    hint(view_.left(id), kNumber);
                    hint(view_.right(id), kNumber);
                } else if (op == "+" || op == "%") {
                    hint(view_.left(id), type_of(view_.right(id)));
                    hint(view_.right(id), type_of(view_.left(id)));
                }
                break;
            }
            case Kind::compare: {
                const std::string op = view_.op(id);
                if (op == "in" || op == "not in") {
                    hint(view_.right(id), view_.python() ? kContainer & ~kString : kMapping);
                } else {
                    hint(view_.left(id), type_of(view_.right(id)));
                    hint(view_.right(id), type_of(view_.left(id)));
                }
                break;
            }
            case Kind::assign:
                if (view_.kind(view_.field(id, "left")) == Kind::identifier)
                    hint(view_.field(id, "left"), type_of(view_.field(id, "right")));
                break;
            case Kind::update:
                hint(view_.operand(id), kNumber);
                break;
            case Kind::subscript: {
                const auto indices = view_.indices(id);
                if (indices.size() != 1) break;
                if (view_.kind(indices[0]) == Kind::slice)
                    hint(view_.object(id), kSequence | kString);
                else if (is_number(view_.kind(indices[0])))
                    hint(view_.object(id), kSequence | kString);
                else if (type_of(view_.object(id)) == kSequence)
                    hint(indices[0], kNumber);
                break;
            }
            case Kind::slice:
                for (const Id part : view_.children(id)) hint(part, kNumber);
                break;
            case Kind::for_in:
            case Kind::for_clause:
                hint(view_.field(id, "right"), kSequence | kString | kMapping | kSet);
                break;
            case Kind::call: {
                const std::string callee = view_.callee_name(id);
                const auto args = view_.args(id);
                if (callee == "range")
                    for (const Id arg : args) hint(arg, kNumber);
                if (args.size() == 1 && (callee == "sum" || callee == "sorted" || callee == "max" || callee == "min"))
                    hint(args[0], kSequence | kSet);
                if (args.size() == 1 && callee == "len") hint(args[0], kContainer);
                if (view_.kind(view_.callee(id)) == Kind::attribute)
                    hint(view_.object(view_.callee(id)), look_up(kReceiver, callee));
                else
                    hint(view_.callee(id), kCallable);
                break;
            }
            case Kind::attribute:
                if (view_.text(view_.member(id)) == "length")
                    hint(view_.object(id), kSequence | kString);
                else if (view_.kind(view_.parent(id)) != Kind::call)
                    hint(view_.object(id), kObject);
                break;
            default:
                break;
        }
    }
}

Types Scope::type_of(Id id) const {
    switch (view_.kind(id)) {
        case Kind::integer:
        case Kind::floating:
        case Kind::unary:
        case Kind::update:
            return kNumber;
        case Kind::string:
        case Kind::template_string:
            return kString;
        case Kind::true_:
        case Kind::false_:
        case Kind::compare:
        case Kind::not_:
            return kBool;
        case Kind::boolean: {
            const Types all = type_of(view_.left(id)) | type_of(view_.right(id));
            return all == 0 ? 0U : all;
        }
        case Kind::list:
            return kSequence;
        case Kind::tuple:
            return kSequence;
        case Kind::dict:
            return kMapping;
        case Kind::set:
            return kSet;
        case Kind::comprehension: {
            const std::string_view text = view_.text(id);
            if (!text.starts_with('{')) return kSequence;
            return view_.kind(view_.field(id, "body")) == Kind::pair ? kMapping : kSet;
        }
        case Kind::paren:
            return type_of(view_.only_child(id));
        case Kind::await:
            return 0;
        case Kind::lambda:
            return kCallable;
        case Kind::identifier: {
            const Variable* variable = nullptr;
            for (const Variable& v : variables_)
                if (v.name == view_.text(id) && (v.region == 0 || view_.inside(id, v.region))) {
                    variable = &v;
                    break;
                }
            return variable != nullptr ? variable->types : 0;
        }
        case Kind::binary: {
            const std::string op = view_.op(id);
            if (op == "+" || op == "*") {
                const Types a = type_of(view_.left(id));
                const Types b = type_of(view_.right(id));
                if (op == "*" && ((a | b) & (kString | kSequence)) != 0) return (a | b) & (kString | kSequence);
                return a != 0 ? a : b;
            }
            if (op == "%" && type_of(view_.left(id)) == kString) return kString;
            if (op == "-" || op == "|" || op == "&" || op == "^") {
                const Types a = type_of(view_.left(id)) | type_of(view_.right(id));
                return (a & kSet) != 0 ? kSet : kNumber;
            }
            return kNumber;
        }
        case Kind::conditional: {
            const auto parts = view_.children(id);
            if (parts.size() != 3) return 0;
            return view_.python() ? type_of(parts[0]) : type_of(parts[1]);
        }
        case Kind::call:
        case Kind::new_: {
            const std::string callee = view_.callee_name(id);
            const auto args = view_.args(id);
            if ((callee == "min" || callee == "max") && args.size() > 1) return type_of(args[0]) | type_of(args[1]);
            return look_up(kReturned, callee);
        }
        case Kind::subscript: {
            const auto indices = view_.indices(id);
            const Types whole = type_of(view_.object(id));
            if (indices.size() == 1 && view_.kind(indices[0]) == Kind::slice) return whole & (kString | kSequence);
            return whole == kString ? kString : 0;
        }
        case Kind::attribute:
            return view_.text(view_.member(id)) == "length" ? kNumber : 0;
        default:
            return 0;
    }
}

}  // namespace ec::repair::mutation
