// The operators by family; table.cpp lists them in the order in which they speak.
#pragma once

#include "mutation/site.hpp"

namespace ec::repair::mutation {

// ops_swap.cpp: operator tokens and operands
void swap_comparison(const Site& site, Sink& sink);
void shift_comparison(const Site& site, Sink& sink);
void swap_arithmetic(const Site& site, Sink& sink);
void swap_operands(const Site& site, Sink& sink);
void swap_boolean(const Site& site, Sink& sink);
void swap_chain(const Site& site, Sink& sink);
void swap_augmented(const Site& site, Sink& sink);

// ops_value.cpp: literals and what is done to a value
void step_number(const Site& site, Sink& sink);
void replace_constant(const Site& site, Sink& sink);
void flip_literal(const Site& site, Sink& sink);
void adjust_value(const Site& site, Sink& sink);
void wrap_value(const Site& site, Sink& sink);
void unwrap_value(const Site& site, Sink& sink);
void change_container(const Site& site, Sink& sink);

// ops_index.cpp: subscripts, slices, ranges
void change_index(const Site& site, Sink& sink);
void change_slice(const Site& site, Sink& sink);
void add_slice(const Site& site, Sink& sink);
void change_range(const Site& site, Sink& sink);

// ops_name.cpp: names, attributes, assignment targets
void replace_name(const Site& site, Sink& sink);
void replace_by_name(const Site& site, Sink& sink);
void replace_attribute(const Site& site, Sink& sink);
void replace_target(const Site& site, Sink& sink);

// ops_call.cpp: arguments, callees, methods, keywords
void change_arguments(const Site& site, Sink& sink);
void replace_callee(const Site& site, Sink& sink);
void replace_method(const Site& site, Sink& sink);
void change_keyword(const Site& site, Sink& sink);
void change_await(const Site& site, Sink& sink);

// ops_condition.cpp: conditions, conditional expressions, comprehensions
void negate_condition(const Site& site, Sink& sink);
void change_condition(const Site& site, Sink& sink);
void swap_conditional(const Site& site, Sink& sink);
void change_comprehension(const Site& site, Sink& sink);
void filter_elements(const Site& site, Sink& sink);

// ops_borrow.cpp: expressions and statements from elsewhere
void borrow_expression(const Site& site, Sink& sink);
void extend_value(const Site& site, Sink& sink);
void borrow_statement(const Site& site, Sink& sink);

// ops_move.cpp: whole statements taken away or moved
void delete_statement(const Site& site, Sink& sink);
void move_statement(const Site& site, Sink& sink);

// ops_statement.cpp: a statement turned into another
void change_jump(const Site& site, Sink& sink);
void change_return(const Site& site, Sink& sink);
void change_branches(const Site& site, Sink& sink);
void change_raise(const Site& site, Sink& sink);
void change_defaults(const Site& site, Sink& sink);
void call_to_assignment(const Site& site, Sink& sink);

// ops_guard.cpp, ops_update.cpp and ops_insert.cpp: statements that are missing
void insert_guard(const Site& site, Sink& sink);
void guard_value(const Site& site, Sink& sink);
void insert_update(const Site& site, Sink& sink);
void insert_accumulation(const Site& site, Sink& sink);
void insert_return(const Site& site, Sink& sink);
void insert_else(const Site& site, Sink& sink);

}  // namespace ec::repair::mutation
