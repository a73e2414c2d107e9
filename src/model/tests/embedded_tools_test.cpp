// Tools in the prompt, and the grammar of their envelope.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ec/core/text.hpp>

#include "embedded/host/batch_timer.hpp"
#include "embedded/host/chat_format.hpp"
#include "embedded/host/generator.hpp"
#include "embedded/host/prefix_store.hpp"
#include "embedded/host/sampler.hpp"
#include "embedded_fixture.hpp"

namespace ec::model {
namespace {

using namespace embedded;
using ::testing::HasSubstr;
using ::testing::Not;

/// The tiny model in this process, without a host.
class InThisProcess : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        ASSERT_TRUE(load_backends(llama_library_dir()));
        Load load;
        load.file = testing::tiny_model();
        load.threads = 1;
        load.context = 2048;
        load.memory_bytes = std::int64_t{1} << 30;
        auto loaded = LoadedModel::load(load, controls());
        ASSERT_TRUE(loaded) << loaded.error().message;
        model_ = *std::move(loaded);
        auto format = ChatFormat::create(*model_);
        ASSERT_TRUE(format) << format.error().message;
        format_ = *std::move(format);
    }
    static void TearDownTestSuite() {
        format_.reset();
        model_.reset();
    }
    static Controls& controls() {
        static Controls kOnly;
        return kOnly;
    }

    static ChatRequest with_tools() {
        ChatRequest request = testing::asking("what is in a.py?");
        request.tools.push_back({"read_file", "Reads a file",
                                 R"({"type":"object","properties":{"path":{"type":"string"}},"required":["path"]})"});
        return request;
    }

    /// Logits that want exactly these tokens one after the other; with the grammar or without.
    static std::string forced(const std::string& wanted, const Rendered& rendered, std::size_t most = 400) {
        Sampling sampling;
        sampling.temperature = 0;
        Sampler sampler = Sampler::create(*model_, sampling, rendered, 1).value();
        const Tokens tokens = model_->tokenize(wanted);
        std::string out;
        std::vector<float> logits(static_cast<std::size_t>(llama_vocab_n_tokens(model_->vocab())));
        for (std::size_t i = 0; i < std::min(tokens.size(), most); ++i) {
            std::ranges::fill(logits, 0.0F);
            logits[static_cast<std::size_t>(tokens[i])] = 10;
            const llama_token token = sampler.pick(logits, true);
            out += model_->piece(token, true);
            if (token != tokens[i]) break;
        }
        return out;
    }

    static inline std::unique_ptr<LoadedModel> model_;
    static inline std::unique_ptr<ChatFormat> format_;
};

TEST_F(InThisProcess, RendersToolsInTheModelsOwnDialect) {
    const auto rendered = format_->render(with_tools(), {});
    ASSERT_TRUE(rendered) << rendered.error().message;
    EXPECT_THAT(rendered->prompt, HasSubstr("<tools>"));
    EXPECT_THAT(rendered->prompt, HasSubstr("read_file"));
    EXPECT_THAT(rendered->prompt, HasSubstr("<|im_start|>user\nwhat is in a.py?<|im_end|>"));
    EXPECT_TRUE(rendered->prompt.ends_with("<|im_start|>assistant\n"));
    EXPECT_FALSE(rendered->grammar.empty());
}

TEST_F(InThisProcess, RendersCallsAndTheirResults) {
    ChatRequest request = with_tools();
    request.messages.push_back({Role::assistant, "", {{"1", "read_file", {{"path", "a.py"}}}}, {}});
    request.messages.push_back({Role::tool, "print(1)", {}, "1"});
    const auto rendered = format_->render(request, {});
    ASSERT_TRUE(rendered) << rendered.error().message;
    EXPECT_THAT(rendered->prompt, HasSubstr("<tool_call>\n{\"name\": \"read_file\""));
    EXPECT_THAT(rendered->prompt, HasSubstr("<tool_response>\nprint(1)\n</tool_response>"));
}

