// Operators that take away or move whole statements.
#include <fmt/format.h>

#include <algorithm>

#include "mutation/families.hpp"
#include "mutation/statements.hpp"

namespace ec::repair::mutation {

void delete_statement(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (!view.statement(site.statement)) return;
    const Kind kind = view.kind(site.statement);
    double weight = 0.6;
    switch (kind) {
        case Kind::expression_statement:
            weight = view.kind(view.only_child(site.statement)) == Kind::assign ? 0.5 : 0.8;
            break;
        case Kind::if_:
            weight = 0.6;
            break;
        case Kind::break_:
        case Kind::continue_:
            weight = 1;
            break;
        case Kind::return_:
        case Kind::raise:
            weight = 0.5;
            break;
        case Kind::while_:
        case Kind::for_in:
        case Kind::for_classic:
            weight = 0.2;
            break;
        case Kind::delete_:
            weight = 0.8;
            break;
        case Kind::assert_:
        case Kind::try_:
        case Kind::with:
        case Kind::do_while:
            weight = 0.2;
            break;
        default:
            return;
    }
    sink.remove(Op::delete_statement, site.statement,
                {weight, fmt::format("{} must not happen here", quoted(view.text(site.statement))), true});
}

namespace {

/// Whole lines from the first of one statement to the last of another.
struct Span {
    std::uint32_t begin;
    std::uint32_t end;  // without the last terminator
};

bool whole_lines(const View& view, Id statement) {
    return insertable(view, statement) && view.last_on_line(statement) &&
           view.node(view.parent(statement)).kind != "decorated_definition";
}

Span lines_of(const View& view, Id statement) {
    return {view.line_begin(view.begin(statement)), view.line_end(view.end(statement))};
}

void swap_neighbours(const Site& site, Sink& sink) {
    const View& view = site.view;
    const auto all = siblings(view, site.statement);
    const std::size_t place = place_among(all, site.statement);
    if (place + 1 >= all.size()) return;
    const Id next = all[place + 1];
    const Kind next_kind = view.kind(next);
    if (view.compound(next) && view.compound(site.statement) &&
        view.node(next).end_line - view.line(site.statement) > 12)
        return;
    if (next_kind == Kind::function || next_kind == Kind::class_) return;
    if (view.node(next).end_line - view.line(next) > 20) return;
    const Span first = lines_of(view, site.statement);
    const Span second = lines_of(view, next);
    const std::string between = view.source().substr(first.end, second.begin - first.end);
    const std::string text = view.source().substr(second.begin, second.end - second.begin) + between +
                             view.source().substr(first.begin, first.end - first.begin);
    const bool destructive = jump(view, next);
    sink.edit(Op::move_statement, first.begin, second.end, text,
              {destructive           ? 0.3
               : view.compound(next) ? 0.4
                                     : 0.8,
               fmt::format("{} must come after {}", quoted(view.text(site.statement)), quoted(view.text(next))),
               destructive});
}

/// The last statement of a block moves behind the statement that the block belongs to: `return` out of a loop.
void move_out(const Site& site, Sink& sink) {
    const View& view = site.view;
    const Id block = view.parent(site.statement);
    if (view.kind(block) != Kind::block) return;
    Id outer = view.statement_of(view.parent(block));
    if (outer == kNone || view.kind(outer) == Kind::function || view.kind(outer) == Kind::class_ ||
        !whole_lines(view, outer))
        return;
    const auto all = view.statements(block);
    const Kind kind = view.kind(site.statement);
    for (Id id = site.statement; id < view.next(site.statement); ++id)
        if ((view.kind(id) == Kind::break_ || view.kind(id) == Kind::continue_) && view.loop_of(id) == outer) return;
    const auto around = siblings(view, outer);
    if (all.back() == site.statement) {
        const std::string moved = reindented(view, site.statement, view.indent(outer));
        if (moved.empty()) return;
        const Span own = lines_of(view, site.statement);
        const Span whole = lines_of(view, outer);
        if (own.end > whole.end) return;
        std::string rest = view.source().substr(own.end, whole.end - own.end);
        std::string head;
        if (all.size() == 1) head = view.python() ? view.indent(site.statement) + "pass" : "";
        if (head.empty()) {
            // The line break before the statement goes with it.
            const std::uint32_t from = own.begin;
            if (rest.starts_with("\r\n"))
                rest.erase(0, 2);
            else if (rest.starts_with("\n"))
                rest.erase(0, 1);
            if (rest.empty()) {
                sink.edit(Op::move_statement, from, whole.end, moved,
                          {kind == Kind::return_ ? 1.0 : 0.7,
                           fmt::format("{} belongs behind the {}", quoted(view.text(site.statement)),
                                       view.loop(outer) ? "loop, not into it" : "branch, not into it")});
                return;
            }
        }
        sink.edit(Op::move_statement, own.begin, whole.end, head + rest + view.newline() + moved,
                  {kind == Kind::return_ ? 1.0 : 0.7,
                   fmt::format("{} belongs behind the {}", quoted(view.text(site.statement)),
                               view.loop(outer) ? "loop, not into it" : "branch, not into it")});
    }
    // The first one in front of it: what a loop must not do again in each round.
    if (all.front() == site.statement && all.size() > 1 && !jump(view, site.statement) &&
        view.line(all[1]) > view.node(site.statement).end_line && (view.kind(view.parent(block)) == view.kind(outer)) &&
        view.body(outer) == block) {
        const std::string moved = reindented(view, site.statement, view.indent(outer));
        if (moved.empty()) return;
        const Span whole = lines_of(view, outer);
        const Span own = lines_of(view, site.statement);
        if (whole.begin >= own.begin) return;
        sink.edit(Op::move_statement, whole.begin, view.next_line(own.end),
                  moved + view.newline() + view.source().substr(whole.begin, own.begin - whole.begin),
                  {view.loop(outer) ? 0.9 : 0.4,
                   fmt::format("{} belongs in front of the {}", quoted(view.text(site.statement)),
                               view.loop(outer) ? "loop, or each round starts anew" : "branch")});
    }
}

/// A statement beside a compound one moves into its body.
void move_in(const Site& site, Sink& sink) {
    const View& view = site.view;
    const auto all = siblings(view, site.statement);
    const std::size_t place = place_among(all, site.statement);
    if (place > 0 && place < all.size()) {
        Id before = all[place - 1];
        // Into the body of the statement before, and into the body of the last statement there.
        for (int depth = 0; depth < 2 && before != kNone && view.compound(before) &&
                            view.kind(before) != Kind::function && view.kind(before) != Kind::class_;
             ++depth) {
            Id block = view.body(before);
            Id alternative = kNone;
            for (const Id child : view.children(before))
                if (view.kind(child) == Kind::else_) alternative = view.body(child);
            for (const Id target : {block, alternative}) {
                if (target == kNone) continue;
                const auto inner = view.statements(target);
                if (inner.empty() || !whole_lines(view, inner.back()) || jump(view, inner.back())) continue;
                const std::string moved = reindented(view, site.statement, view.indent(inner.back()));
                if (moved.empty()) continue;
                const std::uint32_t at = view.line_end(view.end(inner.back()));
                const Span own = lines_of(view, site.statement);
                if (at > own.begin) continue;
                std::string between = view.source().substr(at, own.begin - at);
                while (!between.empty() && (between.back() == '\n' || between.back() == '\r')) between.pop_back();
                sink.edit(Op::move_statement, at, own.end, view.newline() + moved + between,
                          {view.loop(before) ? 0.8 : 0.5,
                           fmt::format("{} belongs into the {} before it", quoted(view.text(site.statement)),
                                       view.loop(before) ? "loop" : "branch")});
            }
            const auto inner = block == kNone ? std::vector<Id>() : view.statements(block);
            before = inner.empty() ? kNone : inner.back();
        }
    }
    if (place + 1 < all.size() && !jump(view, site.statement)) {
        const Id after = all[place + 1];
        const Id block = view.compound(after) && view.kind(after) != Kind::function && view.kind(after) != Kind::class_
                             ? view.body(after)
                             : kNone;
        const auto inner = block == kNone ? std::vector<Id>() : view.statements(block);
        if (!inner.empty() && whole_lines(view, inner.front())) {
            const std::string moved = reindented(view, site.statement, view.indent(inner.front()));
            const Span own = lines_of(view, site.statement);
            const std::uint32_t at = view.line_begin(view.begin(inner.front()));
            const std::uint32_t from = view.next_line(own.end);
            if (!moved.empty() && from < at)
                sink.edit(Op::move_statement, own.begin, at,
                          view.source().substr(from, at - from) + moved + view.newline(),
                          {view.loop(after) ? 0.8 : 0.4,
                           fmt::format("{} must happen in each round of the loop", quoted(view.text(site.statement)))});
        }
    }
}

}  // namespace

void move_statement(const Site& site, Sink& sink) {
    const View& view = site.view;
    const Kind kind = view.kind(site.statement);
    if (kind == Kind::function || kind == Kind::class_ || !whole_lines(view, site.statement)) return;
    if (view.node(site.statement).end_line - view.line(site.statement) > 12) return;
    swap_neighbours(site, sink);
    if (kind == Kind::declaration) return;  // its name would move out of reach
    move_out(site, sink);
    move_in(site, sink);
}

}  // namespace ec::repair::mutation
