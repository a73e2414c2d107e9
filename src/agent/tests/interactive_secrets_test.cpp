// What the agent keeps from a model, and puts back into what it edits.
#include <set>

#include "agent_fixture.hpp"

namespace ec::agent {
namespace {

using Status = TaskResult::Status;

TEST_F(AgentTest, NeverShowsASecretAndPutsItBackIntoAnEditedFile) {
    const std::string key =
        "AKIA"
        "IOSFODNN7EXAMPLQ";
    put("calc.py",
        "KEY = \"" + key + "\"\n\n\ndef add(a, b):\n    return a - b\n\n\ndef double(a):\n    return a * 2\n");
    model_.calls("read", {{"path", "calc.py"}});
    model_.says(kFix);
    const TaskResult result = run("make add work").value();
    EXPECT_EQ(result.status, Status::fixed) << result.reason;
    for (const model::ChatRequest& request : model_.requests) {
        for (const model::Message& message : request.messages) EXPECT_EQ(message.text.find(key), std::string::npos);
    }
    ASSERT_EQ(written_.size(), 1U);
    EXPECT_NE(written_[0].after.find(key), std::string::npos);
    EXPECT_FALSE(events_.all<WithheldEvent>().empty());
}

TEST_F(AgentTest, HidesFilesOfSecretsFromCommandsOfTheModel) {
    ASSERT_TRUE(write_file_atomic(dir_.path() / ".env", "TOKEN=hunter2hunter2\n"));
    secrets_ = {{".env"}, {"hunter2hunter2"}};
    model_.calls("run", {{"command", "cat .env; echo end"}});
    model_.says(kFix);
    ASSERT_EQ(run("make add work").value().status, Status::fixed);
    EXPECT_EQ(person_.commands.size(), 1U);
    const std::string& output = model_.requests[1].messages.back().text;
    EXPECT_NE(output.find("end"), std::string::npos);
    EXPECT_EQ(output.find("hunter2"), std::string::npos);
}

TEST_F(AgentTest, MasksTheValueOfASecretThatATestPrints) {
    secrets_ = {{".env"}, {"plain-old-word"}};
    put("calc.py",
        "def add(a, b):\n    raise ValueError('plain-old-word and drow-dlo-nialp')\n\n\ndef double(a):\n    return a * "
        "2\n");
    model_.says("calc.py\n<<<<<<< SEARCH\n    return a * 2\n=======\n    return a + a\n>>>>>>> REPLACE\n");
    static_cast<void>(run("make add work"));
    for (const model::ChatRequest& request : model_.requests) {
        for (const model::Message& message : request.messages) {
            EXPECT_EQ(message.text.find("plain-old-word"), std::string::npos);
            EXPECT_EQ(message.text.find("drow-dlo-nialp"), std::string::npos);
        }
    }
}

TEST_F(AgentTest, ShowsNoPartOfASecretWhereTheOutputOfTestsIsCut) {
    settings_.approach = Approach::pipeline;
    settings_.test = "python3 check.py";
    secrets_ = {{".env"}, {"zebrapianoten7"}};
    put("check.py", "print(''.join(['zebra', 'piano', 'ten7']) * 250, end='')\nraise SystemExit(1)\n");
    model_.says(kFix);
    static_cast<void>(run("make add work"));
    ASSERT_FALSE(model_.requests.empty());
    std::string shown;
    for (const model::Message& message : model_.requests[0].messages) shown += message.text;
    const std::size_t output = shown.find("[withheld: value of a secret][withheld: value of a secret]");
    ASSERT_NE(output, std::string::npos) << shown;
    EXPECT_EQ(shown.find("ten7["), std::string::npos) << shown;
    EXPECT_EQ(shown.find("]z"), std::string::npos) << shown;
}

TEST_F(AgentTest, ShowsNoPartOfASecretWhereTheOutputOfACommandIsCut) {
    secrets_ = {{".env"}, {"zebrapianoten7"}};
    model_.calls("run", {{"command", "python3 -c \"print(''.join(['zebra', 'piano', 'ten7']) * 1000)\""}});
    model_.says(kFix);
    ASSERT_EQ(run("make add work").value().status, Status::fixed);
    const std::string& output = model_.requests[1].messages.back().text;
    EXPECT_NE(output.find("[withheld: value of a secret]"), std::string::npos) << output;
    EXPECT_EQ(output.find("]zebra"), std::string::npos) << output;
}

TEST_F(AgentTest, PutsTheValueOfASecretBackIntoAFileThatIsWrittenWhole) {
    secrets_ = {{".env"}, {"zebrapianoten7"}};
    put("calc.py",
        "MODE = 'zebrapianoten7'\n\n\ndef add(a, b):\n    return a - b\n\n\ndef double(a):\n    return a * 2\n");
    const std::string rest = "\n\n\ndef add(a, b):\n    return a + b\n\n\ndef double(a):\n    return a * 2\n";
    model_.says("calc.py\n```\nMODE = '[withheld: value of a secret]'" + rest + "```\n");
    ASSERT_EQ(run("make add work").value().status, Status::fixed);
    ASSERT_EQ(written_.size(), 1U);
    EXPECT_EQ(written_[0].after, "MODE = 'zebrapianoten7'" + rest);
}

TEST_F(AgentTest, TellsThePersonWhereTheValueOfASecretWasWithheld) {
    settings_.approach = Approach::pipeline;
    secrets_ = {{".env"}, {"zebrapianoten7"}};
    put("calc.py", "def add(a, b):\n    return a - b  # zebrapianoten7\n\n\ndef double(a):\n    return a * 2\n");
    model_.says(
        "calc.py\n<<<<<<< SEARCH\n    return a - b  # [withheld: value of a secret]\n=======\n"
        "    return a + b  # [withheld: value of a secret]\n>>>>>>> REPLACE\n");
    ASSERT_EQ(run("make add work").value().status, Status::fixed);
    ASSERT_EQ(written_.size(), 1U);
    EXPECT_NE(written_[0].after.find("return a + b  # zebrapianoten7\n"), std::string::npos) << written_[0].after;
    const auto told = events_.all<WithheldEvent>();
    EXPECT_TRUE(std::ranges::any_of(
        told, [](const WithheldEvent& one) { return one.what == "calc.py line 2" && one.why == "value of a secret"; }));
}

TEST_F(AgentTest, WritesNoNewFileWithThePlaceholderOfASecret) {
    settings_.approach = Approach::pipeline;
    settings_.repairs = 0;
    settings_.samples = 1;
    model_.says(kFix + "\nnew.py\n```\nMODE = '[withheld: value of a secret]'\n```\n");
    static_cast<void>(run("make add work"));
    for (const vcs::FileVersion& file : written_) EXPECT_NE(file.path, "new.py");
}

}  // namespace
}  // namespace ec::agent
