// What the review service keeps: questions, their answers, and the one-use links that let a person answer.
//
// Lives in DATA_DIR/review-service.db (mode 0600). A link's secret is kept in it as it is, as the service's own token
// is beside it, because the same request must get the same answer twice; it is erased when it was used or is too old.
// Thread-safe: one lock around everything.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/sql/sql.hpp>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace ec::apps {

struct StoredReview {
    std::string id;
    std::string package;
    std::string answer;  ///< empty while it waits
    std::string link;    ///< the secret of its link; empty when it has none (any more)
    [[nodiscard]] bool waiting() const { return answer.empty(); }
};

class ReviewStore {
public:
    using Now = std::function<std::chrono::system_clock::time_point()>;
    static constexpr std::chrono::hours kLinkLife{72};
    static constexpr std::int64_t kMostReviews = 10'000;

    static Result<std::unique_ptr<ReviewStore>> open(const std::filesystem::path& data_dir, Now now);

    /// The same key with the same question gives the first review again; with another, `corrupt`. `unavailable` when
    /// kMostReviews wait already.
    Result<StoredReview> add(const std::string& key, const std::string& package, bool with_link);
    Result<StoredReview> get(const std::string& id);
    /// The id of the review that a link's token speaks of, whether there is such a link or not.
    [[nodiscard]] static std::string_view review_of_link(std::string_view token);
    /// The review that a link is for: `not_found` for one that is unknown, used or too old, without a difference.
    Result<StoredReview> get_by_link(std::string_view token);
    /// The first answer counts: the same again is fine, another is `conflict`. Ends the link.
    Result<StoredReview> answer(const std::string& id, const std::string& text);
    Result<std::int64_t> count(bool waiting);
    /// Whether the database answers.
    Status check();

private:
    ReviewStore(sql::Database database, Now now) : database_(std::move(database)), now_(std::move(now)) {}
    Result<StoredReview> find(std::string_view column, std::string_view value);
    [[nodiscard]] std::int64_t now_ms() const;

    std::mutex mutex_;
    sql::Database database_;  ///< guarded by mutex_
    Now now_;
};

}  // namespace ec::apps
