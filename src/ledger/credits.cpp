#include <ec/ledger/books.hpp>

namespace ec::ledger {

Result<Credits> Credits::plus(Credits other) const {
    std::int64_t sum = 0;
    if (__builtin_add_overflow(milli_, other.milli_, &sum))
        return fail(ErrorCode::invalid_argument, "an amount is out of range");
    return Credits(sum);
}

}  // namespace ec::ledger
