// A small Python project with a failing test, an agent over it, and what it said and asked.
#pragma once

#include <gtest/gtest.h>

#include <ec/agent/interactive_agent.hpp>
#include <ec/core/fs.hpp>
#include <ec/executor/sandbox.hpp>

#include "scripted_model.hpp"

namespace ec::agent {

class Recorder final : public AgentEvents {
public:
    void event(const AgentEvent& event) override { events.push_back(event); }
    template <class T>
    [[nodiscard]] std::vector<T> all() const {
        std::vector<T> found;
        for (const AgentEvent& event : events) {
            if (const T* wanted = std::get_if<T>(&event)) found.push_back(*wanted);
        }
        return found;
    }
    std::vector<AgentEvent> events;
};

/// The system's, and as much later as a test says.
class LateClock final : public Clock {
public:
    [[nodiscard]] std::chrono::nanoseconds now() const override { return system_.now() + late; }
    std::chrono::nanoseconds late{0};

private:
    SystemClock system_;
};

class Agreeing final : public Person {
public:
    Answer approve_plan(const Plan& plan) override {
        thinks();
        plans.push_back(plan);
        return plan_answer;
    }
    Answer approve_patch(const std::string& patch, const executor::TestReport*) override {
        thinks();
        patches.push_back(patch);
        if (patch_answers.empty()) return {};
        const Answer answer = patch_answers.front();
        patch_answers.erase(patch_answers.begin());
        return answer;
    }
    Answer approve_command(const std::string& command, const std::string&) override {
        commands.push_back(command);
        return command_answer;
    }
    std::optional<std::string> redirection() override { return std::exchange(typed, std::nullopt); }

    std::function<void()> thinks = [] {};
    Answer plan_answer, command_answer;
    std::vector<Answer> patch_answers;
    std::optional<std::string> typed;
    std::vector<Plan> plans;
    std::vector<std::string> patches, commands;
};

class AgentTest : public ::testing::Test {
protected:
    void SetUp() override {
        put("calc.py", "def add(a, b):\n    return a - b\n\n\ndef double(a):\n    return a * 2\n");
        put("test_calc.py",
            "import unittest\nfrom calc import add, double\n\n\nclass T(unittest.TestCase):\n"
            "    def test_add(self):\n        self.assertEqual(add(2, 3), 5)\n\n"
            "    def test_double(self):\n        self.assertEqual(double(4), 8)\n");
    }

    void put(const std::string& path, const std::string& text) {
        std::filesystem::create_directories((dir_.path() / path).parent_path());
        ASSERT_TRUE(write_file_atomic(dir_.path() / path, text));
        files_.put(path, text);
    }

    InteractiveAgent& agent() {
        if (agent_) return *agent_;
        executor::SandboxOptions options;
        options.workspace = dir_.path();
        sandbox_ = executor::open_sandbox(options).value();
        AgentPorts ports;
        ports.model = has_model_ ? &model_ : nullptr;
        ports.sandbox = sandbox_.get();
        ports.workspace = &files_;
        ports.clock = &clock_;
        ports.secrets = [this]() -> const SecretFiles& { return secrets_; };
        ports.open_sandbox = [](const std::filesystem::path& folder) {
            executor::SandboxOptions scratch;
            scratch.workspace = folder;
            return executor::open_sandbox(scratch);
        };
        ports.write = [this](const std::vector<vcs::FileVersion>& files) -> Status {
            written_.insert(written_.end(), files.begin(), files.end());
            return {};
        };
        agent_ = std::make_unique<InteractiveAgent>(std::move(ports), settings_);
        return *agent_;
    }
    Result<TaskResult> run(const std::string& task) { return agent().run(task, events_, person_, {}); }

    TempDir dir_ = TempDir::create().value();
    MemoryFiles files_;
    ScriptedModel model_;
    bool has_model_ = true;
    AgentSettings settings_ = [] {
        AgentSettings settings;
        settings.test = "python3 -m unittest";
        return settings;
    }();
    SecretFiles secrets_;
    LateClock clock_;
    std::unique_ptr<executor::Sandbox> sandbox_;
    std::unique_ptr<InteractiveAgent> agent_;
    Recorder events_;
    Agreeing person_;
    std::vector<vcs::FileVersion> written_;
};

inline const std::string kFix =
    "The sign is wrong.\n\ncalc.py\n<<<<<<< SEARCH\n    return a - b\n=======\n    return a + b\n>>>>>>> REPLACE\n";

}  // namespace ec::agent
