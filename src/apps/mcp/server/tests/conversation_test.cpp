#include "mcp/server/conversation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "mcp/server/arguments.hpp"

namespace ec::apps::mcp {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Keeps what was said, and lets a test wait for it.
class Heard final : public Outlet {
public:
    void message(const std::string& text) override { keep(text); }
    void answer(const std::string& text) override {
        keep(text);
        end();
    }
    void leave() override { end(); }

    std::vector<json::Object> all() {
        std::unique_lock lock(mutex_);
        EXPECT_TRUE(changed_.wait_for(lock, 20s, [&] { return ended_; }));
        return said_;
    }
    json::Object last() {
        const auto said = all();
        return said.empty() ? json::Object() : said.back();
    }
    json::Object next(std::size_t at) {
        std::unique_lock lock(mutex_);
        EXPECT_TRUE(changed_.wait_for(lock, 20s, [&] { return said_.size() > at; }));
        return said_.at(at);
    }

private:
    void keep(const std::string& text) {
        const std::lock_guard lock(mutex_);
        said_.push_back(json::parse(text)->as_object());
        changed_.notify_all();
    }
    void end() {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        changed_.notify_all();
    }
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<json::Object> said_;
    bool ended_ = false;
};

rpc::Request request(std::int64_t id, std::string method, const std::string& params = "{}") {
    return {id, std::move(method), json::parse(params)->as_object()};
}

constexpr const char* kHello =
    R"({"protocolVersion":"2025-11-25","capabilities":{"sampling":{}},"clientInfo":{"name":"t","version":"1"}})";

int code_of(const json::Object& answer) { return static_cast<int>(answer.at("error").at("code").as_int64()); }

class Conversations : public testing::Test {
protected:
    Conversations() {
        const auto add = [&](std::string name, auto run) {
            Tool tool;
            tool.description = {.name = std::move(name), .description = "for tests", .input_schema = {}};
            tool.run = run;
            registry_.tools.push_back(std::move(tool));
        };
        registry_.self = {.name = "test", .title = {}, .version = "1"};
        add("echo", [](const json::Object& arguments, Call&) { return text_result(json::write(arguments)); });
        add("wait", [](const json::Object&, Call& call) {
            std::mutex mutex;
            std::condition_variable_any stopped;
            std::unique_lock lock(mutex);
            call.log(LogLevel::error, "wait", json::Value("begun"));
            stopped.wait_for(lock, call.stop(), 20s, [] { return false; });
            return text_result(call.stop().stop_requested() ? "stopped" : "not stopped");
        });
        add("count", [](const json::Object&, Call& call) {
            for (const double done : {1., 2., 2., 1., 3.}) call.progress(done, 3, "");
            call.log(LogLevel::debug, "count", json::Value("quiet"));
            return text_result("counted");
        });
        add("ask", [](const json::Object&, Call& call) {
            const auto answer = call.ask("sampling/createMessage", {}, 20s);
            return answer ? text_result(json::write(*answer)) : error_result(answer.error().message);
        });
        add("throw", [](const json::Object&, Call&) -> ToolResult { throw std::runtime_error("secret words"); });
    }
    ~Conversations() override { conversation_->end(); }

    json::Object say(rpc::Request message) {
        const auto heard = std::make_shared<Heard>();
        conversation_->request(std::move(message), heard);
        return heard->last();
    }
    void begin() { ASSERT_TRUE(say(request(0, "initialize", kHello)).contains("result")); }

