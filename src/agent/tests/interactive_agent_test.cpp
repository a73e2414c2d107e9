#include <ec/core/text.hpp>
#include <set>

#include "agent_fixture.hpp"

namespace ec::agent {
namespace {

using Status = TaskResult::Status;

TEST_F(AgentTest, AnswersAGreetingWithOneSmallCallAndLooksAtNothing) {
    settings_.test = "";
    model_.says("Hello! What shall we work on?");
    const TaskResult result = run("hi").value();
    EXPECT_EQ(result.status, Status::answered);
    EXPECT_EQ(result.answer, "Hello! What shall we work on?");
    ASSERT_EQ(model_.requests.size(), 1U);
    std::size_t bytes = 0;
    for (const model::Message& message : model_.requests[0].messages) bytes += message.text.size();
    for (const model::ToolSpec& tool : model_.requests[0].tools)
        bytes += tool.description.size() + tool.parameters.size();
    EXPECT_LT(bytes, 4500U);
    EXPECT_TRUE(events_.all<TestsEvent>().empty());
}

TEST_F(AgentTest, WritesAChangeOnceTheTestsAgreeAndThePersonDoes) {
    model_.says(kFix);
    const TaskResult result = run("make add work").value();
    EXPECT_EQ(result.status, Status::fixed) << result.reason;
    EXPECT_TRUE(result.tested);
    EXPECT_EQ(result.before.failed(), 1U);
    EXPECT_EQ(result.after.failed(), 0U);
    EXPECT_EQ(result.after.passed(), 2U);
    ASSERT_EQ(written_.size(), 1U);
    EXPECT_EQ(written_[0].path, "calc.py");
    ASSERT_EQ(person_.patches.size(), 1U);
    EXPECT_NE(person_.patches[0].find("+    return a + b"), std::string::npos);
}

TEST_F(AgentTest, WritesNothingWhenThePersonRejects) {
    model_.says(kFix);
    person_.patch_answers = {{Answer::Kind::reject, ""}};
    const TaskResult result = run("make add work").value();
    EXPECT_EQ(result.status, Status::unfixed);
    EXPECT_FALSE(result.applied);
    EXPECT_TRUE(written_.empty());
}

TEST_F(AgentTest, GoesOnFromTheDraftWhenThePersonWantsSomethingElse) {
    model_.says(kFix);
    model_.says("calc.py\n<<<<<<< SEARCH\n    return a * 2\n=======\n    return a + a\n>>>>>>> REPLACE\n");
    person_.patch_answers = {{Answer::Kind::redirect, "also write double without a product"}, {}};
    const TaskResult result = run("make add work").value();
    EXPECT_EQ(result.status, Status::fixed) << result.reason;
    ASSERT_EQ(written_.size(), 1U);
    EXPECT_NE(written_[0].after.find("a + b"), std::string::npos);
    EXPECT_NE(written_[0].after.find("a + a"), std::string::npos);
}

TEST_F(AgentTest, TakesAPatchThatThePersonEdited) {
    model_.says(kFix);
    person_.patch_answers = {{Answer::Kind::edit,
                              "--- a/calc.py\n+++ b/calc.py\n@@ -1,2 +1,2 @@\n def add(a, b):\n-    return a - b\n"
                              "+    return b + a\n"},
                             {}};
    const TaskResult result = run("make add work").value();
    EXPECT_EQ(result.status, Status::fixed) << result.reason;
    ASSERT_EQ(written_.size(), 1U);
    EXPECT_NE(written_[0].after.find("return b + a"), std::string::npos);
    EXPECT_EQ(result.after.failed(), 0U);
}

TEST_F(AgentTest, TellsTheModelWhatTheTestsSayAndTakesItsSecondAnswer) {
    settings_.mend_budget = std::chrono::milliseconds(1);
    model_.says("calc.py\n<<<<<<< SEARCH\n    return a - b\n=======\n    return a ** b\n>>>>>>> REPLACE\n");
    model_.does([](const model::ChatRequest& request) {
        model::ChatReply reply;
        EXPECT_NE(request.messages.back().text.find("test_add"), std::string::npos) << request.messages.back().text;
        reply.text = "calc.py\n<<<<<<< SEARCH\n    return a ** b\n=======\n    return a + b\n>>>>>>> REPLACE\n";
        return reply;
    });
    EXPECT_EQ(run("make add work").value().status, Status::fixed);
    EXPECT_EQ(model_.requests.size(), 2U);
}

TEST_F(AgentTest, TakesASecondAnswerThatIsAgainstTheFilesAsTheyWereAtFirst) {
    settings_.mend_budget = std::chrono::milliseconds(1);
    model_.says("calc.py\n<<<<<<< SEARCH\n    return a - b\n=======\n    return (a ** b\n>>>>>>> REPLACE\n");
    model_.says(kFix);
    const TaskResult result = run("make add work").value();
    EXPECT_EQ(result.status, Status::fixed) << result.reason;
    EXPECT_EQ(model_.requests.size(), 2U);
}

TEST_F(AgentTest, GivesANearMissToTheMutationSearchBeforeAskingAgain) {
    model_.says(
        "calc.py\n<<<<<<< SEARCH\n    return a - b\n=======\n    total = a\n    total *= b\n    return total\n>>>>>>> "
        "REPLACE\n");
    const TaskResult result = run("make add work").value();
    EXPECT_EQ(result.status, Status::fixed) << result.reason;
    EXPECT_EQ(model_.requests.size(), 1U);
    EXPECT_EQ(result.proposer, "model:scripted+mutation");
    EXPECT_FALSE(result.explanation.empty());
}

TEST_F(AgentTest, DoesNotCountAChangeOfTheTestsThatJudgeIt) {
    settings_.repairs = 0;
    settings_.mend_budget = std::chrono::milliseconds(1);
    model_.says(
        "test_calc.py\n<<<<<<< SEARCH\n        self.assertEqual(add(2, 3), 5)\n=======\n"
        "        self.assertEqual(add(2, 3), -1)\n>>>>>>> REPLACE\n");
    model_.says(kFix);
    const TaskResult result = run("make add work").value();
    EXPECT_EQ(result.status, Status::fixed) << result.reason;
    ASSERT_EQ(written_.size(), 1U);
    EXPECT_EQ(written_[0].path, "calc.py");
    EXPECT_NE(model_.requests[1].messages.back().text.find("do not count"), std::string::npos);
}

TEST_F(AgentTest, CountsAChangeOfTheTestsWhenThePersonWantsIt) {
    settings_.edit_tests = true;
    model_.says(
        "test_calc.py\n<<<<<<< SEARCH\n        self.assertEqual(add(2, 3), 5)\n=======\n"
        "        self.assertEqual(add(2, 3), -1)\n>>>>>>> REPLACE\n");
    EXPECT_EQ(run("the sum is meant to be a difference").value().status, Status::fixed);
}

TEST_F(AgentTest, SeesAndJudgesWhatAnEditorHasNotSaved) {
    files_.put_unsaved("calc.py", *files_.read("calc.py") + "\n\ndef triple(a):\n    return a * 3\n");
    files_.put_unsaved("test_calc.py",
                       replace_all(*files_.read("test_calc.py"), "import add, double", "import add, double, triple") +
                           "\n    def test_triple(self):\n        self.assertEqual(triple(4), 12)\n");
    model_.says(kFix);
    const TaskResult result = run("make add work").value();
    EXPECT_EQ(result.status, Status::fixed) << result.reason;
    EXPECT_EQ(result.after.passed(), 3U);
    ASSERT_EQ(written_.size(), 1U);
    EXPECT_NE(written_[0].before.find("def triple"), std::string::npos);
    EXPECT_NE(written_[0].after.find("def triple"), std::string::npos);
}

TEST_F(AgentTest, SearchesWithoutAModelFromWhatAnEditorHasNotSaved) {
    const std::string broken = *files_.read("calc.py");
    put("calc.py", replace_all(broken, "a - b", "a + b"));
    files_.put_unsaved("calc.py", broken);
    has_model_ = false;
    const TaskResult result = run("make the tests pass").value();
    EXPECT_EQ(result.status, Status::fixed) << result.reason;
    ASSERT_EQ(written_.size(), 1U);
    EXPECT_EQ(written_[0].before, broken);
}

TEST_F(AgentTest, KeepsThePrefixOfEveryRequestByteForByte) {
    model_.calls("read", {{"path", "calc.py"}});
    model_.calls("search", {{"query", "double"}});
    model_.calls("list", {});
    model_.calls("test", {});
    model_.says(kFix);
    ASSERT_EQ(run("make add work").value().status, Status::fixed);
    model_.says("Done before.");
    ASSERT_EQ(model_.requests.size(), 5U);
    for (std::size_t i = 1; i < model_.requests.size(); ++i) {
        const auto& earlier = model_.requests[i - 1];
        const auto& later = model_.requests[i];
        ASSERT_LE(earlier.messages.size(), later.messages.size());
        EXPECT_TRUE(std::equal(earlier.messages.begin(), earlier.messages.end(), later.messages.begin())) << i;
        ASSERT_EQ(earlier.tools.size(), later.tools.size());
        for (std::size_t k = 0; k < earlier.tools.size(); ++k) {
            EXPECT_EQ(earlier.tools[k].parameters, later.tools[k].parameters);
        }
    }
}

TEST_F(AgentTest, StopsAModelThatRepeatsASuccessfulCall) {
    model_.calls("list", {});
    const TaskResult result = run("make add work").value();
    EXPECT_EQ(result.status, Status::unfixed);
    EXPECT_LT(model_.requests.size(), 20U);
    EXPECT_FALSE(result.reason.empty());
    EXPECT_EQ(result.review_reason, "model_limit");
}

TEST_F(AgentTest, UsesAToolCallThatCameAsText) {
    model_.says("<tool_call>\n{\"name\": \"read_file\", \"arguments\": {\"file_path\": \"./calc.py\"}}\n</tool_call>");
    model_.says(kFix);
    EXPECT_EQ(run("make add work").value().status, Status::fixed);
    ASSERT_EQ(model_.requests.size(), 2U);
    const model::Message& answer = model_.requests[1].messages.back();
    EXPECT_EQ(answer.role, model::Role::tool);
    EXPECT_NE(answer.text.find("return a - b"), std::string::npos);
}

TEST_F(AgentTest, ForgivesAnAnswerThatGoesRoundInCircles) {
    std::string babble;
    for (int line = 0; line < 300; ++line) babble += "I will now look at the function and finish it.\n";
    model_.says(babble);
    model_.says(kFix);
    EXPECT_EQ(run("make add work").value().status, Status::fixed);
    ASSERT_EQ(model_.requests.size(), 2U);
    for (const model::Message& message : model_.requests[1].messages) EXPECT_LT(message.text.size(), 5000U);
}

TEST_F(AgentTest, TakesAnEditThatCameAsACallOfAToolThatIsNotThere) {
    model_.calls("str_replace", {{"path", "calc.py"}, {"old_str", "return a - b"}, {"new_str", "return a + b"}});
    EXPECT_EQ(run("make add work").value().status, Status::fixed);
    EXPECT_EQ(model_.requests.size(), 1U);
}

TEST_F(AgentTest, TakesAnEditThatASmallModelWroteAsTheTextOfACall) {
    model_.facts().parameters = 1'500'000'000;
    model_.says(R"({"name": "write_file", "arguments": {"path": "calc.py", "content": )"
                R"("def add(a, b):\n    return a + b\n\n\ndef double(a):\n    return a * 2\n"}})");
    EXPECT_EQ(run("make add work").value().status, Status::fixed);
    EXPECT_EQ(model_.requests.size(), 1U);
}

TEST_F(AgentTest, LeadsASmallModelWithoutTools) {
    model_.facts().parameters = 1'500'000'000;
    model_.says(kFix);
    const TaskResult result = run("make add work").value();
    EXPECT_EQ(result.status, Status::fixed) << result.reason;
    EXPECT_EQ(result.approach, Approach::pipeline);
    ASSERT_EQ(model_.requests.size(), 1U);
    EXPECT_TRUE(model_.requests[0].tools.empty());
    EXPECT_NE(model_.requests[0].messages.back().text.find("return a - b"), std::string::npos);
}

TEST_F(AgentTest, SamplesThenRepairsWhenTheFirstAnswerFails) {
    model_.facts().parameters = 1'500'000'000;
    settings_.samples = 3;
    settings_.mend_budget = std::chrono::milliseconds(1);
    const std::string wrong =
        "calc.py\n<<<<<<< SEARCH\n    return a - b\n=======\n    return a ** b\n>>>>>>> REPLACE\n";
    model_.says(wrong);
    model_.says("I am not sure.");
    model_.says(wrong);
    model_.says(kFix);
    const TaskResult result = run("make add work").value();
    EXPECT_EQ(result.status, Status::fixed) << result.reason;
    EXPECT_EQ(model_.requests.size(), 4U);
    EXPECT_NE(model_.requests[3].messages.back().text.find("test_add"), std::string::npos);
}

TEST_F(AgentTest, FallsBackToThePipelineForAModelThatIsLostWithTools) {
    model_.does([](const model::ChatRequest& request) {
        model::ChatReply reply;
        reply.text = request.tools.empty() ? kFix : "I would look at the code and then change it.";
        return reply;
    });
    const TaskResult result = run("make add work").value();
    EXPECT_EQ(result.status, Status::fixed) << result.reason;
    EXPECT_EQ(result.approach, Approach::pipeline);
}

TEST_F(AgentTest, ShowsAPlanFirstAndWorksByTheEditedOne) {
    settings_.plan_first = true;
    model_.says("1. Look at add\n2. Change the sign\n");
    model_.says(kFix);
    person_.plan_answer = {Answer::Kind::edit, "only touch calc.py"};
    ASSERT_EQ(run("make add work").value().status, Status::fixed);
    ASSERT_EQ(person_.plans.size(), 1U);
    ASSERT_EQ(person_.plans[0].steps.size(), 2U);
    EXPECT_EQ(person_.plans[0].steps[1].text, "Change the sign");
    EXPECT_NE(model_.requests[1].messages.back().text.find("only touch calc.py"), std::string::npos);
}

TEST_F(AgentTest, AsksForNoPlanThatHasNoSteps) {
    settings_.plan_first = true;
    model_.says("I would change the sign.");
    model_.says(kFix);
    EXPECT_EQ(run("make add work").value().status, Status::fixed);
    EXPECT_TRUE(person_.plans.empty());
    EXPECT_TRUE(events_.all<PlanEvent>().empty());
    EXPECT_EQ(person_.patches.size(), 1U);
}

TEST_F(AgentTest, CountsWhatThePersonThinksNeitherAsWorkNorAgainstTheBudget) {
    settings_.plan_first = true;
    model_.says("1. Change the sign\n");
    model_.says(kFix);
    person_.thinks = [this] { clock_.late += std::chrono::hours(1); };
    const TaskResult result = run("make add work").value();
    EXPECT_EQ(result.status, Status::fixed) << result.reason;
    EXPECT_GE(result.usage.waited, 7200);
    EXPECT_LT(result.usage.seconds, 3600);
}

TEST_F(AgentTest, IsStoppedNotRejectedWhenItIsStoppedAtAQuestion) {
    for (const bool plan : {true, false}) {
        SCOPED_TRACE(plan);
        agent_.reset();
        settings_.plan_first = plan;
        if (plan) model_.says("1. Change the sign\n");
        if (!plan) model_.says(kFix);
        std::stop_source stop;
        person_.thinks = [&] { stop.request_stop(); };
        person_.plan_answer = {Answer::Kind::reject, ""};
        person_.patch_answers = {{Answer::Kind::reject, ""}};
        const Result<TaskResult> result = agent().run("make add work", events_, person_, stop.get_token());
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code, ErrorCode::cancelled);
    }
}

TEST_F(AgentTest, PassesOnWhatThePersonTypesMeanwhile) {
    model_.calls("read", {{"path", "calc.py"}});
    model_.says(kFix);
    person_.typed = "and be quick";
    ASSERT_EQ(run("make add work").value().status, Status::fixed);
    bool seen = false;
    for (const model::Message& message : model_.requests.back().messages) seen = seen || message.text == "and be quick";
    EXPECT_TRUE(seen);
}

TEST_F(AgentTest, LeavesOutWhatWouldBendTheTests) {
    settings_.test = "/usr/bin/python3 -m pytest -q -p no:cacheprovider";
    const std::string bend =
        "conftest.py\n```\nimport pytest\n\n\n@pytest.hookimpl(hookwrapper=True)\n"
        "def pytest_runtest_makereport(item, call):\n    report = (yield).get_result()\n    report.outcome = "
        "'passed'\n```\n";
    model_.says(bend + "\npytest.ini\n```\n[pytest]\naddopts = --deselect test_calc.py\n```\n");
    const TaskResult bent = run("make add work").value();
    EXPECT_NE(bent.status, Status::fixed);
    EXPECT_TRUE(written_.empty());

    agent_.reset();
    model_ = ScriptedModel();
    model_.says(bend + kFix);
    EXPECT_EQ(run("make add work").value().status, Status::fixed);
    ASSERT_EQ(written_.size(), 1U);
    EXPECT_EQ(written_[0].path, "calc.py");
}

TEST_F(AgentTest, DoesNotTakeAnAnswerTwiceForOneThatPasses) {
    model_.facts().parameters = 1'500'000'000;
    settings_.mend_budget = std::chrono::milliseconds(1);
    model_.says("calc.py\n```\nimport os\nos._exit(0)\n```\n");
    const TaskResult result = run("make add work").value();
    EXPECT_EQ(result.status, Status::unfixed);
    EXPECT_TRUE(written_.empty());
}

TEST_F(AgentTest, WorksWithoutAModelOnFailingTestsAndSaysWhatItCannotDo) {
    has_model_ = false;
    const TaskResult result = run("make the tests pass").value();
    EXPECT_EQ(result.status, Status::fixed) << result.reason;
    EXPECT_EQ(result.proposer, "mutation");

    agent_.reset();
    settings_.test = "";
    files_ = MemoryFiles{{"README.md", "nothing to run\n"}};
    const auto refused = run("write a poem about it");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("without a model"), std::string::npos);
}

