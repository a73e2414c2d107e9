// Operators that exchange one operator token for another, or its operands.
#include <fmt/format.h>

#include <array>

#include "mutation/families.hpp"

namespace ec::repair::mutation {

namespace {

struct Swap {
    std::string_view from;
    std::string_view to;
    double weight;
    std::string_view why;  // may hold one {} for the expression
};

void swap_token(const Site& site, Sink& sink, Op op, Id token, std::string_view from, const Swap& swap) {
    if (swap.from != from) return;
    const View& view = site.view;
    sink.edit(op, view.begin(token), view.end(token), std::string(swap.to),
              {swap.weight, fmt::format("{}: `{}` should be `{}` in {}", swap.why, swap.from, swap.to,
                                        quoted(view.text(site.node)))});
}

constexpr auto kPythonComparisons = std::to_array<Swap>({
    {"<", "<=", 1, "the comparison excluded the equal case"},
    {"<=", "<", 1, "the comparison included the equal case"},
    {">", ">=", 1, "the comparison excluded the equal case"},
    {">=", ">", 1, "the comparison included the equal case"},
    {"<", ">", 0.6, "the comparison pointed the wrong way"},
    {">", "<", 0.6, "the comparison pointed the wrong way"},
    {"<=", ">=", 0.6, "the comparison pointed the wrong way"},
    {">=", "<=", 0.6, "the comparison pointed the wrong way"},
    {"<", ">=", 0.5, "the comparison was the opposite of what is meant"},
    {">=", "<", 0.5, "the comparison was the opposite of what is meant"},
    {">", "<=", 0.5, "the comparison was the opposite of what is meant"},
    {"<=", ">", 0.5, "the comparison was the opposite of what is meant"},
    {"==", "!=", 0.8, "the comparison was the opposite of what is meant"},
    {"!=", "==", 0.8, "the comparison was the opposite of what is meant"},
    {"==", "<=", 0.35, "smaller values belong to the case too"},
    {"==", ">=", 0.35, "larger values belong to the case too"},
    {"==", "<", 0.2, "the case is that of smaller values"},
    {"==", ">", 0.2, "the case is that of larger values"},
    {"!=", "<", 0.25, "only smaller values belong to the case"},
    {"!=", ">", 0.25, "only larger values belong to the case"},
    {"!=", "<=", 0.15, "the case is that of smaller or equal values"},
    {"!=", ">=", 0.15, "the case is that of larger or equal values"},
    {"<", "==", 0.25, "only the equal case belongs here"},
    {"<=", "==", 0.35, "only the equal case belongs here"},
    {">", "==", 0.25, "only the equal case belongs here"},
    {">=", "==", 0.35, "only the equal case belongs here"},
    {"<", "!=", 0.25, "every unequal case belongs here"},
    {"<=", "!=", 0.15, "every unequal case belongs here"},
    {">", "!=", 0.25, "every unequal case belongs here"},
    {">=", "!=", 0.15, "every unequal case belongs here"},
    {"in", "not in", 0.8, "the membership test was the opposite of what is meant"},
    {"not in", "in", 0.8, "the membership test was the opposite of what is meant"},
    {"in", "==", 0.2, "equality is meant, not membership"},
    {"==", "in", 0.2, "membership is meant, not equality"},
    {"!=", "not in", 0.15, "absence is meant, not inequality"},
    {"is", "is not", 0.8, "the identity test was the opposite of what is meant"},
    {"is not", "is", 0.8, "the identity test was the opposite of what is meant"},
    {"is", "==", 0.4, "equality is meant, not identity"},
    {"is not", "!=", 0.4, "inequality is meant, not identity"},
    {"==", "is", 0.06, "identity is meant, not equality"},
    {"!=", "is not", 0.06, "identity is meant, not inequality"},
});

constexpr auto kScriptComparisons = std::to_array<Swap>({
    {"===", "!==", 0.8, "the comparison was the opposite of what is meant"},
    {"!==", "===", 0.8, "the comparison was the opposite of what is meant"},
    {"==", "===", 0.3, "the comparison must not convert its operands"},
    {"!=", "!==", 0.3, "the comparison must not convert its operands"},
    {"===", "==", 0.25, "the comparison must convert its operands"},
    {"!==", "!=", 0.25, "the comparison must convert its operands"},
    {"===", "<=", 0.35, "smaller values belong to the case too"},
    {"===", ">=", 0.35, "larger values belong to the case too"},
    {"===", "<", 0.2, "the case is that of smaller values"},
    {"===", ">", 0.2, "the case is that of larger values"},
    {"!==", "<", 0.25, "only smaller values belong to the case"},
    {"!==", ">", 0.25, "only larger values belong to the case"},
    {"!==", "<=", 0.15, "the case is that of smaller or equal values"},
    {"!==", ">=", 0.15, "the case is that of larger or equal values"},
    {"<", "===", 0.25, "only the equal case belongs here"},
    {"<=", "===", 0.35, "only the equal case belongs here"},
    {">", "===", 0.25, "only the equal case belongs here"},
    {">=", "===", 0.35, "only the equal case belongs here"},
    {"<", "!==", 0.25, "every unequal case belongs here"},
    {"<=", "!==", 0.15, "every unequal case belongs here"},
    {">", "!==", 0.25, "every unequal case belongs here"},
    {">=", "!==", 0.15, "every unequal case belongs here"},
    {"in", "instanceof", 0.05, "the kind of the object is meant"},
});

constexpr std::string_view kWrongOperator = "the wrong operator was applied";
constexpr auto kArithmetic = std::to_array<Swap>({
    {"+", "-", 1, kWrongOperator},
    {"-", "+", 1, kWrongOperator},
    {"+", "*", 0.6, kWrongOperator},
    {"*", "+", 0.7, kWrongOperator},
    {"*", "/", 0.5, kWrongOperator},
    {"/", "*", 0.7, kWrongOperator},
    {"-", "*", 0.3, kWrongOperator},
    {"*", "-", 0.3, kWrongOperator},
    {"%", "/", 0.3, kWrongOperator},
    {"/", "%", 0.5, kWrongOperator},
    {"/", "+", 0.2, kWrongOperator},
    {"/", "-", 0.3, kWrongOperator},
    {"-", "/", 0.2, kWrongOperator},
    {"+", "/", 0.15, kWrongOperator},
    {"%", "*", 0.2, kWrongOperator},
    {"%", "+", 0.15, kWrongOperator},
    {"%", "-", 0.2, kWrongOperator},
    {"+", "%", 0.2, kWrongOperator},
    {"-", "%", 0.25, kWrongOperator},
    {"*", "%", 0.3, kWrongOperator},
    {"*", "**", 0.4, "a power is meant, not a product"},
    {"**", "*", 0.7, "a product is meant, not a power"},
    {"**", "+", 0.15, kWrongOperator},
    {"**", "/", 0.1, kWrongOperator},
    {"**", "-", 0.1, kWrongOperator},
    {"+", "**", 0.15, kWrongOperator},
    {"-", "**", 0.1, kWrongOperator},
    {"&", "|", 0.9, kWrongOperator},
    {"|", "&", 0.9, kWrongOperator},
    {"^", "&", 0.7, kWrongOperator},
    {"^", "|", 0.7, kWrongOperator},
    {"&", "^", 0.7, kWrongOperator},
    {"|", "^", 0.7, kWrongOperator},
    {"<<", ">>", 0.9, "the bits were shifted the wrong way"},
    {">>", "<<", 0.9, "the bits were shifted the wrong way"},
    {"&", "-", 0.2, kWrongOperator},
    {"-", "&", 0.1, kWrongOperator},
    {"-", "|", 0.05, kWrongOperator},
    {"|", "-", 0.2, kWrongOperator},
    {"|", "+", 0.2, kWrongOperator},
    {"+", "|", 0.05, kWrongOperator},
    {">>", ">>>", 0.2, "the shift must be unsigned"},
    {">>>", ">>", 0.4, "the shift must keep the sign"},
    {"&", "%", 0.1, kWrongOperator},
    {"^", "**", 0.5, "a power is meant, `^` is exclusive or"},
});

constexpr auto kDivision = std::to_array<Swap>({
    {"/", "//", 1, "the quotient must be a whole number"},
    {"//", "/", 1, "the quotient must keep its fraction"},
    {"//", "%", 0.7, "the remainder is meant, not the quotient"},
    {"%", "//", 0.7, "the quotient is meant, not the remainder"},
    {"//", "*", 0.4, kWrongOperator},
    {"*", "//", 0.3, kWrongOperator},
    {"//", "-", 0.25, kWrongOperator},
    {"//", "+", 0.15, kWrongOperator},
});

constexpr auto kAugmented = std::to_array<Swap>({
    {"+=", "-=", 1, kWrongOperator},
    {"-=", "+=", 1, kWrongOperator},
    {"+=", "*=", 0.5, kWrongOperator},
    {"*=", "+=", 0.6, kWrongOperator},
    {"*=", "/=", 0.4, kWrongOperator},
    {"/=", "*=", 0.6, kWrongOperator},
    {"-=", "*=", 0.2, kWrongOperator},
    {"-=", "/=", 0.2, kWrongOperator},
    {"*=", "-=", 0.25, kWrongOperator},
    {"/=", "-=", 0.25, kWrongOperator},
    {"/=", "%=", 0.4, kWrongOperator},
    {"%=", "/=", 0.5, kWrongOperator},
    {"%=", "-=", 0.25, kWrongOperator},
    {"*=", "**=", 0.2, kWrongOperator},
    {"**=", "*=", 0.6, kWrongOperator},
    {"&=", "|=", 0.9, kWrongOperator},
    {"|=", "&=", 0.9, kWrongOperator},
    {"^=", "&=", 0.8, kWrongOperator},
    {"^=", "|=", 0.8, kWrongOperator},
    {"&=", "^=", 0.7, kWrongOperator},
    {"|=", "^=", 0.7, kWrongOperator},
    {"<<=", ">>=", 0.9, "the bits were shifted the wrong way"},
    {">>=", "<<=", 0.9, "the bits were shifted the wrong way"},
    {"+=", "|=", 0.05, kWrongOperator},
    {"|=", "+=", 0.2, kWrongOperator},
    {"&=", "-=", 0.2, kWrongOperator},
    {"-=", "&=", 0.05, kWrongOperator},
    {"+=", "/=", 0.1, kWrongOperator},
    {"||=", "\?\?=", 0.5, kWrongOperator},
    {"\?\?=", "||=", 0.5, kWrongOperator},
    {"&&=", "||=", 0.5, kWrongOperator},
    {"||=", "&&=", 0.5, kWrongOperator},
});
constexpr auto kAugmentedDivision = std::to_array<Swap>({
    {"/=", "//=", 1, "the quotient must be a whole number"},
    {"//=", "/=", 1, "the quotient must keep its fraction"},
    {"//=", "%=", 0.7, "the remainder is meant, not the quotient"},
    {"%=", "//=", 0.7, "the quotient is meant, not the remainder"},
    {"//=", "-=", 0.4, kWrongOperator},
    {"//=", "*=", 0.3, kWrongOperator},
    {"*=", "//=", 0.3, kWrongOperator},
    {"-=", "//=", 0.25, kWrongOperator},
    {"+=", "//=", 0.05, kWrongOperator},
});

bool python_only(std::string_view op) { return op == "is" || op == "is not" || op == "not in"; }

/// Every operator token of a comparison; Python chains them.
std::vector<Id> comparison_tokens(const View& view, Id node) {
    std::vector<Id> out;
    for (Id child = node + 1; child < view.next(node); child = view.next(child))
        if (view.node(child).field == "operators" || view.node(child).field == "operator") out.push_back(child);
    return out;
}

std::string spaced(std::string_view text) {
    std::string out;
    for (const char c : text)
        if (c != ' ' || out.empty() || out.back() != ' ') out += c;
    return out;
}

}  // namespace

void swap_comparison(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (view.kind(site.node) != Kind::compare) return;
    // A number between single characters of a swap, as in `x == 0` -> `x is 0`, is never what is meant.
    const bool literal = is_literal(view.kind(view.right(site.node))) && view.kind(view.right(site.node)) != Kind::none;
    const bool none =
        view.kind(view.right(site.node)) == Kind::none || view.kind(view.right(site.node)) == Kind::undefined;
    for (const Id token : comparison_tokens(view, site.node)) {
        const std::string op = spaced(view.text(token));
        const auto offer = [&](const Swap& swap) {
            if (literal && (python_only(swap.to) || swap.to == "in") && !python_only(op)) return;
            if (literal && swap.to == "in") return;
            if (none && swap.to != "!=" && swap.to != "==" && swap.to != "is" && swap.to != "is not" &&
                swap.to != "===" && swap.to != "!==")
                return;
            if (!view.python() && (python_only(swap.to) || (swap.to == "in" && op != "in"))) return;
            swap_token(site, sink, Op::comparison_swap, token, op, swap);
        };
        for (const Swap& swap : kPythonComparisons) {
            // In JavaScript the strict forms below stand for these.
            if (!view.python() && (swap.to == "==" || (swap.to == "!=" && op != "==")) && op != "!=") continue;
            offer(swap);
        }
        if (!view.python())
            for (const Swap& swap : kScriptComparisons) offer(swap);
    }
}

/// `a < b` -> `b < a`, which differs from a swapped operator where operands have effects, and reads as people wrote it.
/// `x == 0` -> `x <= 1`: the operator and the bound were both meant to be others.
void shift_comparison(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (view.kind(site.node) != Kind::compare || comparison_tokens(view, site.node).size() != 1) return;
    const Id left = view.left(site.node);
    const Id right = view.right(site.node);
    const std::string op = spaced(view.text(comparison_tokens(view, site.node).front()));
    const bool literal = is_literal(view.kind(left)) || is_literal(view.kind(right));
    if (!literal && portable(view, site.node) && op != "==" && op != "!=" && op != "===" && op != "!==") {
        sink.replace(Op::comparison_operands, site.node, fmt::format("{} {} {}", view.text(right), op, view.text(left)),
                     5, {1, fmt::format("the two sides of {} were in the wrong order", quoted(view.text(site.node)))});
    }
    if (!portable(view, site.node) || view.kind(right) != Kind::integer) {
        if (portable(view, site.node) && (op == "<" || op == "<=" || op == ">" || op == ">=") && !literal) {
            for (const int step : {1, -1})
                sink.replace(Op::value_step, right,
                             fmt::format("{} {} 1", fit(view, right, view.str(right), 10), step > 0 ? '+' : '-'), 10,
                             {0.6, fmt::format("the bound in {} was off by one", quoted(view.text(site.node)))});
        }
        return;
    }
    const std::string number = view.str(right);
    if (number.size() > 6 || number.find_first_not_of("0123456789") != std::string::npos) return;
    const long value = std::stol(number);
    const std::string subject = view.str(left);
    const auto offer = [&](std::string_view new_op, long bound, double weight) {
        if (bound < 0) return;
        sink.replace(Op::comparison_shift, site.node, fmt::format("{} {} {}", subject, new_op, bound), 5,
                     {weight, fmt::format("the case in {} ends at another bound: `{} {}`", quoted(view.text(site.node)),
                                          new_op, bound)});
    };
    if (op == "==" || op == "===") {
        offer("<=", value + 1, 1);
        offer(">=", value - 1, 0.3);
        offer(">", value - 1, 0.2);
        offer("<", value + 2, 0.1);
    } else if (op == "!=" || op == "!==") {
        offer(">", value + 1, 0.6);
        offer(">=", value + 2, 0.2);
    } else if (op == "<" || op == "<=") {
        offer(op == "<" ? "<=" : "<", value - 1, 0.3);
        offer("==", value + 1, 0.15);
        offer(op == "<" ? "<=" : "<", value + 1, 0.4);
    } else if (op == ">" || op == ">=") {
        offer(op == ">" ? ">=" : ">", value - 1, 0.3);
        offer(op == ">" ? ">=" : ">", value + 1, 0.3);
    }
}

void swap_arithmetic(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (view.kind(site.node) != Kind::binary) return;
    const Id token = view.operator_token(site.node);
    const std::string op = view.op(site.node);
    const Types left = site.scope.type_of(view.left(site.node));
    const Types right = site.scope.type_of(view.right(site.node));
    const bool text = ((left | right) & (kString | kSequence)) != 0;
    for (const Swap& swap : kArithmetic) {
        Swap weighted = swap;
        if (text) weighted.weight *= swap.to == "*" || swap.to == "+" || swap.to == "%" ? 0.5 : 0.1;
        if (view.python() && (swap.to == ">>>" || swap.from == ">>>")) continue;
        swap_token(site, sink, Op::arithmetic_swap, token, op, weighted);
    }
    if (view.python())
        for (const Swap& swap : kDivision) swap_token(site, sink, Op::arithmetic_swap, token, op, swap);
}

void swap_operands(const Site& site, Sink& sink) {
    const View& view = site.view;
    const Kind kind = view.kind(site.node);
    if (kind != Kind::binary && kind != Kind::boolean) return;
    const Id left = view.left(site.node);
    const Id right = view.right(site.node);
    if (!portable(view, site.node) || left == kNone || right == kNone) return;
    const std::string op = view.op(site.node);
    if (kind == Kind::binary) {
        const Types types = site.scope.type_of(site.node);
        // Only what does not commute: differences, quotients, and sums of texts or lists.
        const bool numeric_sum = (op == "+" || op == "*" || op == "&" || op == "|" || op == "^") && types == kNumber;
        const bool commutes = op == "*" || op == "&" || op == "|" || op == "^";
        if (!numeric_sum && !commutes) {
            const std::string a = fit(view, left, view.str(right), precedence(view, right));
            const std::string b = fit(view, right, view.str(left), precedence(view, left));
            sink.replace(Op::operands_swap, site.node, fmt::format("{} {} {}", a, op, b), precedence(view, site.node),
                         {is_number(view.kind(left)) && !is_number(view.kind(right)) && op == "%" ? 2.0
                          : op == "+" && types == 0                                               ? 0.6
                                                                                                  : 1.0,
                          fmt::format("the operands of {} were in the wrong order", quoted(view.text(site.node)))});
        }
    }
    const Op which = kind == Kind::binary ? Op::operand_only : Op::drop_operand;
    for (const Id keep : {left, right}) {
        const Id gone = keep == left ? right : left;
        sink.replace(
            which, site.node, view.str(keep), precedence(view, keep),
            {is_literal(view.kind(keep)) ? 0.3 : 1.0,
             fmt::format("{} does not belong into {}", quoted(view.text(gone)), quoted(view.text(site.node)))});
    }
}

void swap_boolean(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (view.kind(site.node) != Kind::boolean) return;
    const Id token = view.operator_token(site.node);
    const std::string op = view.op(site.node);
    // Mixed with another operator of the family, `??` asks for parentheses.
    const bool mixed = view.kind(view.parent(site.node)) == Kind::boolean ||
                       view.kind(view.left(site.node)) == Kind::boolean ||
                       view.kind(view.right(site.node)) == Kind::boolean;
    for (const Swap& swap :
         {Swap{"and", "or", 1, "one of the conditions is enough"},
          Swap{"or", "and", 1, "all the conditions are needed"}, Swap{"&&", "||", 1, "one of the conditions is enough"},
          Swap{"||", "&&", 1, "all the conditions are needed"},
          Swap{"??", "||", 0.6, "every false value needs the default"},
          Swap{"||", "??", 0.6, "only a missing value needs the default"}, Swap{"&&", "??", 0.1, "a default is meant"},
          Swap{"??", "&&", 0.2, "both are needed"}}) {
        if (mixed && (swap.from == "??" || swap.to == "??")) continue;
        swap_token(site, sink, Op::boolean_swap, token, op, swap);
    }
}

/// a and b and c -> a or b or c: people think of a chain as one.
void swap_chain(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (view.kind(site.node) != Kind::boolean || view.kind(view.parent(site.node)) == Kind::boolean) return;
    const std::string op = view.op(site.node);
    const bool conjunction = op == "and" || op == "&&";
    if (op == "\?\?" || !portable(view, site.node)) return;
    std::vector<std::string> operands;
    Id rest = site.node;
    while (view.kind(rest) == Kind::boolean && view.op(rest) == op) {
        const Id right = view.right(rest);
        const bool loose = precedence(view, right) <= 2;
        operands.insert(operands.begin(), loose ? "(" + view.str(right) + ")" : view.str(right));
        rest = view.left(rest);
    }
    if (operands.size() < 2 || view.kind(rest) == Kind::boolean) return;
    std::string text = view.str(rest);
    const std::string_view joint = view.python() ? (conjunction ? " or " : " and ") : (conjunction ? " || " : " && ");
    for (const std::string& operand : operands) {
        text += joint;
        text += operand;
    }
    sink.replace(Op::boolean_swap, site.node, text, conjunction ? 2 : 3,
                 {0.9, conjunction ? "one of the conditions is enough" : "all the conditions are needed"});
}

void swap_augmented(const Site& site, Sink& sink) {
    const View& view = site.view;
    if (view.kind(site.node) == Kind::aug_assign) {
        const Id token = view.operator_token(site.node);
        const std::string op = view.op(site.node);
        for (const Swap& swap : kAugmented) swap_token(site, sink, Op::augmented_swap, token, op, swap);
        if (view.python())
            for (const Swap& swap : kAugmentedDivision) swap_token(site, sink, Op::augmented_swap, token, op, swap);
        sink.edit(Op::assign_augment, view.begin(token), view.end(token), "=",
                  {0.7, fmt::format("{} must be set, not changed", quoted(view.text(view.left(site.node))))});
        return;
    }
    if (view.kind(site.node) == Kind::update) {
        const std::string op = view.op(site.node);
        const Id token = view.operator_token(site.node);
        sink.edit(Op::augmented_swap, view.begin(token), view.end(token), op == "++" ? "--" : "++",
                  {1, fmt::format("{} was counted the wrong way", quoted(view.text(view.operand(site.node))))});
        // As a value it would give the new number, not the old one; as a step it is only larger.
        const Kind up = view.kind(view.parent(site.node));
        if (up == Kind::for_classic || up == Kind::expression_statement)
            sink.edit(Op::augmented_swap, view.begin(site.node), view.end(site.node),
                      fmt::format("{} {} 2", view.text(view.operand(site.node)), op == "++" ? "+=" : "-="),
                      {0.4, fmt::format("{} goes in steps of two", quoted(view.text(view.operand(site.node))))});
        return;
    }
    if (view.kind(site.node) != Kind::assign) return;
    const Id target = view.field(site.node, "left");
    const Id value = view.field(site.node, "right");
    const Kind target_kind = view.kind(target);
    const bool single =
        target_kind == Kind::identifier || target_kind == Kind::attribute || target_kind == Kind::subscript;
    if (!single || value == kNone || view.field(site.node, "type") != kNone) return;
    if (view.kind(value) == Kind::assign || view.kind(view.parent(site.node)) == Kind::assign) return;  // a = b = c
    // The token between the two sides.
    for (Id child = site.node + 1; child < view.next(site.node); child = view.next(child)) {
        if (view.node(child).kind != "=") continue;
        const bool in_loop = view.loop_of(site.statement) != kNone;
        for (const auto& [op, weight] :
             {std::pair{"+=", 1.0}, std::pair{"-=", 0.4}, std::pair{"*=", 0.3}, std::pair{"|=", 0.15}})
            sink.edit(Op::assign_augment, view.begin(child), view.end(child), op,
                      {weight * (in_loop ? 1.0 : 0.5),
                       fmt::format("{} was overwritten where it should gather: `=` should be `{}`",
                                   quoted(view.text(target)), op)});
        break;
    }
}

}  // namespace ec::repair::mutation
