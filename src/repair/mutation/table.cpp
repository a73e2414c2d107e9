// The operators in the order in which they speak at a place. The order decides nothing but which of two operators names
// an edit that both offer with the same prior.
#include "mutation/families.hpp"

namespace ec::repair::mutation {

const std::vector<Operator>& expression_operators() {
    static const std::vector<Operator> kOperators = {
        swap_comparison,  shift_comparison, swap_arithmetic, swap_operands, swap_boolean, swap_augmented,   step_number,
        replace_constant, flip_literal,     adjust_value,    wrap_value,    unwrap_value, change_container,
    };
    return kOperators;
}

const std::vector<Operator>& statement_operators() {
    static const std::vector<Operator> kOperators = {};
    return kOperators;
}

}  // namespace ec::repair::mutation
