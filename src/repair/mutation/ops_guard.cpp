// Guards that are missing: base cases, skipped cases, keys that may not be there.
#include <fmt/format.h>

#include <algorithm>

#include "mutation/conditions.hpp"
#include "mutation/families.hpp"
#include "mutation/statements.hpp"

namespace ec::repair::mutation {

namespace {

constexpr std::size_t kMostNames = 6;
constexpr std::size_t kMostKnown = 20;  // conditions that stand in the function already, or ask for the usual
constexpr std::size_t kMostBuilt = 60;
constexpr double kBuiltWeight = 0.6;

struct Test {
    std::string text;
    double weight;
};

/// What a guard at the start of a function asks about a parameter.
std::vector<Test> guard_tests(const Site& site, const Variable& variable) {
    const bool python = site.view.python();
    const std::string& name = variable.name;
    const std::string equal = python ? "==" : "===";
    std::vector<Test> out;
    const bool unknown = variable.types == 0;
    if (unknown || (variable.types & (kContainer | kObject)) != 0) {
        const bool array = !python && (variable.types & kSequence) != 0;
        out.push_back({python ? "not " + name : array ? name + ".length === 0" : "!" + name, 1});
        out.push_back({python ? name + " is None" : name + " == null", 0.5});
    }
    if ((variable.types & (kSequence | kString)) != 0) {
        const std::string length = python ? "len(" + name + ")" : name + ".length";
        out.push_back({length + " <= 1", 0.8});
        out.push_back({length + " " + equal + " 1", 0.5});
        out.push_back({length + " < 2", 0.3});
    }
    if (unknown || (variable.types & kNumber) != 0) {
        const double sure = unknown ? 0.5 : 1;
        out.push_back({fmt::format("{} {} 0", name, equal), sure});
        out.push_back({fmt::format("{} <= 0", name), 0.5 * sure});
        out.push_back({fmt::format("{} < 0", name), 0.8 * sure});
        out.push_back({fmt::format("{} <= 1", name), 0.8 * sure});
        out.push_back({fmt::format("{} {} 1", name, equal), 0.8 * sure});
        out.push_back({fmt::format("{} < 2", name), 0.8 * sure});
        out.push_back({fmt::format("{} {} 2", name, equal), 0.3 * sure});
    }
    return out;
}

void guard_function(const Site& site, Sink& sink) {
    const View& view = site.view;
    const auto values = return_values(site);
    std::size_t parameters = 0;
    std::vector<const Variable*> seen;
    const bool recursive = [&] {
        const std::string_view own = view.text(view.name(site.scope.function()));
        for (Id id = site.scope.function(); id < view.next(site.scope.function()); ++id)
            if (view.kind(id) == Kind::call && view.callee_name(id) == own) return true;
        return false;
    }();
    const auto offer = [&](const std::string& test, const std::string& value, double weight) {
        sink.insert_before(Op::insert_guard, site.statement, if_lines(view, test, "return " + value),
                           {weight * (recursive ? 1.3 : 1.0),
                            fmt::format("the case `{}` is not handled: it must give {}", test, quoted(value)), true});
    };
    for (const Variable* variable : locals(site)) {
        if (!variable->parameter || ++parameters > 3) continue;
        for (const Test& test : guard_tests(site, *variable)) {
            std::size_t rank = 0;
            for (const Fragment& value : values) {
                if (++rank > 6) break;
                offer(test.text, value.text, std::min(1.0, test.weight * (rank <= 2 ? 0.75 : 0.45)));
            }
            offer(test.text, variable->name, test.weight * 0.5);
            for (const Variable* other : locals(site))
                if (other->parameter && other != variable) offer(test.text, other->name, test.weight * 0.35);
        }
        for (const Variable* other : seen)
            for (const char* op : {"==", "<", ">"}) {
                const std::string spelled = op[0] == '=' && !view.python() ? "===" : op;
                std::size_t rank = 0;
                for (const Fragment& value : values)
                    if (++rank <= 3)
                        offer(fmt::format("{} {} {}", other->name, spelled, variable->name), value.text, 0.35);
            }
        if (variable->types == 0 || (variable->types & (kSequence | kMapping)) != 0) {
            const std::string fresh = (variable->types & kMapping) != 0 ? "{}" : "[]";
            sink.insert_before(Op::insert_initialisation, site.statement,
                               {simple(view, fmt::format("{} = {} {} {}", variable->name, variable->name,
                                                         view.python() ? "or" : "||", fresh))},
                               {0.3, fmt::format("{} may be missing", quoted(variable->name))});
        }
        seen.push_back(variable);
    }
}

/// `if c: continue|break|return` in front of a statement, and the statement itself put under a condition.
void guard_statement(const Site& site, Sink& sink) {
    const View& view = site.view;
    const Id loop = view.loop_of(site.statement);
    const Kind kind = view.kind(site.statement);
    std::vector<Test> tests;
    const auto add = [&](std::string text, double weight) {
        if (tests.size() < kMostKnown + kMostBuilt &&
            std::none_of(tests.begin(), tests.end(), [&](const Test& t) { return t.text == text; }))
            tests.push_back({std::move(text), weight});
    };
    const std::string equal = view.python() ? "==" : "===";
    const std::string unequal = view.python() ? "!=" : "!==";
    // best = x without the comparison that makes it the best.
    const Id stored = kind == Kind::expression_statement ? view.only_child(site.statement) : kNone;
    if (view.kind(stored) == Kind::assign && portable(view, stored) &&
        view.kind(view.left(stored)) == Kind::identifier) {
        const Id value = view.field(stored, "right");
        if (value != kNone && site.scope.is_visible(view.text(view.left(stored)), site.statement) &&
            precedence(view, value) > 5)
            for (const char* op : {">", "<"})
                add(fmt::format("{} {} {}", view.text(value), op, view.text(view.left(stored))), 0.9);
        // v = 0 without the `v < 0` that it mends.
        if (is_number(view.kind(value)) && site.scope.is_visible(view.text(view.left(stored)), site.statement))
            for (const char* op : {"<", ">"})
                add(fmt::format("{} {} {}", view.text(view.left(stored)), op, view.text(value)), 1);
    }
    std::vector<const Variable*> loops;
    for (const Variable* variable : locals(site))
        if (variable->loop && loop != kNone &&
            view.inside(variable->region == 0 ? site.statement : variable->region, 0))
            loops.push_back(variable);
    for (std::size_t i = 0; i < loops.size() && i < 3; ++i)
        for (std::size_t k = i + 1; k < loops.size() && k < 3; ++k)
            add(fmt::format("{} {} {}", loops[i]->name, unequal, loops[k]->name), 1);
    for (const Id condition : site.local.conditions) {
        if (view.kind(condition) != Kind::compare && view.kind(condition) != Kind::not_ &&
            view.kind(condition) != Kind::call)
            continue;
        if (view.inside(condition, site.statement) || !site.scope.usable(condition, site.statement)) continue;
        add(view.str(condition), 0.6);
    }
    std::size_t names = 0;
    for (const Variable* variable : locals(site)) {
        if (++names > kMostNames || tests.size() >= kMostKnown) break;
        if (variable->types == 0 || (variable->types & (kContainer | kObject | kBool)) != 0) add(variable->name, 0.5);
        if ((variable->types & kNumber) != 0) {
            add(variable->name + " < 0", 0.5);
            add(fmt::format("{} {} 0", variable->name, equal), 0.5);
            add(fmt::format("{} {} 1", variable->name, equal), 0.35);
            add(variable->name + " > 0", 0.4);
            add(fmt::format("{} {} 0", variable->name, unequal), 0.3);
        }
        // Seen before: the membership that a collecting function asks for.
        for (const Variable* container : locals(site))
            if ((container->types & (kSet | kSequence | kMapping)) != 0 && container != variable &&
                (variable->types & (kSequence | kSet | kMapping)) == 0 && variable->loop)
                add(view.python() ? fmt::format("{} not in {}", variable->name, container->name)
                    : (container->types & kSequence) != 0
                        ? fmt::format("!{}.includes({})", container->name, variable->name)
                        : fmt::format("!{}.has({})", container->name, variable->name),
                    0.7);
    }
    for (BuiltCondition& built : built_conditions(site, site.statement, kMostBuilt))
        add(std::move(built.text), built.weight * kBuiltWeight);
    const bool movable =
        kind == Kind::expression_statement || kind == Kind::return_ || kind == Kind::break_ || kind == Kind::raise;
    if (movable && insertable(view, site.statement) && view.last_on_line(site.statement)) {
        const std::string inner = reindented(view, site.statement, view.indent(site.statement) + view.indent_unit());
        for (const Test& test : tests) {
            if (inner.empty()) break;
            const std::string indent = view.indent(site.statement);
            const std::string head = view.python() ? fmt::format("{}if {}:", indent, test.text)
                                                   : fmt::format("{}if ({}) {{", indent, test.text);
            const std::string tail = view.python() ? "" : view.newline() + indent + "}";
            sink.edit(Op::insert_guard, view.line_begin(view.begin(site.statement)),
                      view.line_end(view.end(site.statement)), head + view.newline() + inner + tail,
                      {test.weight * 0.8, fmt::format("{} must happen only when {}", quoted(view.text(site.statement)),
                                                      quoted(test.text))});
        }
    }
    const bool last = last_in_block(view, site.statement) && !jump(view, site.statement);
    const auto offer = [&](const Test& test, const std::string& then, double weight, const std::string& why) {
        const auto lines = if_lines(view, test.text, then);
        sink.insert_before(Op::insert_guard, site.statement, lines, {test.weight * weight, why, true});
        if (last) sink.insert_after(Op::insert_guard, site.statement, lines, {test.weight * weight, why, true});
    };
    for (const Test& test : tests) {
        if (loop != kNone) {
            offer(test, "continue", 0.5, fmt::format("the case {} must be skipped", quoted(test.text)));
            offer(test, "break", 0.4, fmt::format("the case {} must end the loop", quoted(test.text)));
        }
        if (site.scope.function() == 0) continue;
        std::size_t rank = 0;
        for (const Fragment& value : return_values(site))
            if (++rank <= 2)
                offer(test, "return " + value.text, 0.5,
                      fmt::format("the case {} must give {}", quoted(test.text), quoted(value.text)));
    }
}

/// `if k not in d: d[k] = …` in front of what reads or changes d[k].
void guard_key(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (view.kind(site.statement) != Kind::expression_statement) return;
    for (Id id = site.statement; id < view.next(site.statement); ++id) {
        if (view.kind(id) != Kind::subscript || !portable(view, id)) continue;
        const auto indices = view.indices(id);
        const Types types = site.scope.type_of(view.object(id));
        if (indices.size() != 1 || is_number(view.kind(indices[0])) || view.kind(indices[0]) == Kind::slice) continue;
        if (types != 0 && (types & kMapping) == 0) continue;
        const std::string test = view.python()
                                     ? fmt::format("{} not in {}", view.text(indices[0]), view.text(view.object(id)))
                                     : fmt::format("!({} in {})", view.text(indices[0]), view.text(view.object(id)));
        for (const char* fresh : {"0", "[]", "set()", "{}", "1"}) {
            if (!view.python() && fresh[0] == 's') continue;
            const double fits = types == 0 ? 0.4 : 1;
            sink.insert_before(Op::insert_guard, site.statement,
                               if_lines(view, test, fmt::format("{} = {}", view.text(id), fresh)),
                               {fits, fmt::format("{} may not be there yet", quoted(view.text(id)))});
        }
        break;
    }
}

}  // namespace

void insert_guard(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (!insertable(view, site.statement) || view.kind(site.statement) == Kind::function ||
        view.kind(site.statement) == Kind::class_)
        return;
    if (site.scope.function() != 0 && first_of_function(site)) guard_function(site, sink);
    guard_statement(site, sink);
    guard_key(site, sink);
}

/// a.b() -> a && a.b(), a?.b(), a and a.b(), …: a value that may be missing is asked for something.
void guard_value(const Site& site, Sink& sink) {
    const View& view = site.view;
    const auto reaches = [&](Id id) { return view.kind(id) == Kind::attribute || view.kind(id) == Kind::subscript; };
    const Id up = view.parent(site.node);
    if (!reaches(site.node) && !(view.kind(site.node) == Kind::call && reaches(view.callee(site.node)))) return;
    // Only the outermost of a chain: its parts follow from it.
    if ((reaches(up) && view.object(up) == site.node) || (view.kind(up) == Kind::call && view.callee(up) == site.node))
        return;
    if (!view.readable(site.node) || view.condition(view.statement_of(site.node)) == site.node) return;
    const std::string text = view.str(site.node);
    std::size_t offered = 0;
    for (Id id = site.node; id < view.next(site.node) && offered < 3; ++id) {
        const Id object = reaches(id) ? view.object(id) : kNone;
        if (object == kNone || view.begin(object) != view.begin(site.node)) continue;
        if (view.kind(object) != Kind::identifier && view.kind(object) != Kind::attribute) continue;
        const std::string name = view.str(object);
        const Variable* variable = site.scope.find(name);
        // A module, a class, a global of the language: never missing.
        if (view.kind(object) == Kind::identifier && (variable == nullptr || name == "self" || name == "this"))
            continue;
        ++offered;
        const std::string why = fmt::format("{} may be missing when {} is evaluated", quoted(name), quoted(text));
        if (view.python()) {
            sink.replace(Op::guard_none, site.node, fmt::format("{} and {}", name, text), 3, {0.5, why});
            sink.replace(Op::guard_none, site.node, fmt::format("{} if {} is not None else None", text, name), 1,
                         {0.5, why});
            continue;
        }
        sink.replace(Op::guard_none, site.node, fmt::format("{} && {}", name, text), 3, {0.8, why});
        // `new a?.b()` and a?.b`…` are no JavaScript.
        if (view.kind(up) == Kind::new_ || text.ends_with('`') || view.source()[view.end(object)] == '?') continue;
        const bool index = view.kind(id) == Kind::subscript;
        sink.edit(Op::guard_none, view.end(object), view.end(object), index ? "?." : "?", {0.8, why});
    }
}

}  // namespace ec::repair::mutation
