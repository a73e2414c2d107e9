// Ops: the one table of mutation operators, with the prior each carries.
//
// A prior says how often a real one-place fix has this shape, relative to the most common one (docs/repair.md). The
// operators multiply it with a weight in (0, 1] for how well this very edit fits its place.
#pragma once

#include <cstdint>
#include <string_view>

namespace ec::repair::mutation {

enum class Op : std::uint8_t {
    comparison_swap,
    comparison_operands,
    comparison_shift,
    arithmetic_swap,
    operands_swap,
    operand_only,
    boolean_swap,
    augmented_swap,
    assign_augment,
    negate,
    drop_operand,
    add_condition,
    guard_none,
    force_condition,
    condition_replace,
    number_step,
    number_replace,
    constant_replace,
    string_replace,
    literal_flip,
    index_shift,
    bound_shift,
    slice_change,
    slice_add,
    range_change,
    subscript_swap,
    subscript_change,
    name_replace,
    attribute_replace,
    expression_to_name,
    target_replace,
    argument_swap,
    argument_replace,
    argument_drop,
    argument_add,
    keyword_change,
    callee_replace,
    method_replace,
    unwrap_call,
    wrap_call,
    clamp,
    value_step,
    arithmetic_extend,
    negate_value,
    await_change,
    conditional_swap,
    branch_swap,
    else_if_change,
    comprehension_condition,
    comprehension_element,
    container_element,
    return_value,
    return_missing,
    yield_return,
    exception_type,
    default_argument,
    borrow_expression,
    borrow_statement,
    delete_statement,
    move_statement,
    duplicate_statement,
    insert_jump,
    swap_jump,
    insert_guard,
    insert_update,
    insert_accumulation,
    insert_initialisation,
    insert_else,
    call_to_assignment,
    integer_division,
    count_,
};

struct OpInfo {
    std::string_view name;
    double prior = 0;
};

OpInfo info(Op op);

}  // namespace ec::repair::mutation
