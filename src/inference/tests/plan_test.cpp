#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <ec/inference/plan.hpp>

namespace ec::inference {
namespace {

Question asking(std::string task) {
    Question question;
    question.task = std::move(task);
    question.test = "pytest -q";
    question.files = {"app/a.py", "app/b.py", "lib/c.py", "tests/test_a.py"};
    return question;
}

Part part(std::string key, std::vector<std::size_t> covers, std::vector<std::string> after = {}) {
    Part made;
    made.key = std::move(key);
    made.task = "do it";
    made.covers = std::move(covers);
    made.after = std::move(after);
    return made;
}

std::string refusal(const Plan& plan, const Question& question) {
    const Status status = check(plan, question);
    EXPECT_FALSE(status.has_value());
    return status ? "" : status.error().message;
}

TEST(Statements, are_the_items_of_a_list_with_what_is_indented_below_them) {
    const Statements found = statements_of(
        "Clean up the parser.\n\n- rename `x = 1.5`. Keep it!\n  and its callers\n- add a test\n  - for zero\n");
    EXPECT_TRUE(found.list);
    EXPECT_EQ(found.preamble, "Clean up the parser.");
    EXPECT_EQ(found.items, (std::vector<std::string>{"- rename `x = 1.5`. Keep it!\n  and its callers",
                                                     "- add a test\n  - for zero"}));
}

TEST(Statements, of_numbered_lists_are_cut_at_the_numbers_alone) {
    const Statements found = statements_of("1. print(1.5)? yes.\n2. stop!\n10) 3.14 is no item");
    EXPECT_EQ(found.items, (std::vector<std::string>{"1. print(1.5)? yes.", "2. stop!", "10) 3.14 is no item"}));
}

TEST(Statements, never_cut_code_apart) {
    const Statements found = statements_of("Do this:\n```\n- not an item\n\n- nor this\n```\nand that. Now.");
    EXPECT_FALSE(found.list);
    EXPECT_EQ(found.items.size(), 1U);
    const Statements list = statements_of("- a:\n```\n- x\n\n- y\n```\n- b");
    EXPECT_EQ(list.items, (std::vector<std::string>{"- a:\n```\n- x\n\n- y\n```", "- b"}));
}

TEST(Statements, a_paragraph_behind_a_list_is_one_too) {
    EXPECT_EQ(statements_of("- a\n- b\n\nFinally update the docs.").items.back(), "Finally update the docs.");
}

TEST(Statements, of_prose_are_its_paragraphs) {
    EXPECT_EQ(statements_of("First. Second? Third!\n\nFourth.").items,
              (std::vector<std::string>{"First. Second? Third!", "Fourth."}));
}

RC_GTEST_PROP(Statements, lose_no_word, ()) {
    const auto word = rc::gen::element<std::string>("- ", "1. ", "a.b", "\n", "\n\n", "  ", "```\n", "x = 1.5", "?!");
    const auto words = *rc::gen::container<std::vector<std::string>>(word);
    std::string task;
    for (const std::string& each : words) task += each;
    const Statements found = statements_of(task);
    std::string kept = found.preamble;
    for (const std::string& item : found.items) kept += item;
    const auto bare = [](std::string text) {
        std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
        return text;
    };
    RC_ASSERT(bare(kept) == bare(task));
}

TEST(CheckPlan, accepts_parts_that_cover_everything) {
    EXPECT_TRUE(check({{part("part-1", {0}), part("part-2", {1}, {"part-1"})}, "model"}, asking("one\n\ntwo")));
}

TEST(CheckPlan, refuses_a_plan_that_loses_a_statement) {
    EXPECT_EQ(refusal({{part("part-1", {0})}, "model"}, asking("one\n\ntwo")), "no part covers statement 2: \"two\"");
}

TEST(CheckPlan, refuses_cycles_and_unknown_parts) {
    EXPECT_EQ(refusal({{part("a", {0}, {"b"}), part("b", {0}, {"a"})}, "model"}, asking("one")),
              "part a waits for itself, through others");
    EXPECT_EQ(refusal({{part("a", {0}, {"a"})}, "model"}, asking("one")), "part a waits for itself, through others");
    EXPECT_EQ(refusal({{part("a", {0}, {"z"})}, "model"}, asking("one")), "part a comes after z, which is no part");
}

TEST(CheckPlan, refuses_files_and_tests_that_are_not_there) {
    Plan plan{{part("a", {0})}, "model"};
    plan.parts[0].files = {"../secret"};
    EXPECT_EQ(refusal(plan, asking("one")), "part a names ../secret, which is not there");
    plan.parts[0].files = {};
    plan.parts[0].targets = {"test_x"};
    EXPECT_EQ(refusal(plan, asking("one")), "part a is to mend test_x, which is no failing test");
}

TEST(CheckPlan, is_bounded) {
    EXPECT_EQ(refusal({}, asking("one")), "a plan needs a part");
    Plan plan;
    for (std::size_t i = 0; i <= kMostParts; ++i) plan.parts.push_back(part("p" + std::to_string(i), {0}));
    EXPECT_EQ(refusal(plan, asking("one")), "a plan has at most 32 parts");
    EXPECT_EQ(refusal({{part("A b", {0})}, "model"}, asking("one")), "a part's key must be 1 to 32 of a-z, 0-9 and -");
    EXPECT_EQ(refusal({{part("a", {0}), part("a", {0})}, "model"}, asking("one")), "two parts are called a");
    for (const std::string name : {"decompose", "merge-1", "again-1-1", "verify-3"})
        EXPECT_EQ(refusal({{part(name, {0})}, "model"}, asking("one")), "a part may not be called " + name);
    EXPECT_EQ(refusal({{part("a", {0, 7})}, "model"}, asking("one")), "part a covers statement 8, which is not there");
}

TEST(PlanWithoutModel, gives_tests_that_suspect_different_files_to_different_parts) {
    Question question = asking("");
    question.failing = {{"t1", {"app/a.py"}}, {"t2", {"app/b.py", "app/a.py"}}, {"t3", {"app/a.py"}}};
    const Plan plan = plan_without_model(question);
    ASSERT_EQ(plan.parts.size(), 2U);
    EXPECT_EQ(plan.by, "tests");
    EXPECT_EQ(plan.parts[0].targets, (std::vector<std::string>{"t1", "t3"}));
    EXPECT_EQ(plan.parts[1].targets, (std::vector<std::string>{"t2"}));
    EXPECT_EQ(plan.parts[1].files, (std::vector<std::string>{"app/b.py", "app/a.py"}));
}

TEST(PlanWithoutModel, makes_a_part_of_each_item) {
    const Plan plan = plan_without_model(asking("In the app:\n- speed up app/a.py\n- document lib/c.py"));
    EXPECT_EQ(plan.by, "list");
    ASSERT_EQ(plan.parts.size(), 2U);
    EXPECT_EQ(plan.parts[0].task, "In the app:\n\n- speed up app/a.py");
    EXPECT_EQ(plan.parts[0].files, (std::vector<std::string>{"app/a.py"}));
}

TEST(PlanWithoutModel, gives_a_part_the_files_that_its_item_names_and_not_those_whose_names_are_within) {
    Question question = asking("- speed up app/my-a.py and old/lib/c.py\n- mend lib/c.py.");
    question.files = {"a.py", "app/my-a.py", "lib/c.py", "old/lib/c.py"};
    const Plan plan = plan_without_model(question);
    ASSERT_EQ(plan.parts.size(), 2U);
    EXPECT_EQ(plan.parts[0].files, (std::vector<std::string>{"app/my-a.py", "old/lib/c.py"}));
    EXPECT_EQ(plan.parts[1].files, (std::vector<std::string>{"lib/c.py"}));
}

TEST(PlanWithoutModel, makes_a_part_of_each_module_that_is_named) {
    const Plan plan = plan_without_model(asking("Rename foo to bar in app/a.py, app/b.py and lib/c.py."));
    EXPECT_EQ(plan.by, "modules");
    ASSERT_EQ(plan.parts.size(), 2U);
    EXPECT_EQ(plan.parts[0].files, (std::vector<std::string>{"app/a.py", "app/b.py"}));
    EXPECT_NE(plan.parts[1].task.find("Rename foo to bar"), std::string::npos);
}

TEST(PlanWithoutModel, leaves_whole_what_hangs_together) {
    const Plan plan = plan_without_model(asking("x = 1.5. print(x)? Do it! Now. And then. And last."));
    EXPECT_EQ(plan.by, "whole");
    ASSERT_EQ(plan.parts.size(), 1U);
    EXPECT_EQ(plan.parts[0].task, "x = 1.5. print(x)? Do it! Now. And then. And last.");
}

RC_GTEST_PROP(PlanWithoutModel, always_gives_a_plan_that_holds, (const std::string& task)) {
    Question question = asking(task);
    const auto tests = *rc::gen::container<std::vector<std::string>>(
        rc::gen::element<std::string>("app/a.py", "app/b.py", "gone.py", ""));
    for (std::size_t i = 0; i < tests.size(); ++i) question.failing.push_back({"t" + std::to_string(i), {tests[i]}});
    RC_ASSERT(check(plan_without_model(question), question).has_value());
}

}  // namespace
}  // namespace ec::inference
