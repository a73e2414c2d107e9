#include "store.hpp"

#include <ec/core/token.hpp>

namespace ec::apps {
namespace {

const sql::Migration kSteps[] = {{1, "reviews", R"(
CREATE TABLE review (
    id TEXT PRIMARY KEY,
    created_ms INTEGER NOT NULL,
    request_key TEXT NOT NULL UNIQUE,
    package TEXT NOT NULL,
    with_link INTEGER NOT NULL CHECK (with_link IN (0, 1)),
    link TEXT,
    link_ends_ms INTEGER NOT NULL,
    answer TEXT
) STRICT;
CREATE INDEX review_waiting ON review (created_ms) WHERE answer IS NULL;
)"}};

constexpr std::size_t kIdDigits = 32;

}  // namespace

Result<std::unique_ptr<ReviewStore>> ReviewStore::open(const std::filesystem::path& data_dir, Now now) {
    EC_ASSIGN(sql::Database database, sql::Database::open(data_dir / "review-service.db"));
    EC_TRY(sql::migrate(database, kSteps));
    return std::unique_ptr<ReviewStore>(new ReviewStore(std::move(database), std::move(now)));
}

std::int64_t ReviewStore::now_ms() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(now_().time_since_epoch()).count();
}

Result<StoredReview> ReviewStore::find(std::string_view column, std::string_view value) {
    EC_TRY(database_.run("UPDATE review SET link = NULL WHERE link IS NOT NULL AND link_ends_ms <= ?", now_ms()));
    EC_ASSIGN(auto rows,
              database_.prepare(column == "id" ? "SELECT id, package, answer, link FROM review WHERE id = ?"
                                               : "SELECT id, package, answer, link FROM review WHERE request_key = ?"));
    EC_TRY(rows.bind(value));
    EC_ASSIGN(const bool found, rows.step());
    if (!found) return fail(ErrorCode::not_found, "there is no such review");
    return StoredReview{rows.text(0), rows.text(1), rows.text(2), rows.text(3)};
}

Result<StoredReview> ReviewStore::add(const std::string& key, const std::string& package, bool with_link) {
    const std::scoped_lock lock(mutex_);
    EC_ASSIGN(auto transaction, sql::Transaction::begin(database_));
    if (auto known = find("request_key", key); known || known.error().code != ErrorCode::not_found) {
        if (!known) return known;
        EC_ASSIGN(auto rows, database_.prepare("SELECT with_link FROM review WHERE id = ?"));
        EC_TRY(rows.bind(known->id));
        EC_TRY(rows.step());
        if (known->package != package || (rows.integer(0) != 0) != with_link)
            return fail(ErrorCode::corrupt, "this Idempotency-Key stands for another question");
        return known;
    }
    EC_ASSIGN(auto waiting, database_.prepare("SELECT count(*) FROM review WHERE answer IS NULL"));
    EC_TRY(waiting.step());
    if (waiting.integer(0) >= kMostReviews) return fail(ErrorCode::unavailable, "too many reviews wait already");
    StoredReview review;
    EC_ASSIGN(review.id, random_token());
    review.id.resize(kIdDigits);
    review.package = package;
    std::optional<std::string> secret;
    if (with_link) {
        EC_ASSIGN(review.link, random_token());
        secret = review.link;
    }
    const std::int64_t now = now_ms();
    const std::int64_t ends = now + std::chrono::milliseconds(kLinkLife).count();
    EC_TRY(
        database_.run("INSERT INTO review (id, created_ms, request_key, package, with_link, link, link_ends_ms) "
                      "VALUES (?, ?, ?, ?, ?, ?, ?)",
                      review.id, now, key, package, with_link, secret, ends));
    EC_TRY(transaction.commit());
    return review;
}

Result<StoredReview> ReviewStore::get(const std::string& id) {
    const std::scoped_lock lock(mutex_);
    return find("id", id);
}

std::string_view ReviewStore::review_of_link(std::string_view token) {
    const std::size_t dot = token.find('.');
    return dot == std::string_view::npos ? std::string_view() : token.substr(0, dot);
}

Result<StoredReview> ReviewStore::get_by_link(std::string_view token) {
    const auto unknown = [] { return fail(ErrorCode::not_found, "this link is unknown, used or too old"); };
    const std::string_view id = review_of_link(token);
    if (id.empty()) return unknown();
    const std::scoped_lock lock(mutex_);
    auto review = find("id", id);
    if (!review && review.error().code != ErrorCode::not_found) return review;
    if (!review || !same_secret(token.substr(id.size() + 1), review->link)) return unknown();
    return review;
}

Result<StoredReview> ReviewStore::answer(const std::string& id, const std::string& text) {
    const std::scoped_lock lock(mutex_);
    EC_ASSIGN(auto transaction, sql::Transaction::begin(database_));
    EC_ASSIGN(StoredReview review, find("id", id));
    if (!review.waiting()) {
        if (review.answer == text) return review;
        return fail(ErrorCode::conflict, "this review has an answer already");
    }
    EC_TRY(database_.run("UPDATE review SET answer = ?, link = NULL WHERE id = ?", text, id));
    EC_TRY(transaction.commit());
    review.answer = text;
    review.link.clear();
    return review;
}

Result<std::int64_t> ReviewStore::count(bool waiting) {
    const std::scoped_lock lock(mutex_);
    EC_ASSIGN(auto rows, database_.prepare("SELECT count(*) FROM review WHERE (answer IS NULL) = ?"));
    EC_TRY(rows.bind(waiting));
    EC_TRY(rows.step());
    return rows.integer(0);
}

Status ReviewStore::check() {
    const std::scoped_lock lock(mutex_);
    return database_.run("SELECT 1");
}

}  // namespace ec::apps
