// Operators that put in a change of a variable that was forgotten: counting, adding up, moving on, keeping a value.
#include <fmt/format.h>

#include <algorithm>

#include "mutation/conditions.hpp"
#include "mutation/families.hpp"
#include "mutation/statements.hpp"

namespace ec::repair::mutation {

namespace {

constexpr std::size_t kMostNames = 6;
constexpr std::size_t kMostAdded = 4;
constexpr std::size_t kMostKept = 16;

bool changed_in(const View& view, std::string_view name, Id root) {
    for (Id id = root; id < view.next(root); ++id) {
        const Kind kind = view.kind(id);
        if ((kind == Kind::assign || kind == Kind::aug_assign) &&
            view.text(view.left(id)).find(name) != std::string_view::npos)
            return true;
        if (kind == Kind::update && view.text(view.operand(id)) == name) return true;
    }
    return false;
}

/// `for name in range(…)`, or an index into a collection otherwise.
bool is_index(const Site& site, const std::string& name, Id loop) {
    const View& view = site.view;
    if (!element_of_index(site, name, site.statement).empty()) return true;
    for (; loop != kNone; loop = view.loop_of(loop)) {
        if (view.kind(loop) != Kind::for_in) continue;
        const Id target = view.field(loop, "left");
        if (target != kNone && view.text(target) == name) return view.callee_name(view.field(loop, "right")) == "range";
    }
    return false;
}

bool numeric(const Variable& variable) { return variable.types == 0 || (variable.types & kNumber) != 0; }

/// A number that nothing else is added to: `n += 1`, `n += other` and what belongs to a loop's condition.
class Counting {
public:
    Counting(const Site& site, Sink& sink)
        : site_(site), sink_(sink), view_(site.view), loop_(view_.loop_of(site.statement)), names_(locals(site)) {}

    void offer() {
        std::size_t numbers = 0;
        for (const Variable* variable : names_) {
            if (!numeric(*variable) || (variable->loop && view_.python())) continue;
            if (++numbers > kMostNames) break;
            count(*variable);
        }
    }

private:
    void count(const Variable& variable) {
        const Id condition = loop_ == kNone ? kNone : view_.condition(loop_);
        const bool drives =
            read_in(view_, variable.name, condition) && !changed_in(view_, variable.name, view_.body(loop_));
        const double sure = variable.types == 0 ? 0.3 : 1;
        // What starts as a whole number and is no parameter mostly counts.
        const bool counter = loop_ != kNone && !variable.parameter && variable.types == kNumber;
        const double weight = drives ? 1 : (counter ? 0.75 : loop_ != kNone ? 0.5 : 0.25) * sure;
        const std::string why =
            drives ? fmt::format("{} decides when the loop ends and never changes in it", quoted(variable.name))
                   : fmt::format("{} is not counted here", quoted(variable.name));
        insert_around(site_, sink_, Op::insert_update, counted(view_, variable.name, 1), weight, why);
        insert_around(site_, sink_, Op::insert_update, counted(view_, variable.name, -1), weight * 0.6, why);
        if (loop_ == kNone || variable.parameter) return;
        std::size_t added = 0;
        for (const Variable* other : names_)
            if (other != &variable && numeric(*other) && ++added <= kMostAdded) add(variable, *other, sure, drives);
        if (drives && view_.python())
            insert_around(site_, sink_, Op::insert_update, variable.name + " //= 2", 0.6, why);
    }

    void add(const Variable& to, const Variable& other, double sure, bool drives) {
        const bool index = other.loop && is_index(site_, other.name, loop_);
        const double fits = (index ? 0.35 : other.loop || other.bound_in_loop != kNone ? 0.6 : 0.25) * sure;
        const auto offer = [&](std::string_view op, double weight, std::string_view way) {
            insert_around(site_, sink_, Op::insert_update, fmt::format("{} {} {}", to.name, op, other.name), weight,
                          fmt::format("{} is not {} {}", quoted(other.name), way, quoted(to.name)));
        };
        offer("+=", fits, "added to");
        offer("*=", fits * 0.5, "multiplied into");
        if (drives) offer("-=", fits, "taken from");
    }

