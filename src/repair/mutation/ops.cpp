#include "mutation/ops.hpp"

#include <array>

namespace ec::repair::mutation {

namespace {

constexpr auto kInfo = std::to_array<OpInfo>({
    {"comparison-swap", 0.90},
    {"comparison-operands", 0.35},
    {"comparison-shift", 0.45},
    {"arithmetic-swap", 0.75},
    {"operands-swap", 0.35},
    {"operand-only", 0.35},
    {"boolean-swap", 0.80},
    {"augmented-swap", 0.75},
    {"assign-augment", 0.60},
    {"negate", 0.75},
    {"drop-operand", 0.40},
    {"add-condition", 0.25},
    {"guard-none", 0.40},
    {"force-condition", 0.20},
    {"condition-replace", 0.25},
    {"number-step", 0.70},
    {"number-replace", 0.35},
    {"constant-replace", 0.45},
    {"string-replace", 0.30},
    {"literal-flip", 0.80},
    {"index-shift", 0.50},
    {"bound-shift", 0.60},
    {"slice-change", 0.45},
    {"slice-add", 0.25},
    {"range-change", 0.60},
    {"subscript-swap", 0.40},
    {"subscript-change", 0.35},
    {"name-replace", 0.65},
    {"attribute-replace", 0.45},
    {"expression-to-name", 0.25},
    {"target-replace", 0.25},
    {"argument-swap", 0.60},
    {"argument-replace", 0.40},
    {"argument-drop", 0.25},
    {"argument-add", 0.25},
    {"keyword-change", 0.35},
    {"callee-replace", 0.60},
    {"method-replace", 0.55},
    {"unwrap-call", 0.45},
    {"wrap-call", 0.20},
    {"clamp", 0.20},
    {"value-step", 0.35},
    {"arithmetic-extend", 0.15},
    {"negate-value", 0.25},
    {"await-change", 0.40},
    {"conditional-swap", 0.60},
    {"branch-swap", 0.35},
    {"else-if-change", 0.30},
    {"comprehension-condition", 0.35},
    {"comprehension-element", 0.25},
    {"container-element", 0.25},
    {"return-value", 0.45},
    {"return-missing", 0.55},
    {"yield-return", 0.35},
    {"exception-type", 0.20},
    {"default-argument", 0.35},
    {"borrow-expression", 0.18},
    {"borrow-statement", 0.10},
    {"delete-statement", 0.40},
    {"move-statement", 0.35},
    {"duplicate-statement", 0.06},
    {"insert-jump", 0.25},
    {"swap-jump", 0.55},
    {"insert-guard", 0.20},
    {"insert-update", 0.35},
    {"insert-accumulation", 0.30},
    {"insert-initialisation", 0.20},
    {"insert-else", 0.20},
    {"call-to-assignment", 0.20},
    {"integer-division", 0.60},
});
static_assert(kInfo.size() == static_cast<std::size_t>(Op::count_));

}  // namespace

OpInfo info(Op op) { return kInfo[static_cast<std::size_t>(op)]; }

}  // namespace ec::repair::mutation
