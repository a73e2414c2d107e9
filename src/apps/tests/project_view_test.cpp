// Search by meaning: what it adds to search by words, and that neither a slow embedder nor a broken one holds a task
// up.
#include "project_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <ec/core/fs.hpp>
#include <fstream>
#include <mutex>

namespace ec::apps {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Answers nothing until it is stopped.
class Stuck final : public codeindex::Embedder {
public:
    explicit Stuck(std::function<void()> begun) : begun_(std::move(begun)) {}
    [[nodiscard]] std::size_t width() const override { return 1; }
    Result<std::vector<std::vector<float>>> embed(std::span<const std::string>, std::stop_token stop) override {
        begun_();
        std::mutex mutex;
        std::condition_variable_any stopped;
        std::unique_lock lock(mutex);
        stopped.wait(lock, stop, [] { return false; });
        return fail(ErrorCode::cancelled, "the request was cancelled");
    }

private:
    std::function<void()> begun_;
};

class SearchByMeaning : public ::testing::Test {
protected:
    void SetUp() override {
        std::ofstream(folder_.path() / "needle.py") << "def find_needle():\n    return 1\n";
        view_ = std::make_unique<ProjectView>(ProjectView::open(folder_.path()).value());
    }
    void use_a_stuck_embedder(milliseconds longest, std::function<void()> begun = [] {}) {
        view_->use_embedder(
            [this, begun = std::move(begun)](const std::stop_token&) -> Result<std::unique_ptr<codeindex::Embedder>> {
                ++opened_;
                return std::make_unique<Stuck>(begun);
            },
            [this](const std::string& text) { warnings_.push_back(text); }, longest);
    }

    TempDir folder_ = TempDir::create().value();
    std::unique_ptr<ProjectView> view_;
    std::vector<std::string> warnings_;
    int opened_ = 0;
};

TEST_F(SearchByMeaning, GoesByWordsAloneOnceEmbeddingTakesTooLong) {
    use_a_stuck_embedder(milliseconds(20));
    EXPECT_THAT(view_->related("needle", 5), ElementsAre("needle.py"));
    EXPECT_THAT(view_->search("needle", 4096), HasSubstr("find_needle"));
    EXPECT_THAT(warnings_, ElementsAre("search goes by words alone: embedding took longer than 0.02 s"));
    EXPECT_EQ(opened_, 1);
}

TEST_F(SearchByMeaning, EndsWithTheTaskAndMayEmbedInTheNext) {
    std::stop_source person;
    int embedded = 0;
    use_a_stuck_embedder(std::chrono::hours(1), [&] {
        ++embedded;
        person.request_stop();
    });
    for (int task = 1; task <= 2; ++task) {
        person = std::stop_source();
        view_->stop_with(person.get_token());
        EXPECT_THAT(view_->related("needle", 5), ElementsAre("needle.py"));
        EXPECT_EQ(embedded, task);
    }
    EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(SearchByMeaning, SaysOnceWhyAnEmbedderDoesNotWork) {
    view_->use_embedder(
        [](const std::stop_token&) -> Result<std::unique_ptr<codeindex::Embedder>> {
            return fail(ErrorCode::not_found, "no such model");
        },
        [this](const std::string& text) { warnings_.push_back(text); });
    EXPECT_THAT(view_->related("needle", 5), ElementsAre("needle.py"));
    EXPECT_THAT(view_->related("needle", 5), ElementsAre("needle.py"));
    EXPECT_THAT(warnings_, ElementsAre("search goes by words alone: no such model"));
}

}  // namespace
}  // namespace ec::apps