    const Site& site_;
    Sink& sink_;
    const View& view_;
    Id loop_;
    std::vector<const Variable*> names_;
};

/// Texts and totals that grow by an element in each round.
void grow_by_elements(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (view.loop_of(site.statement) == kNone) return;
    const auto names = locals(site);
    for (const Variable* variable : names) {
        if ((variable->types & (kString | kNumber)) == 0 || variable->parameter || variable->loop) continue;
        std::size_t added = 0;
        const auto offer = [&](std::string_view element, double weight) {
            if (++added <= 3)
                insert_around(site, sink, Op::insert_update, fmt::format("{} += {}", variable->name, element), weight,
                              fmt::format("{} is not added to {}", quoted(element), quoted(variable->name)));
        };
        for (const Variable* other : names) {
            if (!other->loop) continue;
            if ((variable->types & kString) != 0 && compatible(other->types, kString)) offer(other->name, 0.7);
            const std::string element = element_of_index(site, other->name, site.statement);
            if (!element.empty()) offer(element, 0.6);
        }
        added = 0;
        for (const Id expression : site.local.expressions)
            if (view.kind(expression) == Kind::subscript && view.readable(expression) &&
                compatible(site.scope.type_of(expression), variable->types) &&
                site.scope.usable(expression, site.statement))
                offer(view.text(expression), 0.4);
    }
}

/// `q = a // b` goes with `a %= b`, and `r = a % b` with `a //= b`: dividing a number into its parts.
void insert_remainder(const Site& site, Sink& sink) {
    const View& view = site.view;
    const Kind statement = view.kind(site.statement);
    if (statement != Kind::expression_statement && statement != Kind::declaration) return;
    const Id stored = view.only_child(site.statement);
    if (view.kind(stored) != Kind::assign && view.kind(stored) != Kind::declarator) return;
    for (Id id = stored; id < view.next(stored); ++id) {
        if (view.kind(id) != Kind::binary || !portable(view, id)) continue;
        const std::string op = view.op(id);
        const Id number = view.left(id);
        if (view.kind(number) != Kind::identifier || (op != "//" && op != "/" && op != "%")) continue;
        const std::string divisor = view.str(view.right(id));
        const std::string name = view.str(number);
        const std::string step = op != "%"       ? fmt::format("{} %= {}", name, divisor)
                                 : view.python() ? fmt::format("{} //= {}", name, divisor)
                                                 : fmt::format("{} = Math.floor({} / {})", name, name, divisor);
        sink.insert_after(
            Op::insert_update, site.statement, {simple(view, step)},
            {0.8, fmt::format("{} keeps the part that {} took out", quoted(name), quoted(view.text(id)))});
    }
}

/// `a = b` between variables of one kind: the step of a search through linked things, or of a running value.
void keep_value(const Site& site, Sink& sink) {
    const View& view = site.view;
    const Id loop = view.loop_of(site.statement);
    const auto names = locals(site);
    std::size_t pairs = 0;
    for (const Variable* to : names) {
        if (to->loop || (to->parameter && loop == kNone)) continue;
        for (const Variable* from : names) {
            const double fits = fitness(to->types & ~kObject, from->types & ~kObject);
            if (to == from || fits == 0 || ++pairs > kMostKept) continue;
            const std::string step = fmt::format("{} = {}", to->name, from->name);
            if (view.text(site.statement) == step) continue;
            const bool none_start = to->types == 0 || from->types == 0;
            insert_around(site, sink, Op::insert_update, step,
                          (loop != kNone ? 0.6 : 0.3) * (none_start ? 0.8 : 1.0) * fits,
                          fmt::format("{} is not kept in {}", quoted(from->name), quoted(to->name)));
        }
    }
}

/// `node = node.next` in a loop.
void move_on(const Site& site, Sink& sink) {
    const View& view = site.view;
    const Id loop = view.loop_of(site.statement);
    if (loop == kNone || view.kind(loop) != Kind::while_) return;
    std::size_t steps = 0;
    for (const Id expression : site.local.expressions) {
        if (view.kind(expression) != Kind::attribute || view.kind(view.object(expression)) != Kind::identifier ||
            ++steps > 6)
            continue;
        const std::string name = view.str(view.object(expression));
        if (name == "self" || name == "this" || !site.scope.is_visible(name, site.statement)) continue;
        insert_around(site, sink, Op::insert_update, fmt::format("{} = {}", name, view.text(expression)),
                      read_in(view, name, view.condition(loop)) ? 0.8 : 0.3,
                      fmt::format("{} does not move on", quoted(name)));
    }
}

}  // namespace

/// A counter that does not count, a cursor that does not move, a variable that is read and never set.
void insert_update(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (!insertable(view, site.statement) || site.scope.function() == 0) return;
    const Kind kind = view.kind(site.statement);
    if (kind == Kind::function || kind == Kind::class_) return;
    Counting(site, sink).offer();
    grow_by_elements(site, sink);
    insert_remainder(site, sink);
    keep_value(site, sink);
    move_on(site, sink);
}

}  // namespace ec::repair::mutation
