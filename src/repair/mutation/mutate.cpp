// mutate(): finds the wanted statements, gathers what the file offers, and lets every operator speak at every place.
#include <algorithm>
#include <map>
#include <memory>
#include <unordered_set>

#include "mutation/conditions.hpp"
#include "mutation/site.hpp"
#include "mutation/statements.hpp"

namespace ec::repair {

namespace {

using namespace mutation;

constexpr std::size_t kPerStatement = 1200;
constexpr int kLongStatement = 30;         // lines; beyond it only the wanted lines of a statement count
constexpr std::size_t kMaxBorrowed = 400;  // expressions kept of a file

/// Where the part of a statement that is its own ends: the header of a compound one, all of a simple one.
int last_own_line(const View& view, Id statement) {
    const Id body = view.body(statement);
    if (body == kNone) return view.node(statement).end_line;
    return std::max(view.line(statement), view.line(body) - (view.python() ? 1 : 0));
}

/// Not a statement, but with a line and expressions of its own.
bool heads_expressions(const View& view, Id id) {
    const std::string_view grammar = view.node(id).kind;
    return view.kind(id) == Kind::case_ || grammar == "field_definition" || grammar == "public_field_definition";
}

std::vector<Id> wanted_statements(const View& view, const MutationRequest& request) {
    std::vector<Id> out;
    for (Id id = 1; id < view.size(); ++id) {
        if (view.kind(id) == Kind::skip || view.kind(id) == Kind::error) {
            id = view.next(id) - 1;
            continue;
        }
        // An elif has a line of its own, and an empty block is where something may be missing.
        if (!view.statement(id) && view.kind(id) != Kind::elif && !empty_block(view, id) &&
            !heads_expressions(view, id))
            continue;
        if (view.kind(id) == Kind::expression_statement && view.kind(view.only_child(id)) == Kind::string) continue;
        const int last = last_own_line(view, id);
        for (int line = view.line(id); line <= last; ++line) {
            if (!request.wanted || request.wanted(line)) {
                out.push_back(id);
                break;
            }
        }
    }
    return out;
}

bool modest(const View& view, Id id) {
    switch (view.kind(id)) {
        case Kind::call:
        case Kind::new_:
        case Kind::subscript:
        case Kind::attribute:
        case Kind::binary:
        case Kind::compare:
        case Kind::not_:
        case Kind::boolean:
        case Kind::unary:
            break;
        default:
            return false;
    }
    return view.readable(id) && portable(view, id) && view.end(id) - view.begin(id) <= 60;
}

void add_text(std::vector<std::string>& list, std::string text, std::size_t most) {
    if (list.size() < most && std::find(list.begin(), list.end(), text) == list.end()) list.push_back(std::move(text));
}

/// Adds the ids whose texts are new.
class Distinct {
public:
    explicit Distinct(const View& view) : view_(view) {}
    void add(std::vector<Id>& list, Id id, std::size_t most) {
        if (list.size() < most && seen_.insert(view_.text(id)).second) list.push_back(id);
    }

private:
    const View& view_;
    std::unordered_set<std::string_view> seen_;
};

FunctionFacts gather_function(const View& view, Id function) {
    FunctionFacts out;
    out.elements = indexed_elements(view, function);
    Distinct conditions(view);
    Distinct expressions(view);
    Distinct slices(view);
    for (Id id = function + 1; id < view.node(function).next; ++id) {
        const Kind kind = view.kind(id);
        if (function == 0 && (kind == Kind::function || kind == Kind::class_)) {
            id = view.next(id) - 1;
            continue;
        }
        if (view.statement(id)) out.statements.push_back(id);
        if (kind == Kind::slice && portable(view, id)) slices.add(out.slices, id, 12);
        if (kind == Kind::integer) add_text(out.numbers, view.str(id), 12);
        if (kind == Kind::string && view.readable(id)) add_text(out.strings, view.str(id), 12);
        if (!view.readable(id) || !portable(view, id)) continue;
        const Kind up = view.kind(view.parent(id));
        if (kind == Kind::compare || kind == Kind::not_ || kind == Kind::boolean || up == Kind::boolean ||
            up == Kind::not_ || view.condition(view.parent(id)) == id)
            conditions.add(out.conditions, id, 24);
        if (modest(view, id)) expressions.add(out.expressions, id, 60);
    }
    return out;
}

std::size_t required_arguments(const View& view, Id function, std::size_t& most) {
    std::size_t least = 0;
    most = 0;
    for (const Id parameter : view.children(view.field(function, "parameters"))) {
        const std::string_view grammar = view.node(parameter).kind;
        if (grammar == "keyword_separator" || grammar == "dictionary_splat_pattern") continue;
        if (grammar == "list_splat_pattern" || grammar == "rest_pattern") {
            most += 8;
            continue;
        }
        ++most;
        if (view.field(parameter, "value") == kNone && view.field(parameter, "right") == kNone) ++least;
    }
    return least;
}

void gather_callables(const View& view, Facts& facts) {
    for (Id id = 1; id < view.size(); ++id) {
        if (view.kind(id) != Kind::function) continue;
        Callable callable;
        callable.name = view.str(view.name(id));
        callable.least = required_arguments(view, id, callable.most);
        const Id home = view.class_of(id);
        callable.method = home != kNone && view.function_of(id) == kNone;
        if (callable.method && view.python()) {  // self
            callable.least -= callable.least > 0 ? 1 : 0;
            callable.most -= callable.most > 0 ? 1 : 0;
        }
        if (!callable.name.empty() && facts.callables.size() < 64) facts.callables.push_back(std::move(callable));
    }
}

/// The request's source texts as expressions; what does not parse as one is left out.
void gather_fragments(const View& view, const std::vector<std::string>& texts, std::size_t most,
                      std::vector<Fragment>& expressions, std::vector<std::string>* statements) {
    std::size_t seen = 0;
    for (const std::string& text : texts) {
        if (++seen > most * 2 || text.size() > 120 || text.find_first_of("\n\r") != std::string::npos) continue;
        auto tree = codeindex::Tree::parse(view.language(), text);
        if (!tree || tree->has_error()) continue;
        const View own(*tree);
        const Id statement = own.only_child(0);
        if (statement == kNone || own.next(statement) != own.size()) continue;
        if (own.kind(statement) == Kind::expression_statement) {
            const Id expression = own.only_child(statement);
            const Kind kind = own.kind(expression);
            if (own.text(expression) == text && is_expression(kind)) {
                if (expressions.size() < most) expressions.push_back({text, precedence(own, expression), kind});
                if (statements == nullptr || (kind != Kind::call && kind != Kind::await)) continue;
            }
        }
        if (statements != nullptr && own.statement(statement) && statements->size() < most) statements->push_back(text);
    }
}

Facts gather(const View& view, const MutationRequest& request) {
    Facts facts;
    Distinct expressions(view);
    gather_callables(view, facts);
    for (Id id = 1; id < view.size(); ++id) {
        const Kind kind = view.kind(id);
        if (kind == Kind::attribute) {
            const Id up = view.parent(id);
            const bool called = view.kind(up) == Kind::call && view.callee(up) == id;
            add_text(called ? facts.methods : facts.attributes, view.str(view.member(id)), 40);
        }
        if (kind == Kind::string && view.readable(id) && portable(view, id)) add_text(facts.strings, view.str(id), 24);
        if (modest(view, id)) expressions.add(facts.expressions, id, kMaxBorrowed);
    }
    gather_fragments(view, request.constants, 24, facts.constants, nullptr);
    gather_fragments(view, request.project_fragments, 24, facts.fragments, &facts.statements);
    return facts;
}

struct FunctionContext {
    Scope scope;
    FunctionFacts facts;
};

class Engine {
public:
    explicit Engine(const MutationRequest& request)
        : request_(request),
          view_(request.unit.tree),
          facts_(gather(view_, request)),
          sink_(view_, request.unit.path) {}

