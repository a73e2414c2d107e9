// The operators in the order in which they speak at a place. The order decides nothing but which of two operators names
// an edit that both offer with the same prior.
#include "mutation/families.hpp"

namespace ec::repair::mutation {

const std::vector<Operator>& expression_operators() {
    static const std::vector<Operator> kOperators = {
        swap_comparison,      shift_comparison, swap_arithmetic,   swap_operands,    swap_boolean,     swap_chain,
        swap_augmented,       step_number,      replace_constant,  flip_literal,     adjust_value,     wrap_value,
        unwrap_value,         change_container, change_index,      change_range,     change_slice,     add_slice,
        replace_name,         replace_by_name,  replace_attribute, replace_target,   change_arguments, replace_callee,
        replace_method,       change_keyword,   change_await,      negate_condition, change_condition, swap_conditional,
        change_comprehension, filter_elements,  borrow_expression, extend_value,     guard_value,
    };
    return kOperators;
}

const std::vector<Operator>& statement_operators() {
    static const std::vector<Operator> kOperators = {
        delete_statement, move_statement,  change_jump,         change_return,    change_branches,
        change_raise,     change_defaults, call_to_assignment,  insert_return,    insert_else,
        insert_guard,     insert_update,   insert_accumulation, borrow_statement,
    };
    return kOperators;
}

const std::vector<Operator>& inserting_operators() {
    static const std::vector<Operator> kOperators = {insert_guard, insert_update, insert_accumulation};
    return kOperators;
}

}  // namespace ec::repair::mutation
