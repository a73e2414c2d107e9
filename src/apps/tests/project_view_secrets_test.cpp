#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ec/core/fs.hpp>

#include "project_view.hpp"

namespace ec::apps {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// Keeps what it is given to embed.
class Listening final : public codeindex::Embedder {
public:
    explicit Listening(std::vector<std::string>& heard) : heard_(heard) {}
    [[nodiscard]] std::size_t width() const override { return 1; }
    Result<std::vector<std::vector<float>>> embed(std::span<const std::string> texts, std::stop_token) override {
        heard_.insert(heard_.end(), texts.begin(), texts.end());
        return std::vector<std::vector<float>>(texts.size(), {1.0F});
    }

private:
    std::vector<std::string>& heard_;
};

class ProjectViewTest : public ::testing::Test {
protected:
    void SetUp() override {
        put(".env", "DB_PASS=zebrapianoten7\n");
        put("db.py", "def connect(host):\n    return host, 'zebrapianoten7'\n");
        put("AGENTS.md", "Log in with zebrapianoten7.\n");
    }
    void put(const std::string& path, const std::string& text) {
        ASSERT_TRUE(write_file_atomic(dir_.path() / path, text));
    }

    TempDir dir_ = TempDir::create().value();
};

TEST_F(ProjectViewTest, NoEmbedderReadsTheValueOfASecret) {
    ProjectView view = ProjectView::open(dir_.path()).value();
    std::vector<std::string> heard;
    view.use_embedder(
        [&](const std::stop_token&) -> Result<std::unique_ptr<codeindex::Embedder>> {
            return std::make_unique<Listening>(heard);
        },
        [](const std::string& warning) { ADD_FAILURE() << warning; });
    EXPECT_THAT(view.related("connect to the host", 5), Not(IsEmpty()));
    EXPECT_THAT(heard, Not(IsEmpty()));
    EXPECT_THAT(heard, Each(Not(HasSubstr("zebrapianoten7"))));
}

TEST_F(ProjectViewTest, SearchMapAndNotesShowNoValueOfASecret) {
    ProjectView view = ProjectView::open(dir_.path()).value();
    EXPECT_THAT(view.search("connect", 4000), HasSubstr("[withheld: value of a secret]"));
    EXPECT_THAT(view.search("connect", 4000), Not(HasSubstr("zebrapianoten7")));
    EXPECT_THAT(view.map("connect", {"db.py"}, 4000), Not(HasSubstr("zebrapianoten7")));
    EXPECT_THAT(view.instructions(), HasSubstr("Log in with [withheld: value of a secret]."));
}

TEST_F(ProjectViewTest, AValueThatChangedIsKnownAfterALookAtTheFolder) {
    ProjectView view = ProjectView::open(dir_.path()).value();
    EXPECT_FALSE(view.secrets().values.find("zebrapianoten7").empty());
    put(".env", "DB_PASS=lemonbasket41\n");
    ASSERT_TRUE(view.refresh());
    EXPECT_TRUE(view.secrets().values.find("zebrapianoten7").empty());
    EXPECT_FALSE(view.secrets().values.find("lemonbasket41").empty());
}

}  // namespace
}  // namespace ec::apps
