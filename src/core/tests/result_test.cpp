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

TEST(Error, OfAFieldSaysWhichInMoreThanWords) {
    const Status status = fail_field("tasks[0].key", "tasks[0].key must be a word");
    EXPECT_EQ(status.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(status.error().fields, std::vector<std::string>{"tasks[0].key"});
}

TEST(Error, WhatIsToBeAskedAgainLaterIsToldFromWhatIsWrong) {
    for (const ErrorCode code :
         {ErrorCode::io, ErrorCode::over_quota, ErrorCode::storage_full, ErrorCode::timeout, ErrorCode::unavailable})
        EXPECT_TRUE(may_recover(code)) << name(code);
    for (const ErrorCode code :
         {ErrorCode::invalid_argument, ErrorCode::denied, ErrorCode::conflict, ErrorCode::internal})
        EXPECT_FALSE(may_recover(code)) << name(code);
    EXPECT_EQ(http_status(ErrorCode::over_quota), 429) << "the caller has too much";
    EXPECT_EQ(http_status(ErrorCode::storage_full), 503) << "the service has";
}

}  // namespace
}  // namespace ec
