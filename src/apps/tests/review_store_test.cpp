#include <gtest/gtest.h>

#include <ec/core/fs.hpp>
#include <ec/json/json.hpp>

#include "review_service/routes.hpp"
#include "review_service/store.hpp"
#include "service_start.hpp"

namespace ec::apps {
namespace {

class Store : public ::testing::Test {
protected:
    void SetUp() override {
        dir_.emplace(*TempDir::create());
        auto store = ReviewStore::open(dir_->path(), [this] { return now_; });
        ASSERT_TRUE(store) << store.error().message;
        store_ = *std::move(store);
    }
    static std::string token(const StoredReview& review) { return review.id + "." + review.link; }

    std::optional<TempDir> dir_;
    std::chrono::system_clock::time_point now_{std::chrono::hours(1'000'000)};
    std::unique_ptr<ReviewStore> store_;
};

TEST_F(Store, TheSameRequestGetsTheSameReviewAndLink) {
    const auto first = store_->add("key", "question", true);
    ASSERT_TRUE(first);
    EXPECT_GE(first->link.size(), 32U);  // 128 bits and more
    EXPECT_EQ(store_->add("key", "question", true)->id, first->id);
    EXPECT_EQ(store_->add("key", "question", true)->link, first->link);
    EXPECT_EQ(store_->add("key", "another", true).error().code, ErrorCode::corrupt);
    EXPECT_EQ(store_->add("key", "question", false).error().code, ErrorCode::corrupt);
    EXPECT_NE(store_->add("key2", "question", true)->id, first->id);
}

TEST_F(Store, ALinkWorksUntilItIsUsed) {
    const auto review = store_->add("key", "question", true);
    EXPECT_EQ(store_->get_by_link(token(*review))->package, "question");
    EXPECT_TRUE(store_->get_by_link(token(*review)));  // looking is not using
    ASSERT_TRUE(store_->answer(review->id, "a diff"));
    EXPECT_EQ(store_->get_by_link(token(*review)).error().code, ErrorCode::not_found);
    EXPECT_EQ(store_->get(review->id)->answer, "a diff");
    EXPECT_EQ(store_->add("key", "question", true)->link, "");  // asked again: the link is gone
}

TEST_F(Store, ALinkGetsTooOld) {
    const auto review = store_->add("key", "question", true);
    now_ += ReviewStore::kLinkLife - std::chrono::milliseconds(1);
    EXPECT_TRUE(store_->get_by_link(token(*review)));
    now_ += std::chrono::milliseconds(1);
    EXPECT_FALSE(store_->get_by_link(token(*review)));
    EXPECT_TRUE(store_->get(review->id)->waiting());
}

TEST_F(Store, ALinkThatIsNotQuiteRightIsNone) {
    const auto review = store_->add("key", "question", true);
    const auto other = store_->add("key2", "question", true);
    const auto plain = store_->add("key3", "question", false);
    for (const std::string& bad : {std::string(), std::string("."), review->id, review->id + ".", "." + review->link,
                                   review->link, review->id + "." + other->link, plain->id + ".", token(*review) + "0",
                                   token(*review).substr(0, token(*review).size() - 1)}) {
        EXPECT_FALSE(store_->get_by_link(bad)) << bad;
    }
}

TEST_F(Store, TheFirstAnswerCounts) {
    const auto review = store_->add("key", "question", false);
    EXPECT_TRUE(store_->answer(review->id, "a"));
    EXPECT_TRUE(store_->answer(review->id, "a"));
    EXPECT_EQ(store_->answer(review->id, "b").error().code, ErrorCode::conflict);
    EXPECT_EQ(store_->answer("nobody", "a").error().code, ErrorCode::not_found);
    EXPECT_EQ(store_->get(review->id)->answer, "a");
    EXPECT_EQ(*store_->count(true), 0);
    EXPECT_EQ(*store_->count(false), 1);
}

TEST_F(Store, TheDocumentAndTheTableOfRoutesAgree) {
    const auto routes = review_routes(*store_, "token");
    const net::Route* openapi = nullptr;
    std::set<std::pair<std::string, std::string>> table;
    for (const net::Route& route : routes) {
        std::string method = route.method;
        for (char& c : method) c = static_cast<char>(std::tolower(c));
        table.emplace(route.path, method);
        if (route.path == "/openapi.json") openapi = &route;
    }
    ASSERT_NE(openapi, nullptr);
    const auto document = json::parse(openapi->handle({}).body);
    ASSERT_TRUE(document);
    std::set<std::pair<std::string, std::string>> told;
    for (const auto& path : document->as_object().at("paths").as_object()) {
        for (const auto& method : path.value().as_object()) told.emplace(path.key(), method.key());
    }
    EXPECT_EQ(told, table);
}

TEST(ReviewPage, ShowsAQuestionAsTextWhateverItHolds) {
    StoredReview review;
    review.package = "</pre><script>alert('1')</script> & \"x\"";
    const std::string page = review_page(review, "t\"><script>");
    EXPECT_EQ(page.find("<script"), std::string::npos);
    EXPECT_NE(page.find("&lt;/pre&gt;&lt;script&gt;alert(&#39;1&#39;)"), std::string::npos);
}

TEST(ListenAddresses, AreReadStrictly) {
    EXPECT_EQ(*parse_listen("127.0.0.1:4305"), (ListenAddress{"127.0.0.1", 4305}));
    EXPECT_EQ(*parse_listen("[::1]:0"), (ListenAddress{"::1", 0}));
    for (const char* bad : {"", "4305", ":4305", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "::1:80",
                            "[]:80", "[127.0.0.1]:80", "127.0.0.1:-1"}) {
        EXPECT_FALSE(parse_listen(bad)) << bad;
    }
}

}  // namespace
}  // namespace ec::apps