TEST_F(AgentTest, TriesMutationsBeforeAModelWhenOnlyFailingTestsMatter) {
    settings_.only_failing = true;
    const TaskResult result = run("make the tests pass").value();
    EXPECT_EQ(result.status, Status::fixed) << result.reason;
    EXPECT_EQ(result.proposer, "mutation");
    EXPECT_TRUE(model_.requests.empty());
}

TEST_F(AgentTest, AsksTheModelWhenNoMutationMakesTheTestsPass) {
    settings_.only_failing = true;
    settings_.mend_budget = std::chrono::milliseconds(1);
    model_.says(kFix);
    const TaskResult result = run("make the tests pass").value();
    EXPECT_EQ(result.status, Status::fixed) << result.reason;
    EXPECT_EQ(result.proposer, "model:scripted");
}

TEST_F(AgentTest, LeavesAProjectAloneWhoseTestsPassAlready) {
    settings_.only_failing = true;
    put("calc.py", "def add(a, b):\n    return a + b\n\n\ndef double(a):\n    return a * 2\n");
    EXPECT_EQ(run("make the tests pass").value().status, Status::already_passing);
    EXPECT_TRUE(model_.requests.empty());
}

TEST_F(AgentTest, SaysWhyAndOffersReviewWhenItCannotDoTheTask) {
    settings_.mend_budget = std::chrono::milliseconds(1);
    model_.says("calc.py\n<<<<<<< SEARCH\n    return a - b\n=======\n    return a ** b\n>>>>>>> REPLACE\n");
    model_.says("I cannot do better.");
    const TaskResult result = run("make add work").value();
    EXPECT_EQ(result.status, Status::unfixed);
    EXPECT_EQ(result.review_reason, "model_limit");
    EXPECT_TRUE(written_.empty());
}

