#include <gtest/gtest.h>

#include <cerrno>
#include <ec/core/result.hpp>
#include <string>

namespace ec {
namespace {

Result<int> half(int x) {
    if (x % 2 != 0) return fail(ErrorCode::invalid_argument, "odd");
    return x / 2;
}

Result<int> quarter(int x) {
    EC_ASSIGN(const int once, half(x));
    EC_TRY(half(once));
    return half(once);
}

TEST(Result, TryPassesTheFirstErrorOn) {
    EXPECT_EQ(quarter(8).value(), 2);
    EXPECT_EQ(quarter(6).error().message, "odd");
    EXPECT_EQ(quarter(5).error().code, ErrorCode::invalid_argument);
}

TEST(Error, ErrnoBecomesACodeAndASentence) {
    const Error error = from_errno("cannot open /x", ENOENT);
    EXPECT_EQ(error.code, ErrorCode::not_found);
    EXPECT_EQ(error.message, "cannot open /x: No such file or directory");
    EXPECT_EQ(from_errno("x", EACCES).code, ErrorCode::denied);
}

}  // namespace
}  // namespace ec
