// Operators that turn a statement into another: jumps, returns, branches, errors, defaults, stored results.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "mutation/families.hpp"
#include "mutation/statements.hpp"

namespace ec::repair::mutation {

void change_jump(const Site& site, Sink& sink) {
    const View& view = site.view;
    const Kind kind = view.kind(site.statement);
    const bool in_loop = view.loop_of(site.statement) != kNone;
    const auto turn = [&](const std::string& to, double weight, std::string why) {
        std::uint32_t end = view.end(site.statement);
        std::string text = to;
        if (view.text(site.statement).ends_with(';')) text += ';';
        sink.edit(Op::swap_jump, view.begin(site.statement), end, text, {weight, std::move(why)});
    };
    if (kind == Kind::break_ || kind == Kind::continue_) {
        if (view.field(site.statement, "label") != kNone) return;
        if (kind == Kind::continue_ || in_loop)
            turn(kind == Kind::break_ ? (in_loop ? "continue" : "break") : "break", 1,
                 kind == Kind::break_ ? "the loop must go on with the next round" : "the loop must end here");
        if (view.python()) turn("pass", 0.6, "the round must go on here");
        if (view.function_of(site.statement) != kNone) {
            turn("return", 0.3, "the function must end here");
            std::size_t offered = 0;
            for (const Fragment& value : return_values(site))
                if (++offered <= 3)
                    turn("return " + value.text, 0.35,
                         fmt::format("the function must end here with {}", quoted(value.text)));
        }
        return;
    }
    if (kind == Kind::return_ && in_loop) {
        turn("break", 0.5, "the loop must end here, not the function");
        turn("continue", 0.5, "the loop must go on with the next round");
    }
    if (kind == Kind::pass && in_loop) {
        turn("continue", 0.8, "the rest of the round must be skipped");
        turn("break", 0.8, "the loop must end here");
    }
    if (kind == Kind::pass || (!in_loop && kind != Kind::if_) || jump(view, site.statement) ||
        !insertable(view, site.statement))
        return;
    // A jump that is missing at the end of a branch, or of the loop itself.
    if (last_in_block(view, site.statement) && in_loop) {
        const Id block = view.parent(site.statement);
        const bool branch = !view.loop(view.parent(block));
        for (const char* word : {"break", "continue"}) {
            if (!branch && word[0] == 'c') continue;
            sink.insert_after(
                Op::insert_jump, site.statement, {simple(view, word)},
                {branch ? 1.0 : 0.4,
                 word[0] == 'b' ? "the loop must end here" : "the rest of the round must be skipped", true});
        }
    }
}

void change_return(const Site& site, Sink& sink) {
    const View& view = site.view;
    const Kind kind = view.kind(site.statement);
    if (view.function_of(site.statement) == kNone) return;
    if (kind == Kind::expression_statement) {
        const Id value = view.only_child(site.statement);
        const Kind value_kind = view.kind(value);
        if (value_kind == Kind::yield) {
            const Id inner = view.only_child(value);
            const bool from = view.text(value).find("yield from") == 0 || view.text(value).find("yield*") == 0;
            if (inner == kNone) return;
            sink.edit(Op::yield_return, view.begin(value), view.end(value), "return " + view.str(inner),
                      {0.6, "the value is the result, not one of many"});
            const std::string other = from ? "yield " : (view.python() ? "yield from " : "yield* ");
            sink.edit(Op::yield_return, view.begin(value), view.end(value), other + view.str(inner),
                      {1, from ? "the value itself is one of many" : "each of its values is one of many"});
            return;
        }
        if (value_kind == Kind::assign || value_kind == Kind::aug_assign || value_kind == Kind::update) {
            const Id right = view.field(value, "right");
            if (value_kind == Kind::assign && right != kNone && last_in_block(view, site.statement) &&
                view.kind(right) != Kind::assign)
                sink.edit(Op::return_missing, view.begin(value), view.begin(right), "return ",
                          {0.3, fmt::format("{} is the result", quoted(view.text(right))), true});
            return;
        }
        if (!is_expression(value_kind) || value_kind == Kind::string) return;
        if (value_kind == Kind::await && !view.python()) return;
        sink.edit(Op::return_missing, view.begin(value), view.begin(value), "return ",
                  {value_kind == Kind::call ? (last_in_block(view, site.statement) ? 0.8 : 0.3) : 1.0,
                   fmt::format("{} is computed and lost: it must be returned", quoted(view.text(value)))});
        return;
    }
    if (kind != Kind::return_) return;
    const Id value = view.only_child(site.statement);
    const auto offer = [&](const std::string& text, double weight, std::string why, bool destructive = false) {
        const bool semicolon = view.text(site.statement).ends_with(';');
        sink.edit(Op::return_value, view.begin(site.statement), view.end(site.statement), text + (semicolon ? ";" : ""),
                  {weight, std::move(why), destructive});
    };
    if (value == kNone) {
        std::size_t offered = 0;
        for (const Variable* variable : site.scope.visible(site.statement))
            if (!variable->outer && ++offered <= 8)
                offer("return " + variable->name, 0.8,
                      fmt::format("the result {} is not handed back", quoted(variable->name)));
        for (const Fragment& constant : return_values(site))
            offer("return " + constant.text, 0.5,
                  fmt::format("the result {} is not handed back", quoted(constant.text)));
        return;
    }
    if (!portable(view, value)) return;
    const std::string text = view.str(value);
    const bool may_yield = view.python() || view.node(site.scope.function()).kind.starts_with("generator");
    if (may_yield)
        sink.edit(Op::yield_return, view.begin(site.statement), view.begin(value), "yield ",
                  {view.python() ? 0.3 : 0.02, "the value is one of many"});
    const bool constant = is_literal(view.kind(value));
    std::size_t offered = 0;
    // A fixed answer where a question about a variable is meant.
    if (view.kind(value) == Kind::true_ || view.kind(value) == Kind::false_) {
        const std::string equal = view.python() ? "==" : "===";
        for (const Variable* variable : site.scope.visible(site.statement)) {
            if (variable->outer || ++offered > 6) continue;
            const std::string why = fmt::format("the answer depends on {}", quoted(variable->name));
            if (compatible(variable->types, kNumber)) {
                offer(fmt::format("return {} {} 0", variable->name, equal), 0.7, why);
                offer(fmt::format("return {} > 0", variable->name), 0.4, why);
                offer(fmt::format("return {} {} 1", variable->name, equal), 0.3, why);
            }
            if (compatible(variable->types, kContainer))
                offer(fmt::format(fmt::runtime(view.python() ? "return not {}" : "return {}.length === 0"),
                                  variable->name),
                      0.5, why);
            if (compatible(variable->types, kContainer))
                offer(fmt::format(fmt::runtime(view.python() ? "return len({}) == 0" : "return !{}"), variable->name),
                      0.3, why);
        }
        for (const Id condition : site.local.conditions)
            if (view.kind(condition) == Kind::compare && site.scope.usable(condition, site.statement) &&
                ++offered <= 14)
                offer("return " + view.str(condition), 0.4,
                      fmt::format("the answer is {}", quoted(view.text(condition))));
        return;
    }
    if (view.kind(value) == Kind::none)
        for (const Variable* variable : site.scope.visible(site.statement)) {
            if (variable->outer || (variable->types & kCallable) != 0 || ++offered > 8) continue;
            const std::string why = fmt::format("the result {} is not handed back", quoted(variable->name));
            offer("return " + variable->name, variable->parameter ? 0.6 : 1, why);
            if (compatible(variable->types, kSequence | kString))
                offer(fmt::format(fmt::runtime(view.python() ? "return len({})" : "return {}.length"), variable->name),
                      0.5, why);
            if (!view.python()) continue;
            if (compatible(variable->types, kSequence))
                for (const char* result : {"return sum({})", "return sorted({})", "return ''.join({})"})
                    offer(fmt::format(fmt::runtime(result), variable->name), 0.3, why);
            if (compatible(variable->types, kString)) offer(fmt::format("return {}.split()", variable->name), 0.3, why);
        }
    offered = 0;
    for (const Fragment& other : return_values(site)) {
        if (++offered > 6 || other.text == text) continue;
        sink.replace(Op::return_value, value, other.text, other.strength,
                     {constant ? 0.5 : 0.3,
                      fmt::format("the result should be {}, not {}", quoted(other.text), quoted(text)), !constant});
    }
    // return x -> return [x], return (x, y)
    if (view.kind(value) == Kind::identifier) {
        const Types types = site.scope.type_of(value);
        sink.replace(Op::return_value, value, "[" + text + "]", kAtom,
                     {types == kNumber || types == kString ? 0.3 : 0.12, "a list of it is the result"});
        for (const char* tail :
             {view.python() ? "len({}) > 0" : "{}.length > 0", view.python() ? "{} == 0" : "{} === 0", "{} > 0"})
            sink.replace(Op::return_value, value, fmt::format(fmt::runtime(tail), text), 5,
                         {0.12, fmt::format("an answer about {} is the result", quoted(text))});
    }
}

namespace {

void exchange_branches(const Site& site, Sink& sink, Id then, Id otherwise) {
    const View& view = site.view;
    if (then == kNone || otherwise == kNone || view.end(otherwise) - view.begin(then) > 3000) return;
    // Blocks that begin on a line of their own share an indentation; `if x: y` would not.
    if (view.python() && (!view.first_on_line(then) || !view.first_on_line(otherwise))) return;
    const std::string between = view.source().substr(view.end(then), view.begin(otherwise) - view.end(then));
    sink.edit(Op::branch_swap, view.begin(then), view.end(otherwise), view.str(otherwise) + between + view.str(then),
              {1, fmt::format("the two branches of {} were exchanged",
                              quoted("if " + std::string(view.text(view.condition(site.statement)))))});
}

}  // namespace

void change_branches(const Site& site, Sink& sink) {
    const View& view = site.view;
    const Kind kind = view.kind(site.statement);
    const Id keyword = site.statement + 1;
    if (kind == Kind::elif) {
        sink.edit(Op::else_if_change, view.begin(keyword), view.end(keyword), "if",
                  {1, "both conditions must be asked, one after the other"});
        return;
    }
    if (kind == Kind::while_ && view.field(site.statement, "alternative") == kNone) {
        bool jumps = false;
        for (Id id = site.statement; id < view.next(site.statement); ++id)
            if ((view.kind(id) == Kind::break_ || view.kind(id) == Kind::continue_) &&
                view.loop_of(id) == site.statement)
                jumps = true;
        if (!jumps)
            sink.edit(Op::else_if_change, view.begin(keyword), view.end(keyword), "if",
                      {0.6, "it must happen once, not again and again"});
        return;
    }
    if (kind != Kind::if_) return;
    std::size_t alternatives = 0;
    std::vector<Id> branches = {view.body(site.statement)};
    for (Id child = site.statement + 1; child < view.next(site.statement); child = view.next(child)) {
        if (view.node(child).field != "alternative") continue;
        ++alternatives;
        branches.push_back(view.body(child));
    }
    for (std::size_t i = 0; i + 1 < branches.size(); ++i) exchange_branches(site, sink, branches[i], branches[i + 1]);
    if (alternatives == 0 && view.node(view.parent(site.statement)).kind != "else_clause")
        sink.edit(Op::else_if_change, view.begin(keyword), view.end(keyword), "while",
                  {0.6, "it must happen as long as the condition holds, not once"});
    const auto all = siblings(view, site.statement);
    const std::size_t place = place_among(all, site.statement);
    if (place == 0 || place >= all.size() || view.kind(all[place - 1]) != Kind::if_) return;
    for (Id child = all[place - 1] + 1; child < view.next(all[place - 1]); child = view.next(child))
        if (view.kind(child) == Kind::else_) return;
    if (!view.first_on_line(site.statement)) return;
    const Id before = all[place - 1];
    if (view.python()) {
        // The grammar wants the clause right behind the branch: no blank statement, no semicolon in between.
        if (view.last_on_line(before))
            sink.edit(Op::else_if_change, view.begin(keyword), view.end(keyword), "elif",
                      {1, "the second condition counts only when the first does not hold"});
    } else if (view.kind(view.body(before)) == Kind::block && view.text(before).ends_with('}')) {
        sink.edit(Op::else_if_change, view.begin(keyword), view.end(keyword), "else if",
                  {1, "the second condition counts only when the first does not hold"});
    }
}

void change_raise(const Site& site, Sink& sink) {
    const View& view = site.view;
    const Kind kind = view.kind(site.statement);
    static constexpr auto kPython = std::to_array<std::string_view>(
        {"ValueError", "TypeError", "KeyError", "IndexError", "RuntimeError", "AttributeError", "ZeroDivisionError",
         "StopIteration", "NotImplementedError", "Exception"});
    static constexpr auto kScript =
        std::to_array<std::string_view>({"Error", "TypeError", "RangeError", "SyntaxError", "ReferenceError"});
    const auto offer = [&](Id name) {
        const auto all = view.python() ? std::vector<std::string_view>(kPython.begin(), kPython.end())
                                       : std::vector<std::string_view>(kScript.begin(), kScript.end());
        for (const std::string_view other : all)
            if (other != view.text(name))
                sink.edit(Op::exception_type, view.begin(name), view.end(name), std::string(other),
                          {0.8, fmt::format("another error is meant: {} should be {}", quoted(view.text(name)),
                                            quoted(other))});
    };
    if (kind == Kind::raise) {
        const Id value = view.only_child(site.statement);
        const Id name = view.kind(value) == Kind::call || view.kind(value) == Kind::new_ ? view.callee(value) : value;
        if (view.kind(name) == Kind::identifier) offer(name);
    }
    if (kind != Kind::try_ || !view.python()) return;
    for (const Id child : view.children(site.statement)) {
        if (view.kind(child) != Kind::except) continue;
        const Id value = view.only_child(child);
        if (view.kind(value) == Kind::identifier) offer(value);
    }
}

/// A mutable default is shared by all calls: it must be made anew in the body.
void change_defaults(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (!view.python() || view.kind(site.statement) != Kind::function) return;
    const Id body = view.body(site.statement);
    const auto statements = view.statements(body);
    if (statements.empty() || !view.first_on_line(statements.front())) return;
    const Id first = statements.front();
    for (const Id parameter : view.children(view.field(site.statement, "parameters"))) {
        const Id value = view.field(parameter, "value");
        const Id name = view.field(parameter, "name");
        const Kind kind = view.kind(value);
        if (value == kNone || name == kNone ||
            (kind != Kind::list && kind != Kind::dict && kind != Kind::set && kind != Kind::call))
            continue;
        const std::uint32_t at = view.line_begin(view.begin(first));
        const std::string indent = view.indent(first);
        const std::string guard =
            fmt::format("{}if {} is None:{}{}{}{} = {}{}", indent, view.text(name), view.newline(), indent,
                        view.indent_unit(), view.text(name), view.text(value), view.newline());
        sink.edit(Op::default_argument, view.begin(value), at,
                  "None" + view.source().substr(view.end(value), at - view.end(value)) + guard,
                  {1, fmt::format("the default {} of {} is shared by all calls", quoted(view.text(value)),
                                  quoted(view.text(name)))});
    }
}

/// x.update(y) -> x = y; s.strip() -> s = s.strip(); x = xs.sort() -> xs.sort(): what is stored, and what is changed.
void call_to_assignment(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (view.kind(site.statement) != Kind::expression_statement) return;
    const Id value = view.only_child(site.statement);
    if (view.kind(value) == Kind::assign) {
        const Id right = view.field(value, "right");
        if (right == kNone || !portable(view, value) || view.field(value, "type") != kNone) return;
        if (view.kind(right) == Kind::call)
            sink.edit(Op::call_to_assignment, view.begin(value), view.begin(right), "",
                      {0.3, fmt::format("{} changes its object and gives nothing back", quoted(view.text(right)))});
        const Id left = view.field(value, "left");
        const Types types = site.scope.type_of(left);
        if ((types & (kSequence | kSet)) != 0 && view.kind(left) == Kind::identifier && view.kind(right) != Kind::list)
            sink.edit(Op::call_to_assignment, view.begin(value), view.end(value),
                      fmt::format("{}.{}({})", view.text(left),
                                  (types & kSet) != 0 ? "add"
                                  : view.python()     ? "append"
                                                      : "push",
                                  view.text(right)),
                      {0.5, fmt::format("{} must be gathered in {}, not take its place", quoted(view.text(right)),
                                        quoted(view.text(left)))});
        return;
    }
    if (view.kind(value) != Kind::call || !portable(view, value)) return;
    const Id callee = view.callee(value);
    const auto args = view.args(value);
    const std::string text = view.str(value);
    if (view.kind(callee) == Kind::attribute) {
        const Id object = view.object(callee);
        const Kind object_kind = view.kind(object);
        if (object_kind != Kind::identifier && object_kind != Kind::attribute && object_kind != Kind::subscript) return;
        if (view.text(callee).find("?.") != std::string_view::npos || view.text(object) == "self" ||
            view.text(object) == "this")
            return;
        if (args.size() == 1 && is_expression(view.kind(args[0])))
            sink.edit(Op::call_to_assignment, view.begin(value), view.end(value),
                      fmt::format("{} = {}", view.text(object), view.text(args[0])),
                      {1, fmt::format("{} must be {} itself, not changed by it", quoted(view.text(object)),
                                      quoted(view.text(args[0])))});
        sink.edit(Op::call_to_assignment, view.begin(value), view.begin(value), view.str(object) + " = ",
                  {0.8, fmt::format("the result of {} is lost", quoted(text))});
    }
    if (view.kind(callee) == Kind::identifier)
        for (std::size_t i = 0; i < std::min<std::size_t>(args.size(), 2); ++i)
            if (view.kind(args[i]) == Kind::identifier)
                sink.edit(Op::call_to_assignment, view.begin(value), view.begin(value), view.str(args[i]) + " = ",
                          {0.6, fmt::format("the result of {} is lost", quoted(text))});
    if (view.loop_of(site.statement) == kNone || args.size() > 3) return;
    sink.insert_after(Op::duplicate_statement, site.statement, {view.str(site.statement)},
                      {1, fmt::format("{} must happen twice", quoted(text))});
}

}  // namespace ec::repair::mutation
