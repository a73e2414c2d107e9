// Random sequences of operations beside a plain model in memory.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "books_fixture.hpp"

namespace ec::ledger {
namespace {

constexpr std::int64_t kFloor = -100;

struct Model {
    struct Hold {
        std::string account;
        std::int64_t amount = 0;
        std::int64_t paid = 0;
        bool open = true;
    };
    std::map<std::string, std::int64_t> balances{{"mint", 0}, {"a", 0}, {"b", 0}, {"c", 0}};
    std::map<std::string, Hold> holds;
    std::set<std::string> made;

    [[nodiscard]] std::int64_t held(const std::string& id) const {
        std::int64_t sum = 0;
        for (const auto& [name, each] : holds) sum += each.open && each.account == id ? each.amount - each.paid : 0;
        return sum;
    }
    [[nodiscard]] bool bears(const std::string& id, std::int64_t amount) const {
        return id == "mint" || balances.at(id) - held(id) - amount >= kFloor;
    }
    std::optional<ErrorCode> hold(const std::string& name, const std::string& id, std::int64_t amount) {
        if (const auto found = holds.find(name); found != holds.end()) {
            const bool same = found->second.account == id && found->second.amount == amount;
            return same ? std::nullopt : std::optional(ErrorCode::conflict);
        }
        if (!bears(id, amount)) return ErrorCode::denied;
        holds[name] = {id, amount};
        return std::nullopt;
    }
    Result<bool> pay(const std::string& name, const std::string& dedupe, const std::string& to, std::int64_t amount) {
        if (made.contains(dedupe)) return false;
        const auto found = holds.find(name);
        if (found == holds.end()) return fail(ErrorCode::not_found, "");
        if (!found->second.open) return fail(ErrorCode::conflict, "");
        if (found->second.amount - found->second.paid < amount) return fail(ErrorCode::denied, "");
        found->second.paid += amount;
        balances[found->second.account] -= amount;
        balances[to] += amount;
        made.insert(dedupe);
        return true;
    }
    Result<bool> post(const std::string& dedupe, const std::string& from, const std::string& to, std::int64_t amount) {
        if (made.contains(dedupe)) return false;
        if (from != to && !bears(from, amount)) return fail(ErrorCode::denied, "");
        balances[from] -= amount;
        balances[to] += amount;
        made.insert(dedupe);
        return true;
    }
    std::optional<ErrorCode> release(const std::string& name) {
        const auto found = holds.find(name);
        if (found == holds.end()) return ErrorCode::not_found;
        found->second.open = false;
        return std::nullopt;
    }
};

std::string outcome(const Result<bool>& result) {
    return result ? (*result ? "moved" : "made before") : std::string(name(result.error().code));
}

RC_GTEST_PROP(BooksProperty, DoWhatAPlainModelDoes, ()) {
    auto database = sql::Database::open_in_memory();
    RC_ASSERT(sql::migrate(*database, "ledger", ledger_migrations()).has_value());
    Books books(*database);
    RC_ASSERT(books.open_account("mint", AccountKind::mint, std::nullopt).has_value());
    for (const char* id : {"a", "b", "c"})
        RC_ASSERT(books.open_account(id, AccountKind::user, Credits::milli(kFloor)).has_value());
    Model model;
    const auto person = rc::gen::element<std::string>("mint", "a", "b", "c");
    const auto hold_name = rc::gen::element<std::string>("h1", "h2", "h3", "h4");
    const auto amounts = rc::gen::inRange<std::int64_t>(1, 300);
    const int steps = *rc::gen::inRange(1, 60);
    for (int step = 0; step < steps; ++step) {
        auto transaction = sql::Transaction::begin(*database);
        RC_ASSERT(transaction.has_value());
        const std::string dedupe = "d" + std::to_string(*rc::gen::inRange(0, 40));
        const std::string first = *person;
        const std::string second = *person;
        const std::string hold = *hold_name;
        const std::int64_t amount = *amounts;
        const Credits credits = Credits::milli(amount);
        const bool commits = *rc::gen::inRange(0, 5) != 0;
        Model next = model;
        switch (*rc::gen::inRange(0, 4)) {
            case 0:
                RC_ASSERT(code(books.hold(hold, first, credits, kLater)) == next.hold(hold, first, amount));
                break;
            case 1:
                RC_ASSERT(outcome(books.pay(hold, dedupe, first, credits, kNow)) ==
                          outcome(next.pay(hold, dedupe, first, amount)));
                break;
            case 2: {
                const std::vector<Entry> entries{{first, Credits::milli(-amount)}, {second, credits}};
                RC_ASSERT(outcome(books.post("test", dedupe, entries, kNow)) ==
                          outcome(next.post(dedupe, first, second, amount)));
                break;
            }
            default:
                RC_ASSERT(code(books.release(hold)) == next.release(hold));
        }
        if (commits) {
            RC_ASSERT(transaction->commit().has_value());
            model = next;
        }
    }
    for (const auto& [id, balance] : model.balances) {
        const auto account = books.account(id);
        RC_ASSERT(account->balance.milli() == balance);
        RC_ASSERT(account->held.milli() == model.held(id));
    }
    RC_ASSERT(books.audit().has_value());
}

}  // namespace
}  // namespace ec::ledger
