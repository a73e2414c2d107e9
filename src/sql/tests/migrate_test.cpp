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

TEST(Migrations, OfTwoSetsHaveNumbersOfTheirOwn) {
    auto database = Database::open_in_memory();
    constexpr std::array kOthers{Migration{1, "others", "CREATE TABLE other (a INTEGER) STRICT"}};
    ASSERT_TRUE(migrate(*database, "notes", kBoth));
    ASSERT_TRUE(migrate(*database, "others", kOthers));
    EXPECT_EQ(*last_step(*database, "notes"), 2U);
    EXPECT_EQ(*last_step(*database, "others"), 1U);
    EXPECT_EQ(*last_step(*database, "nobody"), 0U);
    EXPECT_TRUE(database->run("INSERT INTO other VALUES (1)"));
    EXPECT_EQ(migrate(*database, "x; DROP TABLE note", kOthers).error().code, ErrorCode::internal);
}

constexpr std::array kBothWays{
    Migration{.number = 1, .name = "a", .sql = "CREATE TABLE a (x INTEGER) STRICT", .down = "DROP TABLE a"},
    Migration{.number = 2,
              .name = "b",
              .sql = "CREATE TABLE b (x INTEGER) STRICT; INSERT INTO a VALUES (2)",
              .down = "DROP TABLE b; DELETE FROM a WHERE x = 2"}};

TEST(Migrations, CanBeTakenBackInTheOtherOrder) {
    auto database = Database::open_in_memory();
    ASSERT_TRUE(migrate(*database, "set", kBothWays));
    ASSERT_TRUE(migrate_to(*database, "set", kBothWays, 1));
    EXPECT_FALSE(database->prepare("SELECT x FROM b"));
    EXPECT_TRUE(database->prepare("SELECT x FROM a"));
    ASSERT_TRUE(migrate_to(*database, "set", kBothWays, 0));
    EXPECT_FALSE(database->prepare("SELECT x FROM a"));
    ASSERT_TRUE(migrate_to(*database, "set", kBothWays, 2));
    EXPECT_EQ(migrate_to(*database, "set", kBothWays, 3).error().code, ErrorCode::invalid_argument);
}

TEST(Migrations, WithoutAWayBackStayWhole) {
    auto database = Database::open_in_memory();
    constexpr std::array kOneWay{Migration{.number = 1, .name = "a", .sql = "CREATE TABLE a (x INTEGER) STRICT"},
                                 kBothWays[1]};
    ASSERT_TRUE(migrate(*database, "set", kOneWay));
    EXPECT_EQ(migrate_to(*database, "set", kOneWay, 0).error().code, ErrorCode::unavailable);
    EXPECT_EQ(*last_step(*database, "set"), 2U);
    EXPECT_TRUE(database->prepare("SELECT x FROM b"));
}

}  // namespace
}  // namespace ec::sql
