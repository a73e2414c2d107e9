#include "mutation/statements.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>

namespace ec::repair::mutation {

bool empty_block(const View& view, Id id) {
    return !view.python() && view.kind(id) == Kind::block && view.children(id).empty() && !view.statement(id);
}

bool insertable(const View& view, Id statement) {
    if (empty_block(view, statement)) return true;
    if (!view.statement(statement) || !view.first_on_line(statement)) return false;
    const Kind up = view.kind(view.parent(statement));
    return up == Kind::block || up == Kind::module || up == Kind::case_;
}

std::vector<Id> siblings(const View& view, Id statement) { return view.statements(view.parent(statement)); }

std::size_t place_among(const std::vector<Id>& statements, Id statement) {
    return static_cast<std::size_t>(std::find(statements.begin(), statements.end(), statement) - statements.begin());
}

bool last_in_block(const View& view, Id statement) {
    const auto all = siblings(view, statement);
    return !all.empty() && all.back() == statement;
}

bool jump(const View& view, Id statement) {
    const Kind kind = view.kind(statement);
    return kind == Kind::return_ || kind == Kind::raise || kind == Kind::break_ || kind == Kind::continue_;
}

bool names_usable(const Site& site, Id statement) {
    const View& view = site.view;
    if (!site.scope.usable(statement, site.statement)) return false;
    for (Id id = statement; id < view.next(statement); ++id) {
        // A target may be new, but what is changed in place must be there.
        if (view.kind(id) == Kind::aug_assign && view.kind(view.left(id)) == Kind::identifier &&
            !site.scope.is_visible(view.text(view.left(id)), site.statement))
            return false;
        if (view.kind(id) == Kind::update && view.kind(view.operand(id)) == Kind::identifier &&
            !site.scope.is_visible(view.text(view.operand(id)), site.statement))
            return false;
        if (view.kind(id) == Kind::assign && !view.python() && view.kind(view.left(id)) == Kind::identifier &&
            !site.scope.is_visible(view.text(view.left(id)), site.statement))
            return false;
    }
    return true;
}

std::string reindented(const View& view, Id statement, const std::string& indent) {
    const std::string from = view.indent(statement);
    for (Id id = statement; id < view.next(statement); ++id) {
        const bool text = view.kind(id) == Kind::string || view.kind(id) == Kind::template_string;
        if (text && view.node(id).line != view.node(id).end_line) return {};
    }
    std::string out;
    const std::string source(view.text(statement));
    bool first = true;
    for (std::string_view line : split(source, '\n')) {
        if (first) {
            out += indent;
        } else {
            out += '\n';
            if (line.starts_with(from)) {
                line.remove_prefix(from.size());
                out += indent;
            } else if (!trim(line).empty()) {
                return {};
            }
        }
        first = false;
        out += line;
    }
    return out;
}

std::vector<std::string> if_lines(const View& view, const std::string& condition, const std::string& then) {
    if (view.python()) return {"if " + condition + ":", "\t" + then};
    return {"if (" + condition + ") {", "\t" + simple(view, then), "}"};
}

std::string simple(const View& view, const std::string& text) { return text + view.terminator(); }

void insert_around(const Site& site, Sink& sink, Op op, const std::string& text, double weight,
                   const std::string& why) {
    const View& view = site.view;
    if (trim(view.text(site.statement)) == text) weight *= 0.3;
    sink.insert_before(op, site.statement, {simple(view, text)}, {weight, why});
    if (last_in_block(view, site.statement) && !jump(view, site.statement))
        sink.insert_after(op, site.statement, {simple(view, text)}, {weight, why});
}

std::string counted(const View& view, const std::string& name, int by) {
    if (view.python()) return fmt::format("{} {} 1", name, by > 0 ? "+=" : "-=");
    return name + (by > 0 ? "++" : "--");
}

bool read_in(const View& view, std::string_view name, Id root) {
    for (Id id = root; root != kNone && id < view.next(root); ++id)
        if (view.kind(id) == Kind::identifier && view.text(id) == name) return true;
    return false;
}

std::vector<Fragment> return_values(const Site& site) {
    const View& view = site.view;
    std::vector<Fragment> out;
    const auto add = [&](std::string text, Kind kind) {
        const bool known = std::any_of(out.begin(), out.end(), [&](const Fragment& f) { return f.text == text; });
        if (!known && out.size() < 12) out.push_back({std::move(text), kAtom, kind});
    };
    Types types = 0;
    const std::string none = view.python() ? "None" : "null";
    for (const Id statement : site.local.statements) {
        if (view.kind(statement) != Kind::return_) continue;
        const Id value = view.only_child(statement);
        if (value == kNone) continue;
        types |= site.scope.type_of(value);
        const Kind kind = view.kind(value);
        const bool empty = (kind == Kind::list || kind == Kind::dict) && view.children(value).empty();
        if (is_literal(kind) || empty) add(view.str(value), kind);
        // Where True is given back, False is the other answer.
        if (kind == Kind::true_ || kind == Kind::compare || kind == Kind::boolean)
            add(view.python() ? "False" : "false", Kind::false_);
        if (kind == Kind::false_ || kind == Kind::compare || kind == Kind::boolean)
            add(view.python() ? "True" : "true", Kind::true_);
    }
    if ((types & kSequence) != 0) add("[]", Kind::list);
    if ((types & kNumber) != 0)
        for (const char* number : {"0", "1", "-1"}) add(number, Kind::integer);
    if ((types & kString) != 0) add("''", Kind::string);
    if ((types & kMapping) != 0) add("{}", Kind::dict);
    add(none, Kind::none);
    for (const char* value : {"0", "[]", "1"}) add(value, Kind::integer);
    add(view.python() ? "False" : "false", Kind::false_);
    add(view.python() ? "True" : "true", Kind::true_);
    add("''", Kind::string);
    return out;
}

std::vector<const Variable*> locals(const Site& site) {
    std::vector<const Variable*> out;
    for (const Variable* variable : site.scope.visible(site.statement))
        if (!variable->outer && (variable->types & kCallable) == 0) out.push_back(variable);
    return out;
}

bool first_of_function(const Site& site) {
    const View& view = site.view;
    const Id block = view.parent(site.statement);
    const Kind up = view.kind(view.parent(block));
    if (up != Kind::function && up != Kind::lambda) return false;
    const auto all = view.statements(block);
    return !all.empty() && all.front() == site.statement;
}

}  // namespace ec::repair::mutation
