#include "select/generated_tests.hpp"

#include <gtest/gtest.h>

namespace ec::agent {
namespace {

using Lines = std::vector<std::string>;

TEST(GeneratedTests, AreTheLinesThatAssertSomethingAboutTheFunctions) {
    EXPECT_EQ(assertions_in("Here they are:\n```python\nassert add(1, 2) == 3\nassert other(1)\nprint(add(1, 2))\n"
                            "assertion add(1)\n```\n1. `assert add(0, 0) == 0`\n- assert(add(1, 1) === 2);\n"
                            ">>> assert add(5, 5) == 10\r\nassert adder(1) == 1\nassert my.add == 1\n",
                            {"add"}, 20),
              (Lines{"assert add(1, 2) == 3", "assert add(0, 0) == 0", "assert(add(1, 1) === 2);",
                     "assert add(5, 5) == 10", "assert my.add == 1"}));
}

TEST(GeneratedTests, AreLimitedInNumberAndLength) {
    std::string many;
    for (int i = 0; i < 50; ++i) many += "assert add(1, " + std::to_string(i) + ")\n";
    EXPECT_EQ(assertions_in(many, {"add"}, 20).size(), 20U);
    EXPECT_TRUE(assertions_in("assert add(" + std::string(100'000, '1') + ")", {"add"}, 20).empty());
}

TEST(GeneratedTests, AreNotFoundInHostileText) {
    EXPECT_TRUE(assertions_in("", {"add"}, 20).empty());
    EXPECT_TRUE(assertions_in("assert add(1) == '\xff'", {"add"}, 20).empty());
    EXPECT_TRUE(assertions_in("assert\nassert \n`\n``\n1.\n-\n", {"add"}, 20).empty());
    EXPECT_TRUE(assertions_in("assert add(1) == 1", {}, 20).empty());
}

TEST(GeneratedTests, AreAskedForInTheLanguageOfTheFile) {
    EXPECT_NE(assertion_request(AssertionLanguage::python, {"add", "sub"}).find("assert name(arguments) == result"),
              std::string::npos);
    EXPECT_NE(assertion_request(AssertionLanguage::javascript, {"add"}).find("assert.deepEqual"), std::string::npos);
}

TEST(ChangedDefinitions, AreThoseWithAnotherTextThanBefore) {
    const std::string before = "def a():\n    return 1\n\n\ndef b():\n    return 2\n";
    EXPECT_EQ(changed_definitions(before, "def a():\n    return 1\n\n\ndef b():\n    return 3\n"), Lines{"b"});
    EXPECT_EQ(changed_definitions(before, before + "\n\ndef c():\n    pass\n"), Lines{"c"});
    EXPECT_EQ(changed_definitions("", "x = 1\n"), Lines{});
    EXPECT_EQ(changed_definitions(before, ""), Lines{});
    EXPECT_EQ(changed_definitions("", "export const f = (x) => x;\nfunction g() {}\n"), (Lines{"f", "g"}));
}

}  // namespace
}  // namespace ec::agent