    Registry registry_;
    CallThreads threads_{2};
    std::shared_ptr<Conversation> conversation_ = std::make_shared<Conversation>(registry_, threads_);
};

TEST_F(Conversations, AgreeOnTheRevisionThatTheClientAskedForOrTheNewest) {
    for (const auto& [wanted, agreed] : std::vector<std::pair<std::string, std::string>>{{"2025-11-25", "2025-11-25"},
                                                                                         {"2025-06-18", "2025-06-18"},
                                                                                         {"2025-03-26", "2025-03-26"},
                                                                                         {"2024-11-05", "2024-11-05"},
                                                                                         {"1999-01-01", "2025-11-25"},
                                                                                         {"", "2025-11-25"}}) {
        conversation_ = std::make_shared<Conversation>(registry_, threads_);
        rpc::Request hello = request(1, "initialize", kHello);
        hello.params["protocolVersion"] = wanted;
        EXPECT_EQ(say(std::move(hello)).at("result").at("protocolVersion").as_string(), agreed) << wanted;
    }
}

TEST_F(Conversations, OutliveAToolThatThrows) {
    begin();
    const json::Object answer = say(request(1, "tools/call", R"({"name":"throw"})"));
    EXPECT_EQ(code_of(answer), rpc::kInternalError);
    EXPECT_THAT(json::write(answer), testing::Not(HasSubstr("secret")));
    EXPECT_TRUE(say(request(1, "tools/call", R"({"name":"echo"})")).contains("result"));
}

TEST_F(Conversations, BeginWithInitializeOnce) {
    EXPECT_EQ(code_of(say(request(1, "tools/list"))), rpc::kInvalidRequest);
    EXPECT_EQ(code_of(say(request(1, "tools/call", R"({"name":"echo"})"))), rpc::kInvalidRequest);
    EXPECT_TRUE(say(request(1, "ping")).contains("result"));
    EXPECT_EQ(code_of(say(request(1, "initialize"))), rpc::kInvalidParams);
    begin();
    EXPECT_EQ(code_of(say(request(2, "initialize", kHello))), rpc::kInvalidRequest);
}

TEST_F(Conversations, SayWhatIsWrongWithARequest) {
    begin();
    EXPECT_EQ(code_of(say(request(1, "tools/fly"))), rpc::kMethodNotFound);
    EXPECT_EQ(code_of(say(request(1, "nothing/list"))), rpc::kMethodNotFound);
    EXPECT_EQ(code_of(say(request(1, "tools/list", R"({"cursor":"x"})"))), rpc::kInvalidParams);
    EXPECT_EQ(code_of(say(request(1, "tools/call", R"({"name":"nobody"})"))), rpc::kInvalidParams);
    EXPECT_EQ(code_of(say(request(1, "tools/call", R"({"name":7})"))), rpc::kInvalidParams);
    EXPECT_EQ(code_of(say(request(1, "tools/call", R"({"name":"echo","arguments":[1]})"))), rpc::kInvalidParams);
    EXPECT_EQ(code_of(say(request(1, "logging/setLevel", R"({"level":"loud"})"))), rpc::kInvalidParams);
    EXPECT_EQ(code_of(say(request(1, "resources/read", R"({"uri":"a:b"})"))), kResourceNotFound);
    EXPECT_EQ(code_of(say(request(1, "resources/subscribe", R"({"uri":"a:b"})"))), rpc::kMethodNotFound);
    EXPECT_EQ(code_of(say(request(1, "completion/complete"))), rpc::kMethodNotFound);
}

TEST_F(Conversations, TellOnlyProgressThatGrowsAndOnlyWhoAsked) {
    begin();
    const auto asked = std::make_shared<Heard>();
    conversation_->request(request(1, "tools/call", R"({"name":"count","_meta":{"progressToken":"p"}})"), asked);
    std::vector<double> done;
    for (const json::Object& message : asked->all()) {
        if (message.contains("method")) done.push_back(message.at("params").at("progress").to_number<double>());
    }
    EXPECT_EQ(done, (std::vector<double>{1, 2, 3}));
    const auto silent = std::make_shared<Heard>();
    conversation_->request(request(2, "tools/call", R"({"name":"count"})"), silent);
    EXPECT_EQ(silent->all().size(), 1U);
}

TEST_F(Conversations, LogFromTheLevelThatTheClientSet) {
    begin();
    ASSERT_TRUE(say(request(1, "logging/setLevel", R"({"level":"debug"})")).contains("result"));
    const auto heard = std::make_shared<Heard>();
    conversation_->request(request(2, "tools/call", R"({"name":"count"})"), heard);
    EXPECT_EQ(heard->all().front().at("method"), "notifications/message");
}

TEST_F(Conversations, StopACallThatIsCancelledAndSayNoMoreOfIt) {
    begin();
    const auto heard = std::make_shared<Heard>();
    conversation_->request(request(1, "tools/call", R"({"name":"wait"})"), heard);
    heard->next(0);
    EXPECT_EQ(code_of(say(request(1, "tools/call", R"({"name":"echo"})"))), rpc::kInvalidRequest);
    conversation_->notification({nullptr, "notifications/cancelled", {{"requestId", 99}}});
    conversation_->notification({nullptr, "notifications/cancelled", {{"requestId", "1"}}});
    EXPECT_TRUE(conversation_->busy());
    conversation_->notification({nullptr, "notifications/cancelled", {{"requestId", 1}}});
    EXPECT_EQ(heard->all().size(), 1U);
}

TEST_F(Conversations, RefuseMoreCallsThanThereAreThreads) {
    begin();
    const auto first = std::make_shared<Heard>();
    const auto second = std::make_shared<Heard>();
    conversation_->request(request(1, "tools/call", R"({"name":"wait"})"), first);
    conversation_->request(request(2, "tools/call", R"({"name":"wait"})"), second);
    EXPECT_THAT(std::string(say(request(3, "tools/call", R"({"name":"echo"})")).at("error").at("message").as_string()),
                HasSubstr("too many calls"));
    conversation_->end();
    first->all();
    second->all();
}

TEST_F(Conversations, AskTheClientAndTakeItsAnswerOnly) {
    begin();
    const auto heard = std::make_shared<Heard>();
    conversation_->request(request(1, "tools/call", R"({"name":"ask"})"), heard);
    const json::Object asked = heard->next(0);
    EXPECT_EQ(asked.at("method"), "sampling/createMessage");
    conversation_->response({77, json::Value("to nothing")});
    conversation_->response({asked.at("id"), json::Value("hello")});
    conversation_->response({asked.at("id"), json::Value("twice")});
    EXPECT_EQ(heard->last().at("result").at("content").at(0).at("text"), "\"hello\"");
}

TEST(ToolArguments, AreDecodedStrictlyWithReasonsThatHelp) {
    const auto reason = [](const char* text) {
        const json::Object object = json::parse(text)->as_object();
        Arguments arguments(object, {"text", "many", "number", "whole", "flag", "word"});
        arguments.required_text("text", 8);
        arguments.texts("many", 4, 2);
        arguments.number("number", 0.5, 2);
        arguments.integer("whole", 1, 3);
        arguments.flag("flag");
        arguments.word("word", {"a", "b"});
        return arguments.wrong().value_or("");
    };
    EXPECT_EQ(reason(R"({"text":"x","many":["a","b"],"number":1,"whole":2,"flag":true,"word":"b"})"), "");
    EXPECT_THAT(reason(R"({})"), HasSubstr("text is missing"));
    EXPECT_THAT(reason(R"({"text":" "})"), HasSubstr("text is missing"));
    EXPECT_THAT(reason(R"({"text":"123456789"})"), HasSubstr("longer than 8"));
    EXPECT_THAT(reason(R"({"text":"a\u0000b"})"), HasSubstr("NUL"));
    EXPECT_THAT(reason(R"({"text":"x","tex":1})"), HasSubstr("there is no argument tex"));
    EXPECT_THAT(reason(R"({"text":"x","many":["a","b","c"]})"), HasSubstr("many"));
    EXPECT_THAT(reason(R"({"text":"x","many":[1]})"), HasSubstr("many"));
    EXPECT_THAT(reason(R"({"text":"x","many":["\u0000"]})"), HasSubstr("many"));
    EXPECT_THAT(reason(R"({"text":"x","number":0.4})"), HasSubstr("number"));
    EXPECT_THAT(reason(R"({"text":"x","number":"1"})"), HasSubstr("number"));
    EXPECT_THAT(reason(R"({"text":"x","whole":1.5})"), HasSubstr("whole"));
    EXPECT_THAT(reason(R"({"text":"x","whole":4})"), HasSubstr("whole"));
    EXPECT_THAT(reason(R"({"text":"x","flag":"yes"})"), HasSubstr("flag"));
    EXPECT_THAT(reason(R"({"text":"x","word":"c"})"), HasSubstr("a, b"));
}

}  // namespace
}  // namespace ec::apps::mcp
