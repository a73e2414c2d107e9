// Tools that other programs serve, in the loop of a model.
#include <ec/agent/tool_source.hpp>

#include "agent_fixture.hpp"

namespace ec::agent {
namespace {

const std::string kToken = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

class FakeTools final : public ToolSource {
public:
    std::vector<model::ToolSpec> offer(AgentEvents&, std::stop_token) override {
        ++offered;
        return {{"mcp_web_fetch", "A tool of another program.", R"({"type":"object"})"}};
    }
    ToolReply call(const model::ToolCall& call, Person& person, std::stop_token) override {
        calls.push_back(call);
        if (person.approve_tool({"web", "fetch", json::write(call.arguments), "why"}).kind == Answer::Kind::reject)
            return {"Refused", false};
        return {reply, true};
    }
    int offered = 0;
    std::vector<model::ToolCall> calls;
    std::string reply = "what it gave";
};

class Willing final : public Person {
public:
    Answer approve_plan(const Plan&) override { return {}; }
    Answer approve_patch(const std::string&, const executor::TestReport*) override { return {}; }
    Answer approve_command(const std::string&, const std::string&) override { return {}; }
    Answer approve_tool(const ToolUse& use) override {
        seen.push_back(use);
        return {};
    }
    std::optional<std::string> redirection() override { return std::nullopt; }
    std::vector<ToolUse> seen;
};

class OtherTools : public AgentTest {
protected:
    Result<TaskResult> run(const std::string& task, Person& person) {
        executor::SandboxOptions options;
        options.workspace = dir_.path();
        sandbox_ = executor::open_sandbox(options).value();
        AgentPorts ports;
        ports.model = &model_;
        ports.sandbox = sandbox_.get();
        ports.workspace = &files_;
        ports.clock = &clock_;
        ports.open_sandbox = [](const std::filesystem::path& folder) {
            executor::SandboxOptions scratch;
            scratch.workspace = folder;
            return executor::open_sandbox(scratch);
        };
        ports.other_tools = &tools_;
        settings_.test.clear();
        agent_ = std::make_unique<InteractiveAgent>(std::move(ports), settings_);
        return agent_->run(task, events_, person, {});
    }
    /// What the model was told of its call.
    std::string told() const {
        for (const model::Message& message : model_.requests.back().messages) {
            if (message.role == model::Role::tool) return message.text;
        }
        return "nothing";
    }

    FakeTools tools_;
    Willing willing_;
};

TEST_F(OtherTools, AreOfferedBehindTheAgentsOwnAndAnswerTheModel) {
    settings_.approach = Approach::tools;
    model_.calls("mcp_web_fetch", {{"url", "https://a.example"}});
    model_.says("It says so.");
    const auto result = run("what does the page say?", willing_);
    ASSERT_TRUE(result) << result.error().message;
    const auto& offered = model_.requests.at(0).tools;
    ASSERT_GT(offered.size(), 1U);
    EXPECT_EQ(offered.back().name, "mcp_web_fetch");
    EXPECT_EQ(offered.front().name, "read");
    ASSERT_EQ(tools_.calls.size(), 1U);
    EXPECT_EQ(willing_.seen.at(0).arguments, R"({"url":"https://a.example"})");
    EXPECT_EQ(told(), "what it gave");
}

TEST_F(OtherTools, NoSecretGoesOutInArgumentsOrComesInWithAnAnswer) {
    settings_.approach = Approach::tools;
    model_.calls("mcp_web_fetch", {{"url", "https://a.example/?key=" + kToken},
                                   {"deep", json::Array{json::Object{{kToken, 1}, {"x", kToken}}}}});
    model_.says("Done.");
    tools_.reply = "your token is " + kToken;
    ASSERT_TRUE(run("fetch the page", willing_));
    ASSERT_EQ(tools_.calls.size(), 1U);
    EXPECT_EQ(json::write(tools_.calls[0].arguments).find(kToken), std::string::npos);
    EXPECT_EQ(willing_.seen.at(0).arguments.find(kToken), std::string::npos);
    EXPECT_EQ(told().find(kToken), std::string::npos);
    EXPECT_NE(told().find("your token is [withheld"), std::string::npos) << told();
}

TEST_F(OtherTools, AHugeAnswerIsCut) {
    settings_.approach = Approach::tools;
    model_.calls("mcp_web_fetch", {});
    model_.says("Done.");
    tools_.reply.assign(1U << 20, 'x');
    ASSERT_TRUE(run("fetch the page", willing_));
    EXPECT_LT(told().size(), 20'000U);
}

TEST_F(OtherTools, APersonWhoIsOnlyThereForPatchesLetsNoneBeCalled) {
    settings_.approach = Approach::tools;
    model_.calls("mcp_web_fetch", {});
    model_.says("Then not.");
    ASSERT_TRUE(run("fetch the page", person_));
    EXPECT_EQ(told(), "Refused");
}

TEST_F(OtherTools, AreNotStartedForAModelThatIsLedStepByStepNorForAGreeting) {
    settings_.approach = Approach::pipeline;
    model_.says("Hello.");
    ASSERT_TRUE(run("say something", willing_));
    settings_.approach = Approach::tools;
    ASSERT_TRUE(run("hello", willing_));
    EXPECT_EQ(tools_.offered, 0);
}

}  // namespace
}  // namespace ec::agent
