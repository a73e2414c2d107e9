// Decomposition: one task becomes parts that several machines can work on, and nothing of the task is lost.
//
// The task's text is first cut into statements: the items of a list where it has one, else its paragraphs. Every part
// names the statements that it covers, and its own text is made of their exact words; a plan that leaves one out is
// refused. Without a model the parts come from the failing tests and the files they suspect, from the items of a list,
// or from the modules that the task names, in this order; never from punctuation.
//
// Pure functions but for the calls to the model. Everything is bounded (kMostParts, kMostFiles).
#pragma once

#include <ec/core/result.hpp>
#include <ec/model/chat.hpp>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace ec::inference {

inline constexpr std::size_t kMostParts = 32;
inline constexpr std::size_t kMostFiles = 32;  ///< of one part
inline constexpr std::size_t kMostStatements = 128;

/// A test that fails now, and where the fault may be, most suspicious first.
struct FailingTest {
    std::string id;
    std::vector<std::string> files;
};

struct Question {
    std::string task;                  ///< a person's words; may be empty when tests fail
    std::string test;                  ///< the test command
    std::vector<std::string> files;    ///< all of the snapshot, sorted
    std::vector<FailingTest> failing;  ///< as far as known
};

struct Part {
    std::string key;                   ///< "part-1", …
    std::string task;                  ///< what to do, with the exact words of its statements
    std::vector<std::size_t> covers;   ///< indices of statements
    std::vector<std::string> files;    ///< that it is about
    std::vector<std::string> targets;  ///< ids of failing tests that it is to make pass; empty: the whole command
    std::vector<std::string> after;    ///< keys of parts that come before it
    bool operator==(const Part&) const = default;
};

struct Plan {
    std::vector<Part> parts;
    std::string by;  ///< "tests", "list", "modules", "whole" or "model"
};

/// The preamble in front of a list belongs to every item and is statement of none.
struct Statements {
    std::string preamble;
    std::vector<std::string> items;  ///< whole lines with what is indented below them, code blocks uncut
    bool list = false;               ///< else paragraphs
};
Statements statements_of(std::string_view task);

/// `invalid_argument` says what is wrong: no part or too many, a key twice or malformed, a file that is not in the
/// snapshot, a target that does not fail, an unknown or cyclic dependency, a statement that no part covers.
Status check(const Plan& plan, const Question& question);

/// Always a plan that check() accepts, in the worst case of one part.
Plan plan_without_model(const Question& question);

/// Asks the model, checks what it says, tells it once what was wrong; `corrupt` when it still is no plan. Errors of the
/// model as they are.
Result<Plan> plan_with_model(model::ChatModel& model, const Question& question, std::stop_token stop);

}  // namespace ec::inference