TEST_F(AgentTest, AnswersEveryCallBeforeItGoesOnAfterAStop) {
    std::stop_source source;
    model_.does([&](const model::ChatRequest&) {
        model::ChatReply reply;
        for (const char* id : {"a", "b"}) reply.calls.push_back({id, "run", {{"command", "sleep 20"}}});
        source.request_stop();
        return reply;
    });
    model_.says(kFix);
    EXPECT_EQ(agent().run("make add work", events_, person_, source.get_token()).error().code, ErrorCode::cancelled);
    ASSERT_EQ(run("go on").value().status, Status::fixed);
    std::set<std::string> open;
    for (const model::Message& message : model_.requests.back().messages) {
        if (message.role == model::Role::tool) {
            EXPECT_EQ(open.erase(message.call_id), 1U);
            continue;
        }
        EXPECT_TRUE(open.empty()) << *open.begin();
        for (const model::ToolCall& call : message.calls) open.insert(call.id);
    }
}

TEST_F(AgentTest, EndsAnAnswerThatNeverEndsWhenTheTimeIsOver) {
    settings_.budget = std::chrono::milliseconds(1500);
    model_.drips = true;
    const TaskResult result = run("make add work").value();
    EXPECT_EQ(result.status, Status::unfixed);
    EXPECT_EQ(result.review_reason, "time");
}

TEST_F(AgentTest, EndsATestCommandThatNeverEndsWhenTheTimeIsOver) {
    settings_.test = "sleep 1000";
    settings_.budget = std::chrono::milliseconds(300);
    model_.says(kFix);
    const TaskResult result = run("make add work").value();
    EXPECT_EQ(result.status, Status::unfixed);
    EXPECT_EQ(result.reason, "the time for this task is over");
    EXPECT_TRUE(model_.requests.empty());
}

TEST_F(AgentTest, StopsWhenTold) {
    std::stop_source source;
    source.request_stop();
    const auto result = agent().run("make add work", events_, person_, source.get_token());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::cancelled);
}

}  // namespace
}  // namespace ec::agent
