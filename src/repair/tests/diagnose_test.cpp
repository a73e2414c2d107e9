// A program with two independent faults: who suspects what, and mending one of them alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ec/repair/diagnose.hpp>

#include "tests/judge_project.hpp"

namespace ec::repair {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class QuietEvents final : public RepairEvents {
public:
    void stage(std::string_view, std::string_view) override {}
    void progress(const SearchProgress&) override {}
};

class TwoFaults : public ::testing::Test {
protected:
    void SetUp() override {
        if (!project_.missing().empty()) GTEST_SKIP() << project_.missing();
        if (!testing::has_program("python3")) GTEST_SKIP() << "python3 is not installed";
        request_.test = "python3 -m unittest -q";
        request_.budget = std::chrono::seconds(60);
    }
    static std::string file_of(const std::vector<SuspectedTest>& tests, std::string_view part) {
        for (const SuspectedTest& test : tests) {
            if (test.id.find(part) != std::string::npos) return test.files.empty() ? "" : test.files.front();
        }
        return "no such test";
    }

    testing::JudgeProject project_{
        {"low.py", "def low(a, b):\n    if a > b:\n        return a\n    return b\n"},
        {"plus.py", "def plus(a, b):\n    return a - b\n"},
        {"test_both.py",
         "import unittest\nfrom low import low\nfrom plus import plus\n\n\nclass Both(unittest.TestCase):\n"
         "    def test_low(self):\n        self.assertEqual(low(1, 2), 1)\n        self.assertEqual(low(5, 3), 3)\n\n"
         "    def test_plus(self):\n        self.assertEqual(plus(2, 3), 5)\n\n"
         "    def test_same(self):\n        self.assertEqual(low(4, 4), 4)\n"}};
    RepairRequest request_;
    QuietEvents events_;
    SystemClock clock_;
};

TEST_F(TwoFaults, are_suspected_by_different_tests) {
    const auto diagnosis = diagnose(project_.sandbox(), events_, request_, {});
    ASSERT_TRUE(diagnosis) << diagnosis.error().message;
    ASSERT_EQ(diagnosis->failing.size(), 2U);
    EXPECT_EQ(file_of(diagnosis->failing, "test_low"), "low.py");
    EXPECT_EQ(file_of(diagnosis->failing, "test_plus"), "plus.py");
}

TEST_F(TwoFaults, cannot_be_mended_by_one_edit_but_each_by_its_own) {
    const auto diagnosis = diagnose(project_.sandbox(), events_, request_, {});
    ASSERT_TRUE(diagnosis) << diagnosis.error().message;
    for (const SuspectedTest& test : diagnosis->failing) {
        request_.targets = {test.id};
        const auto mended = repair(project_.sandbox(), clock_, events_, request_, {});
        ASSERT_TRUE(mended) << mended.error().message;
        ASSERT_EQ(mended->status, RepairResult::Status::fixed) << test.id << ": " << mended->reason;
        EXPECT_THAT(mended->failing, ElementsAre(test.id));
        EXPECT_THAT(mended->patches.front().patch, HasSubstr("+++ b/" + test.files.front()));
        EXPECT_EQ(mended->patches.front().report.failed(), 1U);
    }
}

TEST_F(TwoFaults, a_target_that_does_not_fail_is_nothing_to_mend) {
    request_.targets = {"no.such.test"};
    const auto mended = repair(project_.sandbox(), clock_, events_, request_, {});
    ASSERT_TRUE(mended) << mended.error().message;
    EXPECT_EQ(mended->status, RepairResult::Status::unfixed);
    EXPECT_EQ(mended->reason, "none of the tests that were asked for fails");
}

}  // namespace
}  // namespace ec::repair
