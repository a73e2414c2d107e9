// The table that folds grammar names into kinds, and what follows from a kind alone.
#include <algorithm>
#include <array>
#include <unordered_map>

#include "mutation/view.hpp"

namespace ec::repair::mutation {

namespace {

struct Entry {
    std::string_view grammar;
    Kind kind;
};

constexpr auto kTable = std::to_array<Entry>({
    {"comment", Kind::comment},
    {"ERROR", Kind::error},
    // both families
    {"identifier", Kind::identifier},
    {"string", Kind::string},
    {"true", Kind::true_},
    {"false", Kind::false_},
    {"if_statement", Kind::if_},
    {"else_clause", Kind::else_},
    {"while_statement", Kind::while_},
    {"break_statement", Kind::break_},
    {"continue_statement", Kind::continue_},
    {"return_statement", Kind::return_},
    {"try_statement", Kind::try_},
    {"finally_clause", Kind::finally},
    {"expression_statement", Kind::expression_statement},
    {"parenthesized_expression", Kind::paren},
    {"pair", Kind::pair},
    // Python
    {"module", Kind::module},
    {"integer", Kind::integer},
    {"float", Kind::floating},
    {"none", Kind::none},
    {"interpolation", Kind::interpolation},
    {"concatenated_string", Kind::string},
    {"binary_operator", Kind::binary},
    {"comparison_operator", Kind::compare},
    {"boolean_operator", Kind::boolean},
    {"not_operator", Kind::not_},
    {"unary_operator", Kind::unary},
    {"call", Kind::call},
    {"argument_list", Kind::arguments},
    {"keyword_argument", Kind::keyword_argument},
    {"attribute", Kind::attribute},
    {"subscript", Kind::subscript},
    {"slice", Kind::slice},
    {"list", Kind::list},
    {"tuple", Kind::tuple},
    {"expression_list", Kind::tuple},
    {"dictionary", Kind::dict},
    {"set", Kind::set},
    {"list_comprehension", Kind::comprehension},
    {"set_comprehension", Kind::comprehension},
    {"dictionary_comprehension", Kind::comprehension},
    {"generator_expression", Kind::comprehension},
    {"for_in_clause", Kind::for_clause},
    {"if_clause", Kind::if_clause},
    {"conditional_expression", Kind::conditional},
    {"lambda", Kind::lambda},
    {"await", Kind::await},
    {"yield", Kind::yield},
    {"list_splat", Kind::splat},
    {"dictionary_splat", Kind::splat},
    {"named_expression", Kind::named_expression},
    {"assignment", Kind::assign},
    {"augmented_assignment", Kind::aug_assign},
    {"elif_clause", Kind::elif},
    {"for_statement", Kind::for_in},
    {"pass_statement", Kind::pass},
    {"raise_statement", Kind::raise},
    {"except_clause", Kind::except},
    {"except_group_clause", Kind::except},
    {"with_statement", Kind::with},
    {"assert_statement", Kind::assert_},
    {"delete_statement", Kind::delete_},
    {"function_definition", Kind::function},
    {"class_definition", Kind::class_},
    {"block", Kind::block},
    {"parameters", Kind::parameters},
    {"lambda_parameters", Kind::parameters},
    {"match_statement", Kind::switch_},
    {"case_clause", Kind::case_},
    {"type", Kind::skip},
    {"decorator", Kind::skip},
    {"import_statement", Kind::skip},
    {"import_from_statement", Kind::skip},
    {"future_import_statement", Kind::skip},
    {"global_statement", Kind::skip},
    {"nonlocal_statement", Kind::skip},
    {"type_alias_statement", Kind::skip},
    {"case_pattern", Kind::skip},
    {"type_parameter", Kind::skip},
    {"format_specifier", Kind::skip},
    {"type_conversion", Kind::skip},
    {"exec_statement", Kind::skip},
    {"print_statement", Kind::skip},
    // JavaScript and TypeScript
    {"program", Kind::module},
    {"number", Kind::integer},
    {"null", Kind::none},
    {"undefined", Kind::undefined},
    {"this", Kind::self},
    {"template_string", Kind::template_string},
    {"template_substitution", Kind::interpolation},
    {"binary_expression", Kind::binary},
    {"unary_expression", Kind::unary},
    {"update_expression", Kind::update},
    {"call_expression", Kind::call},
    {"new_expression", Kind::new_},
    {"arguments", Kind::arguments},
    {"member_expression", Kind::attribute},
    {"subscript_expression", Kind::subscript},
    {"array", Kind::list},
    {"object", Kind::dict},
    {"ternary_expression", Kind::conditional},
    {"arrow_function", Kind::lambda},
    {"function_expression", Kind::lambda},
    {"generator_function", Kind::lambda},
    {"await_expression", Kind::await},
    {"yield_expression", Kind::yield},
    {"spread_element", Kind::splat},
    {"assignment_expression", Kind::assign},
    {"augmented_assignment_expression", Kind::aug_assign},
    {"variable_declarator", Kind::declarator},
    {"lexical_declaration", Kind::declaration},
    {"variable_declaration", Kind::declaration},
    {"do_statement", Kind::do_while},
    {"for_in_statement", Kind::for_in},
    {"throw_statement", Kind::raise},
    {"catch_clause", Kind::except},
    {"function_declaration", Kind::function},
    {"generator_function_declaration", Kind::function},
    {"method_definition", Kind::function},
    {"class_declaration", Kind::class_},
    {"class", Kind::class_},
    {"abstract_class_declaration", Kind::class_},
    {"statement_block", Kind::block},
    {"formal_parameters", Kind::parameters},
    {"switch_statement", Kind::switch_},
    {"switch_case", Kind::case_},
    {"switch_default", Kind::case_},
    {"empty_statement", Kind::empty},
    {"non_null_expression", Kind::other},
    {"type_annotation", Kind::skip},
    {"type_arguments", Kind::skip},
    {"type_parameters", Kind::skip},
    {"interface_declaration", Kind::skip},
    {"enum_declaration", Kind::skip},
    {"type_alias_declaration", Kind::skip},
    {"ambient_declaration", Kind::skip},
    {"import_alias", Kind::skip},
    {"object_pattern", Kind::skip},
    {"array_pattern", Kind::skip},
    {"rest_pattern", Kind::skip},
    {"class_heritage", Kind::skip},
    {"as_expression", Kind::skip},
    {"satisfies_expression", Kind::skip},
    {"type_assertion", Kind::skip},
    {"instantiation_expression", Kind::skip},
    {"export_clause", Kind::skip},
    {"jsx_element", Kind::skip},
    {"jsx_self_closing_element", Kind::skip},
    {"regex", Kind::skip},
    {"function_signature", Kind::skip},
    {"abstract_method_signature", Kind::skip},
    {"sequence_expression", Kind::skip},
    {"import", Kind::skip},
    {"meta_property", Kind::skip},
    {"labeled_statement", Kind::other},
});

bool comparison(std::string_view op) {
    static constexpr auto kOps =
        std::to_array<std::string_view>({"<", "<=", ">", ">=", "==", "!=", "===", "!==", "in", "instanceof"});
    return std::find(kOps.begin(), kOps.end(), op) != kOps.end();
}

bool floating_literal(std::string_view text) {
    if (text.starts_with("0x") || text.starts_with("0X")) return false;
    return text.find_first_of(".eE") != std::string_view::npos;
}

}  // namespace

void View::classify() {
    // Grammar names are static texts, so their addresses identify them: one look-up by content for each distinct name.
    std::unordered_map<const char*, Kind> by_address;
    for (Id id = 0; id < nodes_.size(); ++id) {
        const codeindex::FlatNode& node = nodes_[id];
        Kind kind = Kind::other;
        if (node.named) {
            auto [known, fresh] = by_address.try_emplace(node.kind.data(), Kind::other);
            if (fresh) {
                const auto* entry =
                    std::find_if(kTable.begin(), kTable.end(), [&](const Entry& e) { return e.grammar == node.kind; });
                if (entry != kTable.end()) known->second = entry->kind;
            }
            kind = known->second;
        }
        kinds_[id] = kind;
    }
    for (Id id = 0; id < nodes_.size(); ++id) {
        const Kind kind = kinds_[id];
        if (kind == Kind::string && python_) {
            for (Id child = id + 1; child < nodes_[id].next; ++child)
                if (kinds_[child] == Kind::interpolation) kinds_[id] = Kind::template_string;
        }
        if (python_) continue;
        if (kind == Kind::binary) {
            const std::string token = op(id);
            if (comparison(token)) kinds_[id] = Kind::compare;
            if (token == "&&" || token == "||" || token == "??") kinds_[id] = Kind::boolean;
        } else if (kind == Kind::unary) {
            const std::string token = op(id);
            if (token == "!") kinds_[id] = Kind::not_;
            if (token == "delete" || token == "typeof" || token == "void") kinds_[id] = Kind::skip;
        } else if (kind == Kind::integer && floating_literal(text(id))) {
            kinds_[id] = Kind::floating;
        } else if (nodes_[id].kind == "for_statement") {
            kinds_[id] = Kind::for_classic;
        }
    }
}

bool is_expression(Kind kind) {
    return (kind >= Kind::identifier && kind <= Kind::named_expression && kind != Kind::interpolation &&
            kind != Kind::arguments && kind != Kind::keyword_argument && kind != Kind::slice && kind != Kind::pair &&
            kind != Kind::for_clause && kind != Kind::if_clause && kind != Kind::splat);
}

bool is_number(Kind kind) { return kind == Kind::integer || kind == Kind::floating; }

bool is_literal(Kind kind) {
    return is_number(kind) || kind == Kind::string || kind == Kind::true_ || kind == Kind::false_ ||
           kind == Kind::none || kind == Kind::undefined;
}

namespace {

int binary_precedence(bool python, std::string_view op) {
    if (op == "**") return 13;
    if (op == "*" || op == "/" || op == "//" || op == "%" || op == "@") return 11;
    if (op == "+" || op == "-") return 10;
    if (op == "<<" || op == ">>" || op == ">>>") return 9;
    // JavaScript's bitwise operators bind looser than its comparisons, Python's tighter.
    if (op == "&") return python ? 8 : 4;
    if (op == "^") return python ? 7 : 4;
    return python ? 6 : 4;
}

int boolean_precedence(std::string_view op) { return op == "and" || op == "&&" ? 3 : 2; }

}  // namespace

int precedence(const View& view, Id id) {
    switch (view.kind(id)) {
        case Kind::binary:
            return binary_precedence(view.python(), view.op(id));
        case Kind::compare:
            return 5;
        case Kind::boolean:
            return boolean_precedence(view.op(id));
        case Kind::not_:
            return view.python() ? 4 : 12;
        case Kind::unary:
        case Kind::update:
        case Kind::new_:
            return 12;
        case Kind::await:
            return 14;
        case Kind::conditional:
        case Kind::lambda:
            return 1;
        case Kind::tuple:
            return view.text(id).starts_with("(") ? kAtom : 0;
        case Kind::yield:
        case Kind::named_expression:
        case Kind::assign:
        case Kind::aug_assign:
            return 0;
        case Kind::integer:
            // 1.real is no attribute access.
            return 14;
        default:
            return kAtom;
    }
}

int required_precedence(const View& view, Id slot) {
    const Id up = view.parent(slot);
    if (up == kNone) return 1;
    const std::string_view field = view.node(slot).field;
    switch (view.kind(up)) {
        case Kind::binary: {
            const std::string op = view.op(up);
            const int own = binary_precedence(view.python(), op);
            if (op == "**") return view.left(up) == slot ? 14 : 13;
            // JavaScript's three bitwise operators share a number here, so an operand of them is always wrapped.
            if (own == 4) return 5;
            return view.left(up) == slot ? own : own + 1;
        }
        case Kind::compare:
            return view.python() ? 6 : (view.left(up) == slot ? 6 : 9);
        case Kind::boolean:
            return view.op(up) == "??" ? 4 : boolean_precedence(view.op(up));
        case Kind::not_:
            return view.python() ? 4 : 12;
        case Kind::unary:
        case Kind::update:
            return view.python() ? 13 : 12;
        case Kind::await:
            return kAtom;
        case Kind::call:
        case Kind::new_:
        case Kind::attribute:
            return kAtom;
        case Kind::subscript:
            return view.object(up) == slot ? kAtom : 1;
        case Kind::conditional:
            return view.python() ? 2 : (field == "condition" ? 2 : 1);
        case Kind::for_clause:
        case Kind::if_clause:
            return 2;
        case Kind::splat:
            return view.python() ? 6 : 1;
        case Kind::slice:
            return 2;
        case Kind::lambda:
            return view.python() ? 1 : 1;
        case Kind::other:
            // non_null_expression and the like: bind as tightly as possible.
            return kAtom;
        default:
            return 1;
    }
}

std::string fit(const View& view, Id slot, std::string text, int strength) {
    const Id up = view.parent(slot);
    const bool arrow_body = !view.python() && up != kNone && view.kind(up) == Kind::lambda;
    const bool statement_start = !view.python() && up != kNone && view.kind(up) == Kind::expression_statement;
    if (strength < required_precedence(view, slot) || ((arrow_body || statement_start) && text.starts_with("{")))
        return "(" + text + ")";
    // Mixing ?? with && or || without parentheses is a syntax error.
    if (!view.python() && up != kNone && view.kind(up) == Kind::boolean && strength <= 3 &&
        text.find("??") != std::string::npos)
        return "(" + text + ")";
    return text;
}

}  // namespace ec::repair::mutation