    std::vector<Mutation> run() {
        for (const Id statement : wanted_statements(view_, request_)) at(statement);
        return sink_.take(kPerStatement);
    }

private:
    const FunctionContext& context(Id statement) {
        Id function = view_.function_of(statement);
        if (function == kNone) function = 0;
        auto& slot = contexts_[function];
        if (!slot)
            slot = std::make_unique<FunctionContext>(
                FunctionContext{Scope(view_, function), gather_function(view_, function)});
        return *slot;
    }

    [[nodiscard]] int reported_line(Id id, Id statement) const {
        if (!request_.wanted || request_.wanted(view_.line(id))) return view_.line(id);
        for (int line = view_.line(statement); line <= view_.node(statement).end_line; ++line)
            if (request_.wanted(line)) return line;
        return view_.line(statement);
    }

    void at(Id statement) {
        const FunctionContext& here = context(statement);
        const Kind kind = view_.kind(statement);
        const bool empty = empty_block(view_, statement);
        if (empty) {
            // No expression in it, and nothing to take away.
        } else if (kind == Kind::function)
            expressions(statement, view_.field(statement, "parameters"), here);
        else if (kind != Kind::class_)
            expressions(statement, statement, here);
        if (heads_expressions(view_, statement)) return;
        sink_.at(statement, reported_line(statement, statement));
        const Site site{view_, here.scope, facts_, here.facts, request_, statement, statement};
        for (const Operator apply : empty ? inserting_operators() : statement_operators()) apply(site, sink_);
    }

    /// Every expression that belongs to the statement itself, not to statements inside it.
    void expressions(Id statement, Id root, const FunctionContext& here) {
        if (root == kNone) return;
        const bool lengthy = view_.node(statement).end_line - view_.line(statement) > kLongStatement;
        for (Id id = root + 1; id < view_.next(root); ++id) {
            const Kind kind = view_.kind(id);
            if (kind == Kind::block || kind == Kind::skip || kind == Kind::error || kind == Kind::elif ||
                view_.statement(id) || view_.node(id).kind == "switch_body" || view_.node(id).kind == "class_body") {
                id = view_.next(id) - 1;
                continue;
            }
            if (kind == Kind::else_ || kind == Kind::except || kind == Kind::finally || kind == Kind::case_) continue;
            if (lengthy && request_.wanted && !request_.wanted(view_.line(id))) continue;
            if (!is_expression(kind) && kind != Kind::slice && kind != Kind::aug_assign && kind != Kind::assign &&
                kind != Kind::for_clause && kind != Kind::if_clause && kind != Kind::pair &&
                kind != Kind::keyword_argument && kind != Kind::update && kind != Kind::declarator)
                continue;
            if (is_expression(kind) && kind != Kind::comprehension && !view_.readable(id)) continue;
            sink_.at(statement, reported_line(id, statement));
            const Site site{view_, here.scope, facts_, here.facts, request_, statement, id};
            for (const Operator apply : expression_operators()) apply(site, sink_);
        }
    }

    const MutationRequest& request_;
    View view_;
    Facts facts_;
    Sink sink_;
    std::map<Id, std::unique_ptr<FunctionContext>> contexts_;
};

}  // namespace

std::vector<Mutation> mutate(const MutationRequest& request) { return Engine(request).run(); }

}  // namespace ec::repair
