// Operators that put in what is missing: accumulation, first values, returns, other cases.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "mutation/conditions.hpp"
#include "mutation/families.hpp"
#include "mutation/statements.hpp"

namespace ec::repair::mutation {

namespace {

constexpr std::size_t kMostGathered = 30;

/// Names put into a collection: what was bound last comes first.
std::vector<std::string> gatherable(const Site& site, const Variable& container) {
    const View& view = site.view;
    std::vector<std::string> out;
    const auto add = [&](const std::string& name) {
        if (name != container.name && std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
    };
    // What is looked for in it belongs into it.
    for (Id id = site.scope.function(); id < view.next(site.scope.function()); ++id) {
        if (view.kind(id) != Kind::compare || !view.op(id).ends_with("in")) continue;
        if (view.text(view.right(id)) == container.name && site.scope.usable(view.left(id), site.statement))
            add(view.str(view.left(id)));
    }
    auto names = locals(site);
    std::stable_sort(names.begin(), names.end(),
                     [](const Variable* a, const Variable* b) { return a->from > b->from; });
    for (const Variable* variable : names)
        if (out.size() < 5) add(variable->name);
    // What goes into a collection elsewhere in the function.
    for (const Id id : site.local.statements) {
        const Id call = view.kind(id) == Kind::expression_statement ? view.only_child(id) : kNone;
        if (view.kind(call) != Kind::call || view.kind(view.callee(call)) != Kind::attribute) continue;
        const auto args = view.args(call);
        if (args.size() != 1 || !is_expression(view.kind(args[0])) || !portable(view, args[0]) || out.size() >= 8)
            continue;
        if (site.scope.usable(args[0], site.statement)) add(view.str(args[0]));
    }
    std::size_t borrowed = 0;
    for (const Id expression : site.local.expressions)
        if (view.kind(expression) == Kind::subscript && view.readable(expression) &&
            site.scope.usable(expression, site.statement) && ++borrowed <= 3)
            add(view.str(expression));
    borrowed = 0;
    for (const std::string& text : site.local.strings)
        if (++borrowed <= 3) add(text);
    if (view.kind(site.statement) != Kind::pass) return out;
    // Where something is missing for sure, more is worth trying: elements, ends and calls.
    for (const Variable* variable : locals(site)) {
        if (variable->loop) {
            add(view.python() ? fmt::format("int({})", variable->name) : fmt::format("Number({})", variable->name));
            const std::string element = element_of_index(site, variable->name, site.statement);
            if (!element.empty()) add(element);
        }
        if ((variable->types & kSequence) == 0) continue;
        add(variable->name + "[-1]");
        add(variable->name + "[0]");
    }
    for (const Variable* variable : locals(site)) add(variable->name);
    for (const Id expression : site.local.expressions)
        if (out.size() < kMostGathered && site.scope.usable(expression, site.statement)) add(view.str(expression));
    return out;
}

}  // namespace

void insert_accumulation(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (!insertable(view, site.statement) || site.scope.function() == 0) return;
    const Kind kind = view.kind(site.statement);
    if (kind == Kind::function || kind == Kind::class_) return;
    std::size_t containers = 0;
    for (const Variable* variable : site.scope.visible(site.statement)) {
        const Types types = variable->types;
        if ((types & (kSequence | kSet | kMapping)) == 0 || types == kContainer ||
            (variable->loop && variable->types != kSet))
            continue;
        // An enclosing function's collection counts when this function asks for membership in it.
        if (variable->outer && (variable->region == 0 || !read_in(view, variable->name, site.scope.function())))
            continue;
        if (variable->parameter && (types & kString) != 0) {
            // Perhaps a list after all, and lists that are handed in may have to be put in order.
            if (view.python() && (types & kSequence) != 0)
                insert_around(site, sink, Op::insert_accumulation, variable->name + ".sort()", 0.3,
                              fmt::format("{} must be in order", quoted(variable->name)));
            continue;
        }
        if (++containers > 4) break;
        const double local = variable->parameter ? 0.5 : 1;
        double weight = local;
        for (const std::string& name : gatherable(site, *variable)) {
            const std::string why = fmt::format("{} is never put into {}", quoted(name), quoted(variable->name));
            if ((types & kSet) != 0)
                insert_around(site, sink, Op::insert_accumulation, fmt::format("{}.add({})", variable->name, name),
                              weight, why);
            if ((types & kSequence) != 0)
                insert_around(site, sink, Op::insert_accumulation,
                              fmt::format("{}.{}({})", variable->name, view.python() ? "append" : "push", name), weight,
                              why);
            if ((types & kMapping) != 0 && !view.python() && (types & kSet) == 0) {
                insert_around(site, sink, Op::insert_accumulation, fmt::format("{}[{}] = true", variable->name, name),
                              weight * 0.4, why);
            }
            if ((types & kMapping) != 0) {
                std::size_t values = 0;
                for (const std::string& value : gatherable(site, *variable))
                    if (value != name && ++values <= 3)
                        insert_around(site, sink, Op::insert_accumulation,
                                      fmt::format("{}[{}] = {}", variable->name, name, value), weight * 0.5, why);
                insert_around(site, sink, Op::insert_accumulation, fmt::format("{}[{}] = 1", variable->name, name),
                              weight * 0.3, why);
                insert_around(site, sink, Op::insert_accumulation, fmt::format("{}[{}] += 1", variable->name, name),
                              weight * 0.3, why);
            }
            weight = std::max(0.3 * local, weight - 0.2);
        }
        if ((types & kSequence) != 0 && view.python()) {
            if (!variable->parameter || view.loop_of(site.statement) == kNone) {
                insert_around(site, sink, Op::insert_accumulation, variable->name + ".reverse()", 0.2,
                              fmt::format("{} must be reversed", quoted(variable->name)));
            }
            for (const Variable* index : locals(site))
                if (index->loop && compatible(index->types, kNumber))
                    insert_around(site, sink, Op::insert_accumulation,
                                  fmt::format("{}[{}] += 1", variable->name, index->name), 0.3,
                                  fmt::format("{} is not counted in {}", quoted(index->name), quoted(variable->name)));
            if (view.loop_of(site.statement) != kNone && !variable->parameter)
                insert_around(site, sink, Op::insert_accumulation,
                              fmt::format("{0}.append({0}[-1] + {0}[-2])", variable->name), 0.3,
                              fmt::format("{} must grow by the sum of its last two", quoted(variable->name)));
            insert_around(site, sink, Op::insert_accumulation, variable->name + ".pop()", 0.3,
                          fmt::format("the last of {} must be taken off", quoted(variable->name)));
            insert_around(site, sink, Op::insert_accumulation, variable->name + ".sort()", 0.25,
                          fmt::format("{} must be in order", quoted(variable->name)));
        }
        if (view.loop_of(site.statement) != kNone && !variable->parameter && !variable->outer &&
            variable->bound_in_loop == kNone)
            insert_around(site, sink, Op::insert_initialisation,
                          fmt::format("{} = {}", variable->name,
                                      (types & kMapping) != 0 ? "{}"
                                      : (types & kSet) != 0   ? (view.python() ? "set()" : "new Set()")
                                                              : "[]"),
                          0.4, fmt::format("{} must start anew in each round", quoted(variable->name)));
    }
    if (view.loop_of(site.statement) == kNone) return;
    std::size_t resets = 0;
    for (const Variable* variable : locals(site)) {
        if (variable->parameter || variable->loop || (variable->types & (kNumber | kString | kBool)) == 0 ||
            ++resets > 4)
            continue;
        const bool python = view.python();
        const std::string zero = (variable->types & kNumber) != 0   ? "0"
                                 : (variable->types & kString) != 0 ? "''"
                                 : python                           ? "False"
                                                                    : "false";
        insert_around(site, sink, Op::insert_initialisation, fmt::format("{} = {}", variable->name, zero), 0.4,
                      fmt::format("{} must start anew", quoted(variable->name)));
        if ((variable->types & kNumber) != 0)
            insert_around(site, sink, Op::insert_initialisation, variable->name + " = 1", 0.25,
                          fmt::format("{} must start anew", quoted(variable->name)));
        if ((variable->types & kBool) != 0)
            insert_around(site, sink, Op::insert_initialisation, variable->name + (python ? " = True" : " = true"), 0.4,
                          fmt::format("{} must be set", quoted(variable->name)));
    }
}

namespace {

/// Names that the function changes or reads but nothing binds: their first value was lost.
void initialise_unbound(const Site& site, Sink& sink) {
    const View& view = site.view;
    std::set<std::string> names;
    const Id function = site.scope.function();
    for (Id id = function; id < view.next(function); ++id) {
        Id name = kNone;
        if (view.kind(id) == Kind::aug_assign) name = view.left(id);
        if (view.kind(id) == Kind::update) name = view.operand(id);
        if (view.kind(id) == Kind::attribute && view.kind(view.parent(id)) == Kind::call) name = view.object(id);
        if (view.kind(id) == Kind::return_) name = view.only_child(id);
        if (view.kind(id) == Kind::subscript && !view.readable(id)) name = view.object(id);
        if (view.kind(id) == Kind::compare) name = view.left(id);
        while (view.kind(name) == Kind::subscript) name = view.object(name);
        if (view.kind(name) != Kind::identifier) continue;
        const std::string text = view.str(name);
        if (site.scope.find(text) != nullptr || text == "self" || text == "cls" ||
            (!text.empty() && std::isupper(static_cast<unsigned char>(text[0])) != 0))
            continue;
        if (std::any_of(site.facts.callables.begin(), site.facts.callables.end(),
                        [&](const Callable& c) { return c.name == text; }))
            continue;
        // Imported or defined by the module in a way the scope does not follow.
        if (view.source().find("import " + text) != std::string::npos ||
            view.source().find(" as " + text) != std::string::npos ||
            view.source().find("class " + text) != std::string::npos)
            continue;
        names.insert(text);
    }
    // Bound only inside this statement, but read before that or behind it.
    if (view.compound(site.statement) && view.kind(site.statement) != Kind::function) {
        for (const Variable& variable : site.scope.variables()) {
            if (variable.parameter || variable.loop || variable.outer || variable.region != function ||
                (variable.types & kCallable) != 0)
                continue;
            if (variable.from < view.begin(site.statement) || variable.from > view.end(site.statement)) continue;
            for (Id id = site.statement; id < view.next(function); ++id) {
                if (view.kind(id) != Kind::identifier || !view.readable(id) || view.text(id) != variable.name) continue;
                if (view.begin(id) < variable.from || view.begin(id) > view.end(site.statement))
                    names.insert(variable.name);
            }
        }
    }
    std::size_t offered = 0;
    for (const std::string& name : names) {
        if (++offered > 4) break;
        for (const Variable* variable : locals(site))
            if (variable->parameter && (variable->types & kContainer) != 0) {
                const std::string length = view.python() ? "len(" + variable->name + ")" : variable->name + ".length";
                sink.insert_before(Op::insert_initialisation, site.statement,
                                   {simple(view, fmt::format("{}{} = {}", view.python() ? "" : "let ", name, length))},
                                   {0.5, fmt::format("{} has no value to begin with", quoted(name))});
            }
        for (const char* value :
             {"0", "[]", "1", "''", "None", "{}", "set()", "True", "False", "-1", "float('inf')", "float('-inf')"}) {
            std::string spelled = value;
            if (!view.python()) {
                if (spelled == "None") spelled = "null";
                if (spelled == "set()") spelled = "new Set()";
                if (spelled == "True") spelled = "true";
                if (spelled == "False") spelled = "false";
                if (spelled == "float('inf')") spelled = "Infinity";
                if (spelled == "float('-inf')") spelled = "-Infinity";
            }
            const std::string line = fmt::format("{}{} = {}", view.python() ? "" : "let ", name, spelled);
            sink.insert_before(Op::insert_initialisation, site.statement, {simple(view, line)},
                               {1, fmt::format("{} has no value to begin with", quoted(name))});
        }
        for (const Variable* variable : locals(site))
            if (variable->parameter)
                sink.insert_before(
                    Op::insert_initialisation, site.statement,
                    {simple(view, fmt::format("{}{} = {}", view.python() ? "" : "let ", name, variable->name))},
                    {0.6, fmt::format("{} has no value to begin with", quoted(name))});
    }
}

}  // namespace

/// return x at the end of a function or of a branch; the first value of a name.
void insert_return(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (!insertable(view, site.statement) || site.scope.function() == 0) return;
    const Kind kind = view.kind(site.statement);
    if (kind == Kind::class_) return;
    if (first_of_function(site) || view.compound(site.statement)) initialise_unbound(site, sink);
    if (!last_in_block(view, site.statement) || jump(view, site.statement)) return;
    const Id function = site.scope.function();
    if (view.kind(view.name(function)) != Kind::other && view.text(view.name(function)) == "__init__") return;
    const bool ends_function = view.parent(view.parent(site.statement)) == function;
    bool returns = false;
    for (const Id other : site.local.statements)
        returns |= view.kind(other) == Kind::return_ && view.only_child(other) != kNone;
    const double weight = ends_function ? 1 : returns ? 0.5 : 0.35;
    const auto offer = [&](const std::string& value, double fits) {
        sink.insert_after(
            Op::return_missing, site.statement, {simple(view, "return " + value)},
            {weight * fits,
             ends_function ? fmt::format("the function ends without its result {}", quoted(value))
                           : fmt::format("the result {} is known here and not handed back", quoted(value)),
             !ends_function});
    };
    std::size_t offered = 0;
    auto names = locals(site);
    std::stable_sort(names.begin(), names.end(),
                     [](const Variable* a, const Variable* b) { return a->parameter < b->parameter; });
    for (const Variable* variable : names)
        if (++offered <= 8) offer(variable->name, variable->parameter ? 0.5 : variable->loop ? 0.5 : 1);
    offered = 0;
    for (const Fragment& value : return_values(site))
        if (++offered <= 5) offer(value.text, 0.7);
}

/// The other case of an if is not handled.
void insert_else(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (view.kind(site.statement) != Kind::if_ || !insertable(view, site.statement) ||
        !view.last_on_line(site.statement))
        return;
    if (site.scope.function() == 0) return;
    for (Id child = site.statement + 1; child < view.next(site.statement); child = view.next(child))
        if (view.kind(child) == Kind::else_) return;
    if (!view.python() && !view.text(site.statement).ends_with('}')) return;
    const bool in_loop = view.loop_of(site.statement) != kNone;
    const auto offer = [&](const std::string& step, double weight) {
        const std::string why = fmt::format("the other case is missing: it must {}", quoted(step));
        if (view.python())
            sink.insert_after(Op::insert_else, site.statement, {"else:", "\t" + step}, {weight, why});
        else
            sink.insert_after(Op::insert_else, site.statement, {"else {", "\t" + simple(view, step), "}"},
                              {weight, why});
    };
    const auto inner = view.statements(view.body(site.statement));
    const bool leaves = !inner.empty() && jump(view, inner.back());
    if (in_loop) offer("break", 0.6);
    std::size_t rank = 0;
    if (!leaves)
        for (const Fragment& value : return_values(site))
            if (++rank <= 3) offer("return " + value.text, 0.4);
    // The step of this case with one name or number exchanged, and its opposite.
    if (inner.size() != 1 || view.kind(inner[0]) != Kind::expression_statement || !portable(view, inner[0])) return;
    const Id step = view.only_child(inner[0]);
    const Kind kind = view.kind(step);
    const std::string text = view.str(step);
    if (kind == Kind::aug_assign || kind == Kind::assign) {
        const Id target = view.left(step);
        for (const char* op : {"+= 1", "-= 1", "= 0", "= 1"}) offer(fmt::format("{} {}", view.text(target), op), 0.5);
        const std::string op = kind == Kind::aug_assign ? view.op(step) : "=";
        const Id value = view.field(step, "right");
        for (const Variable* variable : locals(site)) {
            if (variable->name == view.text(target)) continue;
            offer(fmt::format("{} {} {}", view.text(target), op, variable->name), variable->loop ? 0.9 : 0.4);
            // The same value kept in another variable.
            if (!variable->loop && value != kNone && !variable->parameter &&
                compatible(variable->types, site.scope.type_of(target)))
                offer(fmt::format("{} {} {}", variable->name, op, view.text(value)), 0.8);
        }
    }
    if (kind == Kind::call && view.kind(view.callee(step)) == Kind::attribute && view.args(step).size() == 1) {
        const Id callee = view.callee(step);
        const Types types = site.scope.type_of(view.object(callee));
        for (const Variable* variable : locals(site)) {
            offer(fmt::format("{}({})", view.text(callee), variable->name), variable->loop ? 0.9 : 0.4);
            // The same thing put into another collection.
            if (!variable->loop && variable->types != 0 && (variable->types & types) != 0 &&
                variable->name != view.text(view.object(callee)))
                offer(fmt::format("{}.{}({})", variable->name, view.text(view.member(callee)),
                                  view.text(view.args(step).front())),
                      0.9);
        }
    }
    for (const Variable* variable : locals(site))
        if ((variable->types & kNumber) != 0 && !variable->loop && !variable->parameter)
            offer(counted(view, variable->name, 1), 0.4);
}

}  // namespace ec::repair::mutation
