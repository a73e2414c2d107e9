#include <gtest/gtest.h>

#include <array>
#include <ec/sql/sql.hpp>

namespace ec::sql {
namespace {

constexpr std::array kFirst{Migration{1, "notes", "CREATE TABLE note (body TEXT NOT NULL) STRICT"}};
constexpr std::array kBoth{kFirst[0], Migration{2, "sizes",
                                                "ALTER TABLE note ADD COLUMN size INTEGER NOT NULL DEFAULT 0;"
                                                "CREATE INDEX note_size ON note(size);"}};

TEST(Migrations, TakeEachStepOnce) {
    auto database = Database::open_in_memory();
    ASSERT_TRUE(database);
    ASSERT_TRUE(migrate(*database, kFirst));
    ASSERT_TRUE(database->run("INSERT INTO note (body) VALUES ('old')"));
    ASSERT_TRUE(migrate(*database, kBoth));
    ASSERT_TRUE(migrate(*database, kBoth));
    EXPECT_TRUE(database->run("INSERT INTO note (body, size) VALUES ('new', 3)"));
}

TEST(Migrations, RefuseAStepWhoseTextHasChanged) {
    auto database = Database::open_in_memory();
    ASSERT_TRUE(migrate(*database, kFirst));
    constexpr std::array kOther{Migration{1, "notes", "CREATE TABLE note (body TEXT) STRICT"}};
    EXPECT_EQ(migrate(*database, kOther).error().code, ErrorCode::conflict);
}

TEST(Migrations, RefuseADatabaseOfANewerProgram) {
    auto database = Database::open_in_memory();
    ASSERT_TRUE(migrate(*database, kBoth));
    EXPECT_EQ(migrate(*database, kFirst).error().code, ErrorCode::conflict);
}

TEST(Migrations, AStepThatFailsLeavesTheOnesBeforeIt) {
    auto database = Database::open_in_memory();
    constexpr std::array kBroken{kFirst[0], Migration{2, "broken", "CREATE TABLE half (a INTEGER) STRICT; NONSENSE"}};
    EXPECT_FALSE(migrate(*database, kBroken));
    EXPECT_TRUE(database->run("INSERT INTO note (body) VALUES ('kept')"));
    EXPECT_FALSE(database->prepare("SELECT a FROM half"));
    EXPECT_TRUE(migrate(*database, kBoth));
}

TEST(Migrations, RefuseAGapInTheNumbers) {
    auto database = Database::open_in_memory();
    constexpr std::array kGap{Migration{2, "second", "SELECT 1"}};
    EXPECT_FALSE(migrate(*database, kGap));
}

}  // namespace
}  // namespace ec::sql
