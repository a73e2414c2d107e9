#include "mutation/view.hpp"

#include <algorithm>

namespace ec::repair::mutation {

View::View(const codeindex::Tree& tree)
    : tree_(tree),
      python_(tree.language() == codeindex::Language::python),
      nodes_(tree.preorder()),
      kinds_(nodes_.size()),
      readable_(nodes_.size()) {
    classify();
    mark_readable();
    learn_layout();
}

std::string_view View::text(Id id) const {
    if (id >= nodes_.size()) return {};
    return std::string_view(tree_.text()).substr(nodes_[id].begin, nodes_[id].end - nodes_[id].begin);
}

Id View::field(Id id, std::string_view name) const {
    if (id >= nodes_.size()) return kNone;
    for (Id child = id + 1; child < nodes_[id].next; child = nodes_[child].next)
        if (nodes_[child].field == name) return child;
    return kNone;
}

std::vector<Id> View::children(Id id) const {
    std::vector<Id> out;
    if (id >= nodes_.size()) return out;
    for (Id child = id + 1; child < nodes_[id].next; child = nodes_[child].next)
        if (nodes_[child].named && kinds_[child] != Kind::comment) out.push_back(child);
    return out;
}

Id View::only_child(Id id) const {
    if (id >= nodes_.size()) return kNone;
    for (Id child = id + 1; child < nodes_[id].next; child = nodes_[child].next)
        if (nodes_[child].named && kinds_[child] != Kind::comment) return child;
    return kNone;
}

namespace {

/// Fields whose content is bound or named, not read.
bool binding_place(const View& view, Id parent, std::string_view field, std::uint32_t position) {
    switch (view.kind(parent)) {
        case Kind::assign:
        case Kind::aug_assign:
        case Kind::for_in:
        case Kind::for_clause:
            return field == "left";
        case Kind::declarator:
        case Kind::keyword_argument:
        case Kind::named_expression:
        case Kind::function:
        case Kind::class_:
        case Kind::lambda:
            return field == "name" || field == "parameter" || field == "superclasses";
        case Kind::attribute:
            return field == "attribute" || field == "property";
        case Kind::parameters:
            return true;
        case Kind::except:
            return field != "body";
        case Kind::update:
            return true;
        case Kind::pair:
            return field == "key" && !view.python();
        case Kind::delete_:
        case Kind::break_:
        case Kind::continue_:
            return true;
        case Kind::other:
            return field == "label" || field == "name" || field == "pattern" || field == "alias";
        default:
            break;
    }
    (void)position;
    return false;
}

bool pattern(std::string_view grammar) {
    return (grammar.ends_with("_pattern") && grammar != "as_pattern") || grammar.ends_with("pattern_list");
}

}  // namespace

// One pass from the root: a node is readable unless it or an ancestor stands in a binding place. The object and the
// index of a bound `a[i]` or `a.b` are read again.
void View::mark_readable() {
    enum : char { kRead, kBound, kSkipped };
    std::vector<char> state(nodes_.size(), kRead);
    for (Id id = 1; id < nodes_.size(); ++id) {
        const Id up = nodes_[id].parent;
        char own = state[up];
        if (own == kBound && (kinds_[up] == Kind::subscript || kinds_[up] == Kind::attribute)) own = kRead;
        if (own == kBound && (nodes_[up].kind == "default_parameter" || nodes_[up].kind == "typed_default_parameter" ||
                              nodes_[up].kind == "assignment_pattern" || nodes_[up].kind == "required_parameter")) {
            if (nodes_[id].field == "value" || nodes_[id].field == "right") own = kRead;
        }
        if (kinds_[id] == Kind::skip || kinds_[id] == Kind::error) own = kSkipped;
        if (own == kRead && (binding_place(*this, up, nodes_[id].field, 0) || pattern(nodes_[id].kind))) own = kBound;
        if (own == kBound && kinds_[id] == Kind::block) own = kRead;
        state[id] = own;
        readable_[id] = own == kRead && nodes_[id].named && is_expression(kinds_[id]);
        // sum(x for x in xs): the generator is the argument list itself, and its parentheses are those of the call.
        if (kinds_[id] == Kind::comprehension && nodes_[id].field == "arguments") readable_[id] = false;
        // The parentheses of `if (…)` belong to the statement.
        const Kind above = kinds_[up];
        if (!python_ && kinds_[id] == Kind::paren &&
            (above == Kind::if_ || above == Kind::while_ || above == Kind::do_while || above == Kind::switch_))
            readable_[id] = false;
        if (kinds_[id] == Kind::string && up != 0 &&
            (kinds_[up] == Kind::template_string || kinds_[up] == Kind::string))
            readable_[id] = false;
    }
    // Docstrings and directives ("use strict") are statements of a lone string.
    for (Id id = 1; id < nodes_.size(); ++id) {
        if (kinds_[id] == Kind::string && kinds_[nodes_[id].parent] == Kind::expression_statement)
            readable_[id] = false;
    }
}

bool View::statement(Id id) const {
    if (id == 0 || id >= nodes_.size() || !nodes_[id].named) return false;
    const Kind kind = kinds_[id];
    const Kind up = kinds_[nodes_[id].parent];
    const bool own = (kind >= Kind::expression_statement && kind <= Kind::class_ && kind != Kind::elif &&
                      kind != Kind::else_ && kind != Kind::except && kind != Kind::finally) ||
                     kind == Kind::switch_ || kind == Kind::empty;
    if (!own) return false;
    if (up == Kind::block || up == Kind::module || up == Kind::case_ ||
        nodes_[nodes_[id].parent].kind == "decorated_definition")
        return true;
    if (python_) return false;
    const std::string_view field = nodes_[id].field;
    return up == Kind::else_ || field == "body" || field == "consequence" ||
           nodes_[nodes_[id].parent].kind == "export_statement" ||
           nodes_[nodes_[id].parent].kind == "labeled_statement";
}

bool View::compound(Id id) const {
    switch (kind(id)) {
        case Kind::if_:
        case Kind::while_:
        case Kind::do_while:
        case Kind::for_in:
        case Kind::for_classic:
        case Kind::try_:
        case Kind::with:
        case Kind::function:
        case Kind::class_:
        case Kind::switch_:
            return true;
        default:
            return false;
    }
}

bool View::loop(Id id) const {
    const Kind k = kind(id);
    return k == Kind::while_ || k == Kind::do_while || k == Kind::for_in || k == Kind::for_classic;
}

Id View::statement_of(Id id) const {
    for (; id != kNone && id != 0; id = parent(id))
        if (statement(id)) return id;
    return kNone;
}

Id View::function_of(Id id) const {
    for (id = parent(id); id != kNone; id = parent(id))
        if (kind(id) == Kind::function || (kind(id) == Kind::lambda && kind(body(id)) == Kind::block)) return id;
    return kNone;
}

Id View::loop_of(Id id) const {
    Id from = id;
    for (id = parent(id); id != kNone; from = id, id = parent(id)) {
        if (kind(id) == Kind::function || kind(id) == Kind::lambda) return kNone;
        // Python's `else` of a loop is no part of it.
        if (loop(id) && (kind(from) == Kind::block || nodes_[from].field == "body")) return id;
    }
    return kNone;
}

Id View::class_of(Id id) const {
    for (id = parent(id); id != kNone; id = parent(id))
        if (kind(id) == Kind::class_) return id;
    return kNone;
}

bool View::inside_interpolation(Id id) const {
    for (; id != kNone && !statement(id); id = parent(id))
        if (kind(id) == Kind::interpolation) return true;
    return false;
}

std::vector<Id> View::statements(Id block) const {
    std::vector<Id> out;
    for (const Id child : children(block)) {
        Id inner = child;
        if (nodes_[child].kind == "decorated_definition" || nodes_[child].kind == "export_statement") {
            for (const Id deeper : children(child))
                if (statement(deeper)) inner = deeper;
        }
        if (!statement(inner)) continue;
        if (kinds_[inner] == Kind::expression_statement && kinds_[only_child(inner)] == Kind::string && out.empty())
            continue;
        out.push_back(inner);
    }
    return out;
}

Id View::body(Id id) const {
    Id out = field(id, "body");
    if (out == kNone) out = field(id, "consequence");
    if (out == kNone && (kind(id) == Kind::else_ || kind(id) == Kind::except || kind(id) == Kind::finally)) {
        for (const Id child : children(id))
            if (kinds_[child] == Kind::block) out = child;
    }
    return kind(out) == Kind::block ? out : kNone;
}

Id View::left(Id id) const {
    const Id by_field = field(id, "left");
    return by_field != kNone ? by_field : only_child(id);
}

Id View::right(Id id) const {
    const Id by_field = field(id, "right");
    if (by_field != kNone) return by_field;
    if (kind(id) != Kind::compare) return kNone;
    const auto operands = children(id);
    Id out = kNone;
    for (const Id operand : operands)
        if (nodes_[operand].field != "operators") out = operand;
    return out;
}

Id View::operator_token(Id id) const {
    const Id one = field(id, "operator");
    return one != kNone ? one : field(id, "operators");
}

std::string View::op(Id id) const {
    std::string out;
    for (const char c : text(operator_token(id))) {
        const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\\';
        if (!blank)
            out += c;
        else if (!out.empty() && out.back() != ' ')
            out += ' ';
    }
    return out;
}

Id View::operand(Id id) const {
    const Id argument = field(id, "argument");
    return argument != kNone ? argument : only_child(id);
}

Id View::condition(Id id) const {
    Id out = field(id, "condition");
    if (kind(id) == Kind::conditional && out == kNone) {
        const auto parts = children(id);
        return parts.size() == 3 ? parts[1] : kNone;
    }
    if (out != kNone && !python_ && kind(out) == Kind::paren && kind(id) != Kind::conditional) out = only_child(out);
    if (kind(id) == Kind::for_classic && kind(out) == Kind::expression_statement) out = only_child(out);
    return kind(out) == Kind::empty ? kNone : out;
}

Id View::callee(Id id) const {
    const Id function = field(id, "function");
    return function != kNone ? function : field(id, "constructor");
}

std::vector<Id> View::args(Id call) const {
    const Id list = field(call, "arguments");
    if (kind(list) != Kind::arguments) return {};
    return children(list);
}

Id View::object(Id id) const {
    const Id value = field(id, "object");
    return value != kNone ? value : field(id, "value");
}

Id View::member(Id id) const {
    const Id attribute = field(id, "attribute");
    return attribute != kNone ? attribute : field(id, "property");
}

std::vector<Id> View::indices(Id id) const {
    std::vector<Id> out;
    for (Id child = id + 1; child < nodes_[id].next; child = nodes_[child].next)
        if (nodes_[child].field == "subscript" || nodes_[child].field == "index") out.push_back(child);
    return out;
}

Id View::name(Id function) const { return field(function, "name"); }

std::string View::callee_name(Id call) const {
    const Id function = callee(call);
    if (kind(function) == Kind::identifier) return str(function);
    if (kind(function) == Kind::attribute) return str(member(function));
    return {};
}

std::uint32_t View::line_begin(std::uint32_t at) const {
    const std::string& all = source();
    while (at > 0 && all[at - 1] != '\n') --at;
    return at;
}

std::uint32_t View::line_end(std::uint32_t at) const {
    const std::string& all = source();
    std::size_t end = all.find('\n', at);
    if (end == std::string::npos) return static_cast<std::uint32_t>(all.size());
    if (end > at && all[end - 1] == '\r') --end;
    return static_cast<std::uint32_t>(end);
}

std::uint32_t View::next_line(std::uint32_t at) const {
    const std::size_t end = source().find('\n', at);
    return static_cast<std::uint32_t>(end == std::string::npos ? source().size() : end + 1);
}

bool View::first_on_line(Id id) const {
    const std::uint32_t from = line_begin(begin(id));
    const std::string_view before = std::string_view(source()).substr(from, begin(id) - from);
    return before.find_first_not_of(" \t") == std::string_view::npos;
}

bool View::last_on_line(Id id) const {
    const std::uint32_t stop = line_end(end(id));
    std::string_view rest = std::string_view(source()).substr(end(id), stop - end(id));
    const std::size_t comment = rest.find(python_ ? "#" : "//");
    if (comment != std::string_view::npos) rest = rest.substr(0, comment);
    return rest.find_first_not_of(" \t\r") == std::string_view::npos;
}

std::string View::indent(Id statement) const {
    const std::uint32_t from = line_begin(begin(statement));
    const std::string_view line = std::string_view(source()).substr(from);
    return std::string(line.substr(0, std::min(line.find_first_not_of(" \t"), line.size())));
}

void View::learn_layout() {
    const std::string& all = source();
    const std::size_t first = all.find('\n');
    if (first != std::string::npos && first > 0 && all[first - 1] == '\r') newline_ = "\r\n";
    int with = 0;
    int without = 0;
    bool unit_known = false;
    for (Id id = 1; id < nodes_.size(); ++id) {
        if (kinds_[id] == Kind::expression_statement || kinds_[id] == Kind::return_ || kinds_[id] == Kind::declaration)
            ++(text(id).ends_with(';') ? with : without);
        if (unit_known || kinds_[id] != Kind::block) continue;
        const Id outer = statement_of(nodes_[id].parent);
        const Id inner = only_child(id);
        if (outer == kNone || inner == kNone || !first_on_line(inner)) continue;
        const std::string deep = indent(inner);
        const std::string shallow = indent(outer);
        if (deep.size() > shallow.size() && deep.starts_with(shallow)) {
            indent_unit_ = deep.substr(shallow.size());
            unit_known = true;
        }
    }
    terminator_ = !python_ && with >= without ? ";" : "";
}

}  // namespace ec::repair::mutation
