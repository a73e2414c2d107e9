// The model against the stand-in of tests/fakes, which was written from the servers' published contracts alone.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <ec/core/fd.hpp>
#include <ec/json/json.hpp>

#include "openai_fixture.hpp"

namespace ec::model {
namespace {

using testing::ask;
using testing::NoEgress;
using testing::NoWait;

/// fake_model.py as a program; killed with the object.
class StandIn {
public:
    explicit StandIn(const char* flag) {
        const char* source = std::getenv("EC_SOURCE_DIR");
        const std::string program = std::string(source == nullptr ? "." : source) + "/tests/fakes/fake_model.py";
        int fds[2];
        if (::pipe(fds) != 0) return;
        const UniqueFd ours(fds[0]);
        UniqueFd theirs(fds[1]);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::dup2(theirs.get(), 1);
            ::execl("/usr/bin/python3", "python3", "-B", program.c_str(), flag, nullptr);
            ::_exit(127);
        }
        theirs.reset();
        std::string line;
        for (char byte = 0; ::read(ours.get(), &byte, 1) == 1 && byte != '\n';) line += byte;
        if (line.starts_with("ready ")) url_ = line.substr(6);
    }
    ~StandIn() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    StandIn(const StandIn&) = delete;
    StandIn& operator=(const StandIn&) = delete;
    [[nodiscard]] const std::string& url() const { return url_; }

private:
    int pid_ = -1;
    std::string url_;
};

class AgainstTheStandIn : public ::testing::TestWithParam<const char*> {
protected:
    void SetUp() override { ASSERT_FALSE(server_.url().empty()) << "the stand-in did not start"; }

    std::unique_ptr<ServedModel> model(const std::string& name) {
        OpenAiOptions options;
        options.address = *parse_model_address(server_.url() + "#" + name);
        options.notes_dir = folder_.path() / "notes";
        auto made = make_openai_model(*http_, std::move(options), clock_, waiter_);
        // On another port than its own Ollama is known only once it was looked at, as before a large prompt.
        if (GetParam() == std::string_view("--ollama")) static_cast<void>(made->probe_context(64, {}));
        return made;
    }

    StandIn server_{GetParam()};
    TempDir folder_ = *TempDir::create();
    NoEgress egress_;
    NoWait waiter_;
    ManualClock clock_;
    std::unique_ptr<net::HttpClient> http_ = net::make_http_client(egress_, "test");
};

TEST_P(AgainstTheStandIn, FillsAGapAndGoesOnWithAText) {
    TextRequest request;
    request.prompt = "total = add(1, 2)\ncount = add(3, 4)\ntotal = ";
    request.sampling.max_tokens = 32;
    for (const char* name : {"qwen2.5-coder:7b", "starcoder2", "codellama", "codestral", "deepseek-coder"}) {
        request.suffix = "\nprint(total)\n";
        request.neighbours = {{"other.py", "x = 1\n"}};
        const auto filler = model(name);
        std::string streamed;
        const auto filled = filler->complete_text(request, [&](const Delta& delta) { streamed += delta.text; }, {});
        ASSERT_TRUE(filled) << name << filled.error().message;
        EXPECT_EQ(filled->text, "add(1, 2)") << name;
        EXPECT_EQ(streamed, filled->text);
        EXPECT_EQ(filled->finish, Finish::stop);
        EXPECT_GT(filled->usage.prompt_tokens, 10);
        EXPECT_GT(filled->usage.completion_tokens, 1);
        EXPECT_TRUE(filler->facts().fills);
        request.suffix.reset();
        const auto longer = filler->complete_text(request, {}, {});
        ASSERT_TRUE(longer) << name << longer.error().message;
        EXPECT_EQ(longer->text, "add(1, 2)") << name;
        request.sampling.stop = {","};
        EXPECT_EQ(filler->complete_text(request, {}, {}).value().text, "add(1");
        request.sampling.stop.clear();
    }
}

TEST_P(AgainstTheStandIn, HoldsAnAnswerToItsForm) {
    const auto asks = model("oracle:none");
    ChatRequest request = ask("hi");
    request.response_schema = R"({"type":"object","properties":{"a":{"enum":["yes","no"]}},"required":["a"]})";
    const auto held = asks->complete(request, {}, {});
    ASSERT_TRUE(held) << held.error().message;
    EXPECT_EQ(json::parse(held->text).value(), json::parse(R"({"a":"yes"})").value());
    request.response_schema = "{}";
    EXPECT_TRUE(json::parse(asks->complete(request, {}, {}).value().text));
}

TEST_P(AgainstTheStandIn, HasAToolCalledWhereOneMustBe) {
    if (GetParam() == std::string_view("--ollama")) GTEST_SKIP() << "its protocol has no word for it";
    const auto asks = model("oracle:none");
    ChatRequest request = ask("hi");
    request.tools = {{"first", "", ""}, {"second", "", ""}};
    EXPECT_TRUE(asks->complete(request, {}, {}).value().calls.empty());
    request.tool_choice = ToolChoice::required;
    request.must_call = "second";
    const auto reply = asks->complete(request, {}, {});
    ASSERT_TRUE(reply) << reply.error().message;
    ASSERT_EQ(reply->calls.size(), 1U);
    EXPECT_EQ(reply->calls[0].name, "second");
    EXPECT_EQ(reply->finish, Finish::tool_calls);
}

INSTANTIATE_TEST_SUITE_P(Servers, AgainstTheStandIn, ::testing::Values("--infill", "--ollama", "--context=32768"));

}  // namespace
}  // namespace ec::model
