// Operators on calls: arguments, callees, methods, keyword arguments, await.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ec/core/text.hpp>
#include <set>

#include "mutation/families.hpp"

namespace ec::repair::mutation {

namespace {

/// Functions that are taken for one another, each group in the order of likelihood.
struct Group {
    std::string_view names;  // separated by blanks
};

constexpr auto kFunctions = std::to_array<std::string_view>({
    "min max sum len",
    "any all",
    "sorted reversed list",
    "int round float math.floor math.ceil",
    "str repr",
    "list set tuple sorted",
    "ord chr",
    "upper lower",
    "zip product combinations permutations",
    "abs int",
    "defaultdict dict",
    "sum len max any",
    "dict set list",
    "range enumerate",
    "str int",
    "isinstance issubclass",
    "math.floor math.ceil",
    "math.sqrt math.log",
    "deque list",
    "all any sum",
    "heappush heappop",
    "bisect_left bisect_right bisect",
    "filter map",
    "lru_cache cache",
    "max min abs",
    "parseInt Number parseFloat",
    "String Number",
    "permutations combinations",
    "len max",
    "sum max",
    "set sorted",
});

constexpr auto kMethods = std::to_array<std::string_view>({
    // Python
    "append extend add insert",
    "pop popleft popitem",
    "appendleft append",
    "popleft pop",
    "startswith endswith",
    "lower upper title capitalize swapcase",
    "strip lstrip rstrip",
    "find rfind index count",
    "index rindex find",
    "keys values items",
    "remove discard pop",
    "union intersection difference symmetric_difference",
    "issubset issuperset isdisjoint",
    "isdigit isalpha isalnum isnumeric isdecimal",
    "isupper islower",
    "split splitlines rsplit partition",
    "replace strip",
    "ljust rjust center zfill",
    "split join",
    "get setdefault pop",
    "update setdefault",
    "sort reverse",
    "extend append update",
    "count index find",
    "add append update discard",
    "partition rpartition",
    "removeprefix removesuffix",
    "acquire release",
    "read readline readlines",
    "isspace isalnum",
    // JavaScript
    "push unshift concat pop",
    "pop shift",
    "shift pop",
    "unshift push",
    "slice splice substring",
    "indexOf lastIndexOf includes search findIndex",
    "includes indexOf startsWith endsWith",
    "some every find",
    "map filter forEach flatMap",
    "filter find map some",
    "find findIndex filter findLast",
    "findIndex indexOf findLastIndex",
    "keys values entries",
    "toUpperCase toLowerCase",
    "trim trimStart trimEnd",
    "startsWith endsWith includes",
    "charAt charCodeAt at",
    "padStart padEnd",
    "replace replaceAll",
    "reduce reduceRight",
    "has get delete",
    "set get",
    "add delete has",
    "floor ceil round trunc",
    "min max",
    "sqrt cbrt",
    "log log2 log10",
    "flat flatMap",
    "concat push join",
    "test exec",
    "match matchAll",
    "resolve reject all",
    "then catch finally",
    "forEach map",
    "sort reverse",
    "toFixed toPrecision",
    "every some filter",
    "abs sign",
    "isInteger isFinite isNaN",
});

template <class Table>
std::vector<std::string_view> partners(const Table& table, std::string_view name) {
    std::vector<std::string_view> out;
    for (const std::string_view group : table) {
        const auto names = split(group, ' ');
        if (std::find(names.begin(), names.end(), name) == names.end()) continue;
        for (const std::string_view other : names)
            if (other != name && std::find(out.begin(), out.end(), other) == out.end()) out.push_back(other);
    }
    return out;
}

bool plain(const View& view, Id arg) { return is_expression(view.kind(arg)) && portable(view, arg); }

/// Members of the list between the parentheses, joined anew without item `drop` and with `add` at the end.
std::string arguments_without(const View& view, const std::vector<Id>& args, std::size_t drop) {
    std::string out = "(";
    for (std::size_t i = 0; i < args.size(); ++i) {
        if (i == drop) continue;
        if (out.size() > 1) out += ", ";
        out += view.text(args[i]);
    }
    return out + ")";
}

void swap_arguments(const Site& site, Sink& sink, const std::vector<Id>& args) {
    const View& view = site.view;
    const std::string whole = view.str(site.node);
    for (std::size_t i = 0; i < args.size() && i < 4; ++i) {
        for (std::size_t k = i + 1; k < args.size() && k < 4; ++k) {
            if (!plain(view, args[i]) || !plain(view, args[k])) continue;
            const std::string between =
                view.source().substr(view.end(args[i]), view.begin(args[k]) - view.end(args[i]));
            const bool alike = compatible(site.scope.type_of(args[i]), site.scope.type_of(args[k]));
            sink.edit(Op::argument_swap, view.begin(args[i]), view.end(args[k]),
                      view.str(args[k]) + between + view.str(args[i]),
                      {(k == i + 1 ? 1.0 : 0.5) * (alike ? 1.0 : 0.6),
                       fmt::format("the arguments of {} were in the wrong order", quoted(whole))});
        }
    }
}

void replace_arguments(const Site& site, Sink& sink, const std::vector<Id>& args) {
    const View& view = site.view;
    const std::string whole = view.str(site.node);
    const bool recursive =
        site.scope.function() != 0 && view.callee_name(site.node) == view.text(view.name(site.scope.function()));
    std::size_t index = 0;
    for (const Id arg : args) {
        if (++index > 4 || !plain(view, arg)) continue;
        const Kind kind = view.kind(arg);
        const Types types = site.scope.type_of(arg);
        if (kind == Kind::identifier || kind == Kind::lambda) continue;  // replace_name's
        std::size_t offered = 0;
        for (const Variable* variable : site.scope.visible(site.node)) {
            const double weight = fitness(types, variable->types);
            if (weight == 0 || ++offered > 8) continue;
            sink.replace(Op::argument_replace, arg, variable->name, kAtom,
                         {weight * (variable->outer ? 0.4 : 0.7),
                          fmt::format("{} takes {}, not {}", quoted(view.text(view.callee(site.node))),
                                      quoted(variable->name), quoted(view.text(arg)))});
        }
    }
    // Recursion and helpers: an argument less or more another quantity in scope.
    index = 0;
    for (const Id arg : args) {
        if (++index > 3 || view.kind(arg) != Kind::identifier) continue;
        const Types types = site.scope.type_of(arg);
        if (types != 0 && (types & kNumber) == 0) continue;
        std::size_t offered = 0;
        for (const Variable* variable : site.scope.visible(site.node)) {
            if (variable->outer || variable->name == view.text(arg) || (variable->types & kNumber) == 0 ||
                ++offered > 5)
                continue;
            for (const char* sign : {"-", "+"})
                sink.replace(Op::arithmetic_extend, arg, fmt::format("{} {} {}", view.text(arg), sign, variable->name),
                             10,
                             {recursive ? 1.0 : 0.5,
                              fmt::format("{} must be offset by {}", quoted(view.text(arg)), quoted(variable->name))});
        }
        if (recursive && view.python()) {
            sink.replace(Op::arithmetic_extend, arg, view.str(arg) + " // 2", 11,
                         {0.5, fmt::format("half of {} is meant", quoted(view.text(arg)))});
        }
    }
}

void add_or_drop_arguments(const Site& site, Sink& sink, const std::vector<Id>& args) {
    const View& view = site.view;
    const Id list = view.field(site.node, "arguments");
    const std::string whole = view.str(site.node);
    for (std::size_t i = 0; i < args.size() && args.size() > 1 && args.size() <= 5; ++i) {
        if (!portable(view, site.node)) break;
        sink.edit(Op::argument_drop, view.begin(list), view.end(list), arguments_without(view, args, i),
                  {0.8, fmt::format("{} must not be passed in {}", quoted(view.text(args[i])), quoted(whole))});
    }
    const std::string name = view.callee_name(site.node);
    // Only where one argument more can be taken: a known function, or a method with an optional one.
    std::size_t room = 0;
    for (const Callable& callable : site.facts.callables)
        if (callable.name == name && callable.most > args.size()) room = 1;
    static const std::set<std::string_view> kOptional = {
        "max",   "min",       "round", "int",    "sum",      "pow",        "zip",      "range",   "get",   "pop",
        "split", "join",      "strip", "sorted", "Math.max", "Math.min",   "slice",    "indexOf", "push",  "append",
        "print", "enumerate", "find",  "count",  "index",    "startswith", "endswith", "reduce",  "insert"};
    if (room == 0 && !kOptional.contains(name)) return;
    if (args.size() > 3 || !portable(view, site.node)) return;
    for (const Id arg : args)
        if (view.kind(arg) == Kind::comprehension && view.begin(arg) == view.begin(list)) return;
    if (view.kind(list) != Kind::arguments) return;
    if (!args.empty() && !is_expression(view.kind(args.back()))) return;
    const std::string before = args.empty() ? "" : ", ";
    const std::uint32_t at = view.end(list) - 1;
    if (!args.empty() &&
        view.source().substr(view.end(args.back()), at - view.end(args.back())).find(',') != std::string::npos)
        return;
    const auto offer = [&](const std::string& text, double weight) {
        sink.edit(Op::argument_add, at, at, before + text,
                  {weight, fmt::format("{} is missing the argument {}", quoted(whole), quoted(text))});
    };
    std::size_t offered = 0;
    for (const Variable* variable : site.scope.visible(site.node)) {
        if (variable->outer || ++offered > 8) continue;
        offer(variable->name, 0.8);
        if (room == 1 && (variable->types & kNumber) != 0) {
            offer(variable->name + " + 1", 0.4);
            offer(variable->name + " - 1", 0.4);
        }
    }
    for (const char* constant : {"0", "1"})
        offer(constant, name == "pop" || name == "round" || name == "get" || name == "enumerate" ? 1.0 : 0.4);
    if (view.python()) {
        offer("None", 0.2);
        if (name == "get") offer("[]", 0.5);
        if (name == "split") offer("' '", 0.5);
        if (name == "int") offer("2", 0.4);
        if (name == "max" || name == "min") offer("default=0", 0.5);
    }
    if (name == "pop" && args.empty()) offer(view.python() ? "-1" : "0", 0.3);
}

}  // namespace

void change_arguments(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (view.kind(site.node) != Kind::call && view.kind(site.node) != Kind::new_) return;
    const auto args = view.args(site.node);
    swap_arguments(site, sink, args);
    replace_arguments(site, sink, args);
    add_or_drop_arguments(site, sink, args);
}

void replace_callee(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (view.kind(site.node) != Kind::call) return;
    const Id callee = view.callee(site.node);
    const std::string text = view.str(callee);
    const std::size_t count = view.args(site.node).size();
    std::size_t offered = 0;
    const auto offer = [&](std::string_view other, double weight) {
        if (other == text || ++offered > 16) return;
        sink.edit(Op::callee_replace, view.begin(callee), view.end(callee), std::string(other),
                  {weight, fmt::format("the wrong function was called: {} should be {}", quoted(text), quoted(other))});
    };
    const bool attribute = view.kind(callee) == Kind::attribute;
    if (attribute && text.starts_with("math.") && view.python()) {
        const auto others = partners(kFunctions, text);
        for (const std::string_view other : others) offer(other, 1);
        offer("int", 0.4);
        return;
    }
    if (attribute && text.starts_with("Math.")) return;  // replace_method's
    if (view.kind(callee) != Kind::identifier &&
        !(attribute && (text.starts_with("self.") || text.starts_with("this."))))
        return;
    double weight = 1;
    for (const std::string_view other : partners(kFunctions, text)) {
        if (other.find('.') != std::string_view::npos && view.source().find("import math") == std::string::npos)
            continue;
        if (text.find('.') != std::string::npos) continue;
        const bool python_name = other != "parseInt" && other != "Number" && other != "parseFloat" && other != "String";
        if (view.python() != python_name) continue;
        offer(other, weight);
        weight = std::max(0.4, weight - 0.15);
    }
    for (const Callable& callable : site.facts.callables) {
        if (count < callable.least || count > callable.most || callable.name.starts_with("__")) continue;
        if (attribute != callable.method) continue;
        const bool starts_test = callable.name.starts_with("test");
        if (starts_test) continue;
        offer(attribute ? text.substr(0, text.find('.') + 1) + callable.name : callable.name, 0.5);
    }
    for (const std::string& name : site.request.project_callables)
        if (!attribute) offer(name, view.source().find(name) != std::string::npos ? 0.4 : 0.0001);
}

void replace_method(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (view.kind(site.node) != Kind::call) return;
    const Id callee = view.callee(site.node);
    if (view.kind(callee) != Kind::attribute) return;
    const Id member = view.member(callee);
    const std::string text = view.str(member);
    const std::string object = view.str(view.object(callee));
    const std::string whole = view.str(site.node);
    double weight = 1;
    std::size_t offered = 0;
    for (const std::string_view other : partners(kMethods, text)) {
        if (++offered > 8) break;
        sink.edit(Op::method_replace, view.begin(member), view.end(member), std::string(other),
                  {weight, fmt::format("the wrong method was called: {} should be `.{}`", quoted("." + text), other)});
        weight = std::max(0.3, weight - 0.12);
    }
    for (const std::string& other : site.facts.methods) {
        if (other == text || ++offered > 14) continue;
        sink.edit(Op::method_replace, view.begin(member), view.end(member), other,
                  {0.2, fmt::format("the wrong method was called: {} should be `.{}`", quoted("." + text), other)});
    }
    const auto args = view.args(site.node);
    const Id list = view.field(site.node, "arguments");
    if (text == "pop" && args.size() == 1)
        sink.edit(Op::argument_drop, view.begin(list), view.end(list), "()",
                  {1, fmt::format("the last element must be taken in {}", quoted(whole))});
    if (text == "append" && args.size() == 1 && view.python())
        sink.edit(Op::method_replace, view.begin(member), view.end(list),
                  fmt::format("insert(0, {})", view.text(args[0])),
                  {0.5, fmt::format("{} belongs to the front", quoted(view.text(args[0])))});
    if (text == "insert" && args.size() == 2)
        sink.edit(Op::method_replace, view.begin(member), view.end(list), fmt::format("append({})", view.text(args[1])),
                  {0.6, fmt::format("{} belongs to the end", quoted(view.text(args[1])))});
    // `xs.append(x)` and `xs.extend(x)` differ by one pair of brackets.
    if ((text == "append" || text == "push") && args.size() == 1 && plain(view, args[0])) {
        sink.edit(Op::wrap_call, view.begin(args[0]), view.end(args[0]), "[" + view.str(args[0]) + "]",
                  {0.5, fmt::format("a list of {} belongs there", quoted(view.text(args[0])))});
        if (view.kind(args[0]) == Kind::identifier)
            sink.edit(Op::wrap_call, view.begin(args[0]), view.end(args[0]),
                      view.python() ? view.str(args[0]) + "[:]" : "[..." + view.str(args[0]) + "]",
                      {site.scope.type_of(args[0]) == kSequence ? 1.0 : 0.4,
                       fmt::format("a copy of {} belongs there, for it changes later", quoted(view.text(args[0])))});
    }
    // Division by hand: Math.floor(x) -> x is unwrap_value's; x.f() -> x.f is a forgotten call the other way round.
    if (args.empty() && view.kind(view.parent(site.node)) != Kind::expression_statement)
        sink.edit(Op::unwrap_call, view.begin(list), view.end(list), "",
                  {0.15, fmt::format("{} is a value, not a call", quoted(view.text(callee)))});
}

void change_keyword(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (!view.python() || view.kind(site.node) != Kind::call) return;
    const std::string name = view.callee_name(site.node);
    const auto args = view.args(site.node);
    const Id list = view.field(site.node, "arguments");
    if (view.kind(list) != Kind::arguments || !portable(view, site.node)) return;
    bool has_reverse = false;
    bool has_key = false;
    for (std::size_t i = 0; i < args.size(); ++i) {
        if (view.kind(args[i]) != Kind::keyword_argument) continue;
        has_reverse |= view.text(args[i]).starts_with("reverse");
        has_key |= view.text(args[i]).starts_with("key");
        sink.edit(
            Op::keyword_change, view.begin(list), view.end(list), arguments_without(view, args, i),
            {1, fmt::format("{} does not belong into {}", quoted(view.text(args[i])), quoted(view.text(site.node)))});
    }
    const std::uint32_t at = view.end(list) - 1;
    const std::string comma = args.empty() ? "" : ", ";
    if (!args.empty() && (view.kind(args.back()) == Kind::comprehension && !view.text(args.back()).starts_with("[")))
        return;
    if (!args.empty() &&
        view.source().substr(view.end(args.back()), at - view.end(args.back())).find(',') != std::string::npos)
        return;
    const auto offer = [&](const std::string& text, double weight) {
        sink.edit(Op::keyword_change, at, at, comma + text,
                  {weight, fmt::format("{} is missing `{}`", quoted(view.text(site.node)), text)});
    };
    const bool sorts = name == "sorted" || name == "sort";
    if (sorts && !has_reverse) offer("reverse=True", 1);
    if ((sorts || name == "max" || name == "min") && !has_key) {
        offer("key=len", 0.7);
        offer("key=lambda x: x[1]", 0.5);
        offer("key=lambda x: x[0]", 0.4);
        offer("key=lambda x: -x", 0.2);
        offer("key=abs", 0.3);
        offer("key=lambda x: (len(x), x)", 0.25);
        offer("key=str.lower", 0.2);
        if (args.size() == 1)
            for (const Variable* variable : site.scope.visible(site.node))
                if ((variable->types & kMapping) != 0) offer("key=" + variable->name + ".get", 0.5);
    }
    if (name == "enumerate" && args.size() == 1) offer("1", 0.8);
    if (name == "zip") offer("strict=True", 0.05);
}

void change_await(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (view.kind(site.node) == Kind::await) {
        const Id inner = view.operand(site.node);
        sink.replace(Op::await_change, site.node, view.str(inner), precedence(view, inner),
                     {0.5, fmt::format("{} must not be awaited here", quoted(view.text(inner)))});
        return;
    }
    if (view.kind(site.node) != Kind::call || view.kind(view.parent(site.node)) == Kind::await) return;
    const Id function = [&] {
        Id up = view.parent(site.node);
        while (up != kNone && view.kind(up) != Kind::function && view.kind(up) != Kind::lambda) up = view.parent(up);
        return up;
    }();
    if (function == kNone || view.kind(function) == Kind::module) return;
    const bool async = view.node(function + 1).kind == "async" || view.text(function).starts_with("async");
    if (!async) return;
    sink.replace(Op::await_change, site.node, "await " + view.str(site.node), 14,
                 {1, fmt::format("the result of {} must be awaited", quoted(view.text(site.node)))});
}

}  // namespace ec::repair::mutation
