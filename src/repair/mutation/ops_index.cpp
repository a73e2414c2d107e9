// Operators on positions: subscripts, slices, ranges and bounds.
#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>

#include "mutation/families.hpp"

namespace ec::repair::mutation {

namespace {

std::string stepped(const View& view, Id expression, int by) {
    const std::string text = view.str(expression);
    // n - 1 with one more is n, not n - 1 + 1.
    if (view.kind(expression) == Kind::binary && view.text(view.right(expression)) == "1") {
        const std::string op = view.op(expression);
        if ((op == "-" && by > 0) || (op == "+" && by < 0)) return view.str(view.left(expression));
    }
    if (view.kind(expression) == Kind::integer && text.size() < 9 &&
        text.find_first_not_of("0123456789") == std::string::npos)
        return std::to_string(std::stol(text) + by);
    const bool loose = precedence(view, expression) < 10;
    return fmt::format("{} {} {}", loose ? "(" + text + ")" : text, by > 0 ? '+' : '-', by > 0 ? by : -by);
}

int stepped_strength(const std::string& text) {
    return text.find(' ') != std::string::npos ? 10 : text.starts_with('-') ? 12 : 14;
}

/// Colon-separated parts of a Python slice; kNone for one left out.
struct SliceParts {
    Id start = kNone;
    Id stop = kNone;
    Id step = kNone;
};

SliceParts slice_parts(const View& view, Id slice) {
    SliceParts out;
    int colons = 0;
    for (Id child = slice + 1; child < view.next(slice); child = view.next(child)) {
        if (view.node(child).kind == ":")
            ++colons;
        else if (view.node(child).named && view.kind(child) != Kind::comment)
            (colons == 0 ? out.start : colons == 1 ? out.stop : out.step) = child;
    }
    return out;
}

std::string slice_text(const std::string& start, const std::string& stop, const std::string& step) {
    const std::string tail = step.empty() ? "" : ":" + step;
    return start + ":" + stop + tail;
}

void change_python_slice(const Site& site, Sink& sink) {
    const View& view = site.view;
    const SliceParts parts = slice_parts(view, site.node);
    const std::string start = parts.start == kNone ? "" : view.str(parts.start);
    const std::string stop = parts.stop == kNone ? "" : view.str(parts.stop);
    const std::string step = parts.step == kNone ? "" : view.str(parts.step);
    if (start.size() + stop.size() + step.size() > 80 || start.find('\n') != std::string::npos ||
        stop.find('\n') != std::string::npos)
        return;
    const std::string whole = view.str(view.parent(site.node));
    const auto offer = [&](const std::string& a, const std::string& b, const std::string& c, double weight,
                           std::string why) {
        sink.edit(Op::slice_change, view.begin(site.node), view.end(site.node), slice_text(a, b, c),
                  {weight, std::move(why)});
    };
    const std::string from = fmt::format("the slice {} started at the wrong place", quoted(whole));
    const std::string to = fmt::format("the slice {} ended at the wrong place", quoted(whole));
    if (parts.start != kNone) {
        offer(stepped(view, parts.start, 1), stop, step, 1, from);
        offer(stepped(view, parts.start, -1), stop, step, 1, from);
        offer("", stop, step, 0.6, from);
        if (stop.empty()) offer("", start, step, 0.7, fmt::format("the other part of {} is meant", quoted(whole)));
    } else {
        offer("1", stop, step, 0.7, from);
        if (!stop.empty()) offer(stop, "", step, 0.6, fmt::format("the other part of {} is meant", quoted(whole)));
    }
    if (parts.stop != kNone) {
        offer(start, stepped(view, parts.stop, 1), step, 1, to);
        offer(start, stepped(view, parts.stop, -1), step, 1, to);
        offer(start, "", step, 0.6, to);
        if (!start.empty() && start != stop)
            offer(stop, start, step, 0.3, fmt::format("the ends of {} were in the wrong order", quoted(whole)));
    } else {
        offer(start, "-1", step, 0.6, to);
        // xs[i:i + len(ys)], the window of another's size.
        std::size_t windows = 0;
        for (const Variable* variable : site.scope.visible(site.node))
            if (!start.empty() && !variable->outer && (variable->types & (kSequence | kString)) != 0 && ++windows <= 4)
                offer(start, fmt::format("{} + len({})", start, variable->name), step, 0.6, to);
    }
    std::size_t offered = 0;
    for (const Variable* variable : site.scope.visible(site.node)) {
        if ((variable->types != 0 && (variable->types & kNumber) == 0) || variable->outer || variable->name == start ||
            variable->name == stop || ++offered > 5)
            continue;
        const double sure = variable->types == 0 ? 0.4 : 1.0;
        if (parts.stop == kNone) {
            offer(start, variable->name, step, 0.5 * sure, to);
            offer(start, variable->name + " + 1", step, 0.25 * sure, to);
        }
        if (parts.start == kNone) {
            offer(variable->name, stop, step, 0.5 * sure, from);
            offer(variable->name + " + 1", stop, step, 0.25 * sure, from);
        }
    }
    if (parts.stop == kNone) offer(start, "2", step, 0.3, to);
    if (parts.start == kNone) offer("-2", stop, step, 0.3, from);
    if (parts.start == kNone) offer("2", stop, step, 0.3, from);
    if (parts.start == kNone && parts.stop == kNone) offer("-1", stop, step, 0.3, from);
    const std::string pace = fmt::format("the slice {} takes the wrong steps", quoted(whole));
    if (step.empty()) {
        offer(start, stop, "-1", start.empty() && stop.empty() ? 0.8 : 0.25, pace);
        offer(start, stop, "2", 0.3, pace);
    } else {
        offer(start, stop, "", 0.7, pace);
        if (step == "-1")
            offer(start, stop, "1", 0.3, pace);
        else
            offer(start, stop, "-1", 0.4, pace);
    }
}

}  // namespace

void change_index(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (view.kind(site.node) != Kind::subscript) return;
    const auto indices = view.indices(site.node);
    const std::string whole = view.str(site.node);
    for (const Id index : indices) {
        const Kind kind = view.kind(index);
        if (kind == Kind::slice || kind == Kind::string || !portable(view, index)) continue;
        const Types types = site.scope.type_of(index);
        if (types != 0 && (types & kNumber) == 0) continue;
        const double sure = types == 0 ? 0.6 : 1.0;
        if (kind != Kind::integer) {
            for (const int by : {-1, 1}) {
                std::string text = stepped(view, index, by);
                const int strength = stepped_strength(text);
                sink.replace(Op::index_shift, index, std::move(text), strength,
                             {sure, fmt::format("the index in {} was off by one", quoted(whole))});
            }
            if (kind == Kind::binary && (view.op(index) == "+" || view.op(index) == "-"))
                sink.replace(Op::index_shift, index, view.str(view.left(index)), precedence(view, view.left(index)),
                             {0.8, fmt::format("the index in {} is {} itself", quoted(whole),
                                               quoted(view.text(view.left(index))))});
            for (const char* edge : {"0", "-1"}) {
                if (!view.python() && edge[0] == '-') continue;
                sink.replace(Op::index_shift, index, edge, edge[0] == '-' ? 12 : kAtom,
                             {0.3 * sure, fmt::format("the {} element is meant in {}",
                                                      edge[0] == '-' ? "last" : "first", quoted(whole))});
            }
            if (kind == Kind::unary && view.python()) continue;
            if (view.python()) {
                const std::string negative =
                    "-" + (precedence(view, index) < 12 ? "(" + view.str(index) + ")" : view.str(index));
                sink.replace(Op::index_shift, index, negative, 12,
                             {0.25 * sure, fmt::format("the index in {} counts from the end", quoted(whole))});
                sink.replace(Op::index_shift, index,
                             fmt::format("-{} - 1",
                                         precedence(view, index) < 12 ? "(" + view.str(index) + ")" : view.str(index)),
                             10, {0.15 * sure, fmt::format("the index in {} counts from the end", quoted(whole))});
            }
        } else if (view.python() && (view.text(index) == "0" || view.text(index) == "1")) {
            sink.replace(Op::index_shift, index, "-1", 12,
                         {1, fmt::format("the last element is meant in {}", quoted(whole))});
        }
        if (kind == Kind::unary && (view.text(index) == "-1" || view.text(index) == "-2"))
            for (const char* other : {"0", "-1", "-2", "1"})
                sink.replace(
                    Op::index_shift, index, other, other[0] == '-' ? 12 : kAtom,
                    {other[0] == '1' ? 0.3 : 1.0, fmt::format("element {} is meant in {}", other, quoted(whole))});
    }
    // dp[i, j] and m[i][j]: the indices in the other order.
    if (indices.size() == 2 && portable(view, site.node)) {
        const std::string between =
            view.source().substr(view.end(indices[0]), view.begin(indices[1]) - view.end(indices[0]));
        sink.edit(Op::subscript_swap, view.begin(indices[0]), view.end(indices[1]),
                  view.str(indices[1]) + between + view.str(indices[0]),
                  {1, fmt::format("the indices of {} were in the wrong order", quoted(whole))});
    }
    const Id inner = view.object(site.node);
    if (indices.size() == 1 && view.kind(inner) == Kind::subscript && portable(view, site.node)) {
        const auto first = view.indices(inner);
        if (first.size() == 1 && view.kind(first[0]) != Kind::slice && view.kind(indices[0]) != Kind::slice) {
            sink.edit(
                Op::subscript_swap, view.begin(site.node), view.end(site.node),
                fmt::format("{}[{}][{}]", view.text(view.object(inner)), view.text(indices[0]), view.text(first[0])),
                {1, fmt::format("the indices of {} were in the wrong order", quoted(whole))});
        }
    }
    if (indices.size() == 1 && portable(view, site.node) && view.kind(inner) == Kind::identifier) {
        std::size_t offered = 0;
        for (const Variable* variable : site.scope.visible(site.node)) {
            if ((variable->types & kNumber) == 0 || variable->outer || !variable->loop || ++offered > 3) continue;
            sink.edit(
                Op::subscript_change, view.end(inner), view.end(inner), "[" + variable->name + "]",
                {0.3, fmt::format("the row {} of {} is meant", quoted(variable->name), quoted(view.text(inner)))});
        }
    }
    if (view.readable(site.node) && portable(view, site.node)) {
        sink.replace(Op::subscript_change, site.node, view.str(inner), precedence(view, inner),
                     {0.5, fmt::format("all of {} is meant", quoted(view.text(inner)))});
        if (indices.size() == 1 && view.kind(indices[0]) != Kind::slice && is_expression(view.kind(indices[0])))
            sink.replace(
                Op::subscript_change, site.node, view.str(indices[0]), precedence(view, indices[0]),
                {0.7, fmt::format("{} itself is meant, not what stands there", quoted(view.text(indices[0])))});
    }
    // a[x] in place of an element by its position: a[i] -> a[i:] and a[:i]
    if (view.python() && indices.size() == 1 && view.readable(site.node) && view.kind(indices[0]) != Kind::slice &&
        portable(view, indices[0])) {
        const std::string index = view.str(indices[0]);
        for (const std::string& slice : {index + ":", ":" + index})
            sink.edit(Op::slice_add, view.begin(indices[0]), view.end(indices[0]), slice,
                      {0.5, fmt::format("a part of {} is meant, not one element", quoted(view.text(inner)))});
    }
}

void change_slice(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (view.kind(site.node) == Kind::slice) {
        change_python_slice(site, sink);
        return;
    }
    if (view.kind(site.node) != Kind::call) return;
    const std::string method = view.callee_name(site.node);
    const bool slicing = method == "slice" || method == "substring" || method == "substr" || method == "charAt" ||
                         method == "charCodeAt" || method == "at" || method == "splice" || method == "insert" ||
                         method == "pop" || method == "repeat" || method == "round" || method == "randint" ||
                         method == "islice";
    if (!slicing && method != "range" && method != "Array") return;
    const auto args = view.args(site.node);
    const std::string whole = view.str(site.node);
    for (const Id arg : args) {
        if (view.kind(arg) == Kind::integer || !view.readable(arg) || !portable(view, arg)) continue;
        for (const int by : {1, -1}) {
            std::string text = stepped(view, arg, by);
            const int strength = stepped_strength(text);
            sink.replace(Op::bound_shift, arg, std::move(text), strength,
                         {1, fmt::format("the bound in {} was off by one", quoted(whole))});
        }
    }
    if (!slicing || args.empty() || !portable(view, site.node)) return;
    const Id list = view.field(site.node, "arguments");
    if (method == "slice" || method == "substring") {
        const std::string first = view.str(args[0]);
        const auto offer = [&](const std::string& text, double weight) {
            sink.edit(Op::slice_change, view.begin(list), view.end(list), "(" + text + ")",
                      {weight, fmt::format("another part than {} is meant", quoted(whole))});
        };
        if (args.size() == 1) {
            offer("0, " + first, 0.8);
            offer(first + ", -1", 0.4);
            offer("", 0.3);
        } else {
            offer(first, 0.6);
            if (first != "0") offer("0, " + view.str(args[1]), 0.6);
            offer(view.str(args[1]), 0.4);
            offer("1, " + view.str(args[1]), 0.4);
        }
    }
}

namespace {

/// name -> name[0], name[i]: one element is meant.
void add_subscript(const Site& site, Sink& sink, Types types, double sure) {
    const View& view = site.view;
    const std::string text = view.str(site.node);
    for (const auto& [edge, weight] : {std::pair{"0", 0.5}, std::pair{"-1", 0.5}, std::pair{"1", 0.35}}) {
        const std::string element =
            view.python() || edge[0] != '-' ? text + "[" + edge + "]" : text + "[" + text + ".length - 1]";
        sink.replace(Op::subscript_change, site.node, element, kAtom,
                     {weight * sure, fmt::format("one element of {} is meant: {}", quoted(text), quoted(element))});
    }
    if (types != 0 && (types & (kSequence | kString | kMapping)) == 0) return;
    std::size_t offered = 0;
    for (const Variable* variable : site.scope.visible(site.node)) {
        const bool number = (variable->types & kNumber) != 0;
        const bool key = variable->types == 0 || (types & kMapping) != 0;
        if ((!number && !key) || (variable->types & (kSequence | kSet | kCallable)) != 0) continue;
        if (variable->outer || variable->name == text || ++offered > 5) continue;
        sink.replace(Op::subscript_change, site.node, fmt::format("{}[{}]", text, variable->name), kAtom,
                     {(number || (types & kMapping) != 0 ? 0.6 : 0.3) * sure,
                      fmt::format("one element of {} is meant", quoted(text))});
    }
}

}  // namespace

/// name -> name[1:], name[:-1], name[::-1], name[k:] …: a slice that was left out.
void add_slice(const Site& site, Sink& sink) {
    const View& view = site.view;
    const Kind kind = view.kind(site.node);
    if (kind != Kind::identifier && kind != Kind::attribute && kind != Kind::call && kind != Kind::subscript) return;
    if (!view.readable(site.node) || !portable(view, site.node)) return;
    const Id up = view.parent(site.node);
    const Kind up_kind = view.kind(up);
    if (up_kind == Kind::attribute ||
        (up_kind == Kind::subscript && (view.object(up) == site.node || kind == Kind::subscript)) ||
        up_kind == Kind::paren)
        return;
    if ((up_kind == Kind::call || up_kind == Kind::new_) && view.callee(up) == site.node) return;
    if (up_kind == Kind::expression_statement || up_kind == Kind::await) return;
    const Types types = site.scope.type_of(site.node);
    if (types != 0 && (types & (kSequence | kString)) == 0) {
        if ((types & kMapping) != 0) add_subscript(site, sink, types, 0.7);
        return;
    }
    const bool iterated =
        view.node(site.node).field == "right" && (up_kind == Kind::for_in || up_kind == Kind::for_clause);
    const double sure = (types != 0 || iterated ? 1.0 : 0.35) * (iterated || up_kind == Kind::arguments ? 1.0 : 0.6) *
                        (kind == Kind::call ? 0.6 : 1.0);
    const std::string text = view.str(site.node);
    const auto offer = [&](const std::string& start, const std::string& stop, double weight, std::string_view why) {
        const std::string sliced = view.python() ? fmt::format("{}[{}:{}]", text, start, stop)
                                                 : fmt::format("{}.slice({}{})", text, start.empty() ? "0" : start,
                                                               stop.empty() ? "" : ", " + stop);
        sink.replace(Op::slice_add, site.node, sliced, kAtom,
                     {weight * sure, fmt::format("{}: {} should be {}", why, quoted(text), quoted(sliced))});
    };
    offer("1", "", 1, "the first element does not belong to it");
    offer("", "-1", 0.8, "the last element does not belong to it");
    if (view.python())
        sink.replace(Op::slice_add, site.node, text + "[::-1]", kAtom,
                     {0.6 * sure, fmt::format("{} must be reversed", quoted(text))});
    else if (types == kSequence)
        sink.replace(Op::slice_add, site.node, "[..." + text + "].reverse()", kAtom,
                     {0.5 * sure, fmt::format("{} must be reversed", quoted(text))});
    offer("2", "", 0.15, "the first two elements do not belong to it");
    unsigned offered = 0;
    for (const Variable* variable : site.scope.visible(site.node)) {
        if ((variable->types & kNumber) == 0 || variable->outer || variable->name == text || ++offered > 4) continue;
        offer(variable->name, "", 0.7, "only a part of it is meant");
        offer("", variable->name, 0.7, "only a part of it is meant");
        offer(variable->name + " + 1", "", 0.35, "only a part of it is meant");
    }
    add_subscript(site, sink, types, sure * (iterated ? 0.4 : 1.0));
    // Slices that the function takes elsewhere, and what they leave over.
    std::size_t borrowed = 0;
    for (const Id other : site.local.slices) {
        const SliceParts parts = slice_parts(view, other);
        if (!site.scope.usable(other, site.node) || ++borrowed > 4) break;
        const std::string start = parts.start == kNone ? "" : view.str(parts.start);
        const std::string stop = parts.stop == kNone ? "" : view.str(parts.stop);
        const std::string step = parts.step == kNone ? "" : view.str(parts.step);
        std::vector<std::string> texts = {view.str(other)};
        if (step.empty() && start.empty() && !stop.empty()) texts.push_back(slice_text(stop, "", ""));
        if (step.empty() && stop.empty() && !start.empty()) texts.push_back(slice_text("", start, ""));
        if (step.empty() && (start == "0" || start == "1") && !stop.empty()) texts.push_back(slice_text(stop, "", ""));
        if (!step.empty() && start.empty()) texts.push_back(slice_text("1", stop, step));
        if (!step.empty() && !start.empty()) texts.push_back(slice_text("", stop, step));
        for (const std::string& slice : texts) {
            const std::string sliced = text + "[" + slice + "]";
            sink.replace(Op::slice_add, site.node, sliced, kAtom,
                         {0.5 * sure, fmt::format("only a part of {} is meant: {}", quoted(text), quoted(sliced))});
        }
    }
}

void change_range(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (view.kind(site.node) != Kind::call || view.callee_name(site.node) != "range" ||
        view.kind(view.callee(site.node)) != Kind::identifier)
        return;
    const auto args = view.args(site.node);
    if (args.empty() || args.size() > 3 || !portable(view, site.node)) return;
    for (const Id arg : args)
        if (!is_expression(view.kind(arg))) return;
    const std::string whole = view.str(site.node);
    const Id list = view.field(site.node, "arguments");
    const auto offer = [&](std::vector<std::string> parts, double weight, std::string why) {
        sink.edit(Op::range_change, view.begin(list), view.end(list), "(" + join(parts, ", ") + ")",
                  {weight, std::move(why)});
    };
    const Id last = args.size() == 1 ? args[0] : args[1];
    const std::string stop = view.str(last);
    const std::string more = stepped(view, last, 1);
    const std::string less = stepped(view, last, -1);
    const std::string start = args.size() > 1 ? view.str(args[0]) : "0";
    const std::string end_why =
        fmt::format("the loop over {} stopped one short: it must include {}", quoted(whole), quoted(stop));
    const std::string end_less =
        fmt::format("the loop over {} ran one too far: it must stop before {}", quoted(whole), quoted(less));
    const std::string begin_why = fmt::format("the loop over {} began at the wrong place", quoted(whole));
    if (args.size() == 1) {
        offer({more}, 1, end_why);
        offer({less}, 1, end_less);
        offer({"1", stop}, 0.8, begin_why);
        offer({"1", more}, 0.8, fmt::format("the loop must run from 1 to {}", quoted(stop)));
        offer({"2", stop}, 0.3, begin_why);
        offer({"2", more}, 0.35, begin_why);
        offer({"3", stop}, 0.15, begin_why);
        for (const Variable* variable : site.scope.visible(site.node))
            if ((variable->types & (kSequence | kString)) != 0 && !variable->outer)
                offer({stop, "len(" + variable->name + ")"}, 0.3, end_why);
        offer({"0", stop, "2"}, 0.25, fmt::format("the loop over {} takes the wrong steps", quoted(whole)));
        offer({less, "-1", "-1"}, 0.4, fmt::format("the loop over {} must run backwards", quoted(whole)));
        offer({stop, "0", "-1"}, 0.25, fmt::format("the loop over {} must run backwards", quoted(whole)));
        for (const Variable* variable : site.scope.visible(site.node)) {
            if ((variable->types != 0 && (variable->types & kNumber) == 0) || variable->outer || variable->name == stop)
                continue;
            const double sure = variable->types == 0 ? 0.4 : 1.0;
            offer({variable->name, stop}, 0.5 * sure, begin_why);
            offer({variable->name + " + 1", stop}, 0.5 * sure, begin_why);
            // The only argument may be where the loop began.
            offer({stop, variable->name}, 0.4 * sure, end_why);
            offer({stop, variable->name + " + 1"}, 0.4 * sure, end_why);
        }
        return;
    }
    const std::string pace = fmt::format("the loop over {} takes the wrong steps", quoted(whole));
    std::vector<std::string> parts = {start, stop};
    if (args.size() == 3) parts.push_back(view.str(args[2]));
    const auto with = [&](std::size_t at, const std::string& text) {
        auto changed = parts;
        changed[at] = text;
        return changed;
    };
    offer(with(1, more), 1, end_why);
    offer(with(1, less), 1, end_less);
    offer(with(0, stepped(view, args[0], 1)), 0.9, begin_why);
    offer(with(0, stepped(view, args[0], -1)), 0.9, begin_why);
    if (start != "0") offer(with(0, "0"), 0.6, begin_why);
    if (args.size() == 2) {
        offer({stop}, 0.5, begin_why);
        offer({start, stop, "2"}, 0.35, pace);
        offer({start, stop, "-1"}, 0.4, fmt::format("the loop over {} must run backwards", quoted(whole)));
        offer({stop, start, "-1"}, 0.3, fmt::format("the loop over {} must run backwards", quoted(whole)));
        offer({stop, start}, 0.2, fmt::format("the ends of {} were in the wrong order", quoted(whole)));
        unsigned offered = 0;
        for (const Variable* variable : site.scope.visible(site.node)) {
            if ((variable->types & kNumber) == 0 || variable->outer || ++offered > 4) continue;
            if (variable->name != start && variable->name != stop) offer({start, stop, variable->name}, 0.3, pace);
        }
    } else {
        offer({start, stop}, 0.4, pace);
        if (parts[2].starts_with('-')) offer({start, stop, parts[2].substr(1)}, 0.3, pace);
        offer({start, "-1", parts[2]}, parts[2].starts_with('-') ? 0.6 : 0.05, end_why);
        offer({start, "0", parts[2]}, parts[2].starts_with('-') ? 0.4 : 0.05, end_why);
    }
}

}  // namespace ec::repair::mutation