TEST_F(InThisProcess, RepeatsWhatTheModelReallyWrote) {
    ChatRequest request = with_tools();
    Memory memory;
    const std::string raw =
        "<think>hm</think>\nLet me look.\n<tool_call>\n{\"arguments\":{\"path\":  "
        "\"a.py\"},\"name\":\"read_file\"}\n</tool_call>";
    memory.remember(request, raw);
    request.messages.push_back({Role::assistant, "Let me look.", {{"1", "read_file", {{"path", "a.py"}}}}, {}});
    request.messages.push_back({Role::tool, "print(1)", {}, "1"});
    const auto rendered = format_->render(request, memory);
    ASSERT_TRUE(rendered);
    EXPECT_THAT(rendered->prompt, HasSubstr(raw));
    request.messages[1].calls[0].arguments["path"] = "b.py";
    const auto other = format_->render(request, memory);
    ASSERT_TRUE(other);
    EXPECT_THAT(other->prompt, Not(HasSubstr(raw))) << "a call that was changed is not what the model wrote";
}

TEST_F(InThisProcess, LetsTextAndWellFormedCallsPass) {
    const Rendered rendered = format_->render(with_tools(), {}).value();
    for (const std::string text : {"Just words, {\"name\": 1} and all.",
                                   "Let me look.\n<tool_call>\n{\"name\": \"read_file\", \"arguments\": {\"path\": "
                                   "\"a.py\"}}\n</tool_call>"}) {
        EXPECT_EQ(forced(text, rendered), text);
    }
}

TEST_F(InThisProcess, KeepsCallsToTheToolsThereAre) {
    const Rendered rendered = format_->render(with_tools(), {}).value();
    const std::string wrong = "<tool_call>\n{\"name\": \"write_file\", \"arguments\": {}}\n</tool_call>";
    EXPECT_NE(forced(wrong, rendered), wrong);
    Rendered free = rendered;
    free.grammar.clear();
    EXPECT_EQ(forced(wrong, free), wrong);
}

/// Answers requests in this process, with drafts as far as `cost` lets them pay.
class Answering {
public:
    Answering(LoadedModel& model, const ChatFormat& format, BatchCost cost)
        : sequences_(model),
          store_(model, memory_, {}, 0, ""),
          gaps_(model, "tiny.gguf"),
          generator_(model, sequences_, format, gaps_, memory_, store_, std::move(cost)) {}

    ChatReply operator()(const ChatRequest& request) {
        ChatReply out;
        Output output;
        output.reply = [&](unsigned, const ChatReply& reply) { out = reply; };
        const Status status = generator_.run({1, request, 1}, output);
        EXPECT_TRUE(status) << status.error().message;
        return out;
    }

private:
    Sequences sequences_;
    Memory memory_;
    PrefixStore store_;
    GapFormat gaps_;
    Generator generator_;
};

TEST_F(InThisProcess, WritesTheSameWithDraftsAsWithout) {
    ChatRequest request = testing::asking("repeat the file", 48);
    request.sampling.temperature = 0;
    ChatReply plain;
    {
        Answering answer(*model_, *format_, {});
        plain = answer(request);
        ASSERT_EQ(plain.usage.completion_tokens, 48);
    }
    llama_memory_clear(model_->memory(), true);
    Answering answer(*model_, *format_, {1, 1.01, 1.02, 1.03, 1.04, 1.05});
    // What it will write, and something else behind the same words: right drafts and wrong ones.
    request.likely_text = plain.text + "\n" + plain.text.substr(0, plain.text.size() / 2) + " and other words";
    while (!is_valid_utf8(request.likely_text)) request.likely_text = to_valid_utf8(request.likely_text);
    const ChatReply drafted = answer(request);
    EXPECT_EQ(drafted.usage.completion_tokens, 48);
    // Kernels for one row and for many round differently, so two equally good words may change places later on.
    EXPECT_EQ(drafted.text.substr(0, 40), plain.text.substr(0, 40));
    llama_memory_clear(model_->memory(), true);
}

TEST_F(InThisProcess, MeasuresWhatBatchesCost) {
    const BatchCost cost = measure_batch_cost(*model_, SystemClock());
    if (cost.empty()) GTEST_SKIP() << "this machine is too busy to measure it";
    ASSERT_EQ(cost.size(), kBatchSizes.size());
    EXPECT_EQ(cost.front(), 1);
    EXPECT_GT(cost.back(), 1);
}

}  // namespace
}  // namespace ec::model
