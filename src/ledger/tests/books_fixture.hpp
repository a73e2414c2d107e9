// Books in a database of their own, with a mint and three people.
#pragma once

#include <gtest/gtest.h>

#include <ec/ledger/books.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engines.hpp"

namespace ec::ledger {

inline constexpr std::int64_t kNow = 1'700'000'000'000;
inline constexpr std::int64_t kLater = kNow + 600'000;

class BooksFixture : public OnEveryEngine {
protected:
    void SetUp() override {
        OnEveryEngine::SetUp();
        if (!database_) return;
        books_.emplace(*database_);
        ASSERT_TRUE(books_->open_account("mint", AccountKind::mint, std::nullopt));
        for (const char* id : {"alice", "bob", "carol"})
            ASSERT_TRUE(books_->open_account(id, AccountKind::user, Credits()));
        const auto granted =
            within([&] { return books_->post("grant", "grant-1", transfer("mint", "alice", 1000), kNow); });
        ASSERT_TRUE(granted) << granted.error().message;
    }
    void TearDown() override {
        if (!books_) return;
        const Status sound = books_->audit();
        EXPECT_TRUE(sound) << sound.error().message;
    }
    static std::vector<Entry> transfer(std::string from, std::string to, std::int64_t amount) {
        return {{std::move(from), Credits::milli(-amount)}, {std::move(to), Credits::milli(amount)}};
    }
    /// One transaction of the database, committed when `work` succeeds.
    template <class Work>
    auto within(Work work) -> decltype(work()) {
        EC_ASSIGN(sql::Transaction transaction, sql::Transaction::begin(*database_));
        auto result = work();
        if (result) EC_TRY(transaction.commit());
        return result;
    }
    Status hold(std::string_view name, std::string_view account, std::int64_t amount) {
        return within([&] { return books_->hold(name, account, Credits::milli(amount), kLater); });
    }
    Result<bool> pay(std::string_view name, std::string_view dedupe, std::string_view to, std::int64_t amount,
                     Rest rest = Rest::held) {
        return within([&] { return books_->pay(name, dedupe, to, Credits::milli(amount), kNow, rest); });
    }
    Result<bool> post(std::string_view dedupe, const std::vector<Entry>& entries) {
        return within([&] { return books_->post("test", dedupe, entries, kNow); });
    }
    Status release(std::string_view name) {
        return within([&] { return books_->release(name); });
    }
    std::int64_t balance(std::string_view id) {
        auto account = books_->account(id);
        EXPECT_TRUE(account) << account.error().message;
        return account ? account->balance.milli() : INT64_MIN;
    }
    std::int64_t held(std::string_view id) { return books_->account(id)->held.milli(); }

    std::optional<Books> books_;
};

/// What went wrong, or nothing.
template <class T>
std::optional<ErrorCode> code(const Result<T>& result) {
    return result ? std::nullopt : std::optional(result.error().code);
}

}  // namespace ec::ledger
