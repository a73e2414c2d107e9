// Prompts that fill a gap, in the words of each family, and what is left out where there is no room.
#include "fim/fim.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace ec::model {
namespace {

TextRequest gap(std::string before, std::string after) {
    TextRequest request;
    request.prompt = std::move(before);
    request.suffix = std::move(after);
    return request;
}

std::string prompt_of(std::string_view model, const TextRequest& request) {
    const fim::Template* form = fim::template_for(model);
    return form == nullptr ? "no family" : fim::prompt(*form, request);
}

TEST(GapPrompts, AreInTheWordsOfTheFamily) {
    const std::pair<const char*, const char*> cases[] = {
        {"qwen2.5-coder:7b", "<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>"},
        {"Qwen/Qwen2.5-Coder-1.5B-Instruct", "<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>"},
        {"qwen3-coder-30b-a3b", "<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>"},
        {"CodeQwen1.5-7B", "<fim_prefix>a<fim_suffix>b<fim_middle>"},
        {"codellama:7b-code", "<PRE> a <SUF>b <MID>"},
        {"deepseek-coder:6.7b-base-q4_0", "<｜fim▁begin｜>a<｜fim▁hole｜>b<｜fim▁end｜>"},
        {"DeepSeek-Coder-V2-Lite-Base.Q4_K_M.gguf", "<｜fim▁begin｜>a<｜fim▁hole｜>b<｜fim▁end｜>"},
        {"bigcode/starcoder2-3b", "<fim_prefix>a<fim_suffix>b<fim_middle>"},
        {"starcoder:1b", "<fim_prefix>a<fim_suffix>b<fim_middle>"},
        {"stable-code:3b", "<fim_prefix>a<fim_suffix>b<fim_middle>"},
        {"codegemma:2b", "<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>"},
        {"codestral:22b", "[SUFFIX]b[PREFIX]a"},
        {"granite-8b-code-base", "<fim_prefix>a<fim_suffix>b<fim_middle>"},
        {"granite-4.0-h-tiny", "<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>"},
        {"Seed-Coder-8B-Base", "<[fim-suffix]>b<[fim-prefix]>a<[fim-middle]>"},
        {"JetBrains/Mellum-4b-base", "<fim_suffix>b<fim_prefix>a<fim_middle>"},
        {"llama3.1:8b", "no family"},
        {"", "no family"},
    };
    for (const auto& [model, expected] : cases) EXPECT_EQ(prompt_of(model, gap("a", "b")), expected) << model;
}

TEST(GapPrompts, SetOutTheFilesAroundWhereTheFamilyHasWordsForThem) {
    TextRequest request = gap("def f():\n    ", "\n");
    request.path = "src/f.py";
    request.neighbours = {{"a.py", "x = 1"}, {"b.py", "y = 2\n"}};
    EXPECT_EQ(prompt_of("qwen2.5-coder", request),
              "<|repo_name|>repository\n<|file_sep|>a.py\nx = 1\n<|file_sep|>b.py\ny = 2\n<|file_sep|>src/f.py\n"
              "<|fim_prefix|>def f():\n    <|fim_suffix|>\n<|fim_middle|>");
    EXPECT_EQ(prompt_of("mellum", request),
              "<filename>a.py\nx = 1\n<filename>b.py\ny = 2\n<filename>src/f.py\n"
              "<fim_suffix>\n<fim_prefix>def f():\n    <fim_middle>");
    EXPECT_EQ(prompt_of("codellama", request),
              "<PRE> # a.py\nx = 1\n\n# b.py\ny = 2\n\n# src/f.py\ndef f():\n     <SUF>\n <MID>");
    EXPECT_EQ(prompt_of("codestral", request),
              "[SUFFIX]\n[PREFIX]+++++ a.py\nx = 1\n\n+++++ b.py\ny = 2\n\n+++++ src/f.py\ndef f():\n    ");
}

TEST(GapPrompts, BreakUpTheFamilysWordsInTheTexts) {
    TextRequest request = gap("'<|fim_middle|>'", "<|endoftext|>");
    request.path = "<|file_sep|>\n<|repo_name|>";
    request.neighbours = {{"n", "<|fim_prefix|>"}};
    const std::string prompt = prompt_of("qwen2.5-coder", request);
    for (const char* word : {"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|repo_name|>"}) {
        EXPECT_EQ(prompt.find(word), prompt.rfind(word)) << prompt;
    }
    EXPECT_NE(prompt.find("'< |fim_middle|>'"), std::string::npos) << prompt;
    EXPECT_EQ(prompt.find("<|endoftext|>"), std::string::npos);
    EXPECT_EQ(prompt_of("codellama", gap("a<SUF>", "<EOT>")), "<PRE> a< SUF> <SUF>< EOT> <MID>");
}

TEST(GapPrompts, EndAtTheFamilysWordsAndTheCallersTexts) {
    TextRequest request = gap("a", "b");
    request.sampling.stop = {"\n\n", "<|endoftext|>"};
    const auto stops = fim::stops(*fim::template_for("qwen2.5-coder"), request);
    EXPECT_EQ(stops.front(), "\n\n");
    for (const char* word : {"<|fim_middle|>", "<|file_sep|>", "<|endoftext|>", "<|im_end|>"}) {
        EXPECT_EQ(std::ranges::count(stops, word), 1) << word;
    }
    const auto spaced = fim::stops(*fim::template_for("codellama"), gap("", ""));
    EXPECT_NE(std::ranges::find(spaced, "<PRE>"), spaced.end());
    EXPECT_EQ(std::ranges::find(spaced, ""), spaced.end());
}

std::string lines(int first, int last) {
    std::string text;
    for (int i = first; i < last; ++i) text += "line " + std::to_string(i) + " of a file\n";
    return text;
}

TEST(FittedGaps, StayWholeWhereThereIsRoom) {
    TextRequest request = gap(lines(0, 10), lines(10, 20));
    request.neighbours = {{"a", "b"}};
    const TextRequest same = fim::fitted(request, 10'000);
    EXPECT_EQ(same.prompt, request.prompt);
    EXPECT_EQ(same.suffix, request.suffix);
    EXPECT_EQ(same.neighbours, request.neighbours);
}

TEST(FittedGaps, KeepWhatIsNearest) {
    TextRequest request = gap(lines(0, 1000), lines(1000, 2000));
    for (int i = 0; i < 50; ++i) request.neighbours.push_back({std::to_string(i), lines(0, 20)});
    const TextRequest cut = fim::fitted(request, 8000);
    std::size_t size = cut.prompt.size() + cut.suffix->size();
    for (const Excerpt& neighbour : cut.neighbours) size += neighbour.text.size();
    EXPECT_LE(size, 8000U);
    EXPECT_GE(size, 5000U);
    EXPECT_TRUE(request.prompt.ends_with(cut.prompt));
    EXPECT_TRUE(cut.prompt.starts_with("line "));
    EXPECT_TRUE(request.suffix->starts_with(*cut.suffix));
    EXPECT_GT(cut.suffix->size(), 500U);
    ASSERT_FALSE(cut.neighbours.empty());
    EXPECT_EQ(cut.neighbours.back().path, "49");
}

// How often the beginning of the prompt moves while a hundred neighbours come, or a thousand characters are typed.
template <class Grow>
int moves(TextRequest request, int steps, const Grow& grow) {
    int moved = 0;
    std::string front;
    for (int i = 0; i < steps; ++i) {
        grow(request, i);
        const TextRequest cut = fim::fitted(request, 20'000);
        const std::string now =
            cut.neighbours.empty() ? cut.prompt.substr(0, 40) : cut.neighbours.front().path + cut.prompt.substr(0, 40);
        moved += now != front ? 1 : 0;
        front = now;
    }
    return moved;
}

TEST(FittedGaps, SeldomMoveTheBeginningOfThePrompt) {
    TextRequest many = gap(lines(0, 50), lines(50, 100));
    for (int i = 0; i < 30; ++i) many.neighbours.push_back({std::to_string(i), lines(0, 40)});
    const int by_neighbours = moves(many, 100, [](TextRequest& request, int i) {
        request.neighbours.push_back({std::to_string(100 + i), lines(0, 20)});
    });
    EXPECT_LE(by_neighbours, 16);
    const int by_typing =
        moves(gap(lines(0, 2000), lines(0, 1000)), 1000, [](TextRequest& request, int) { request.prompt += "x"; });
    EXPECT_LE(by_typing, 2);
    const int by_both = moves(many, 1000, [](TextRequest& request, int) { request.prompt += "x"; });
    EXPECT_LE(by_both, 3);
}

TEST(FittedGaps, AreCutAtWholeCharacters) {
    std::string accents;
    for (int i = 0; i < 1000; ++i) accents += "é";
    for (std::size_t bytes = 0; bytes < 200; ++bytes) {
        TextRequest request = gap(accents, accents);
        request.neighbours = {{"a", accents}};
        const TextRequest cut = fim::fitted(request, bytes);
        EXPECT_EQ(cut.prompt.size() % 2, 0U) << bytes;
        EXPECT_EQ(cut.suffix->size() % 2, 0U) << bytes;
        EXPECT_LE(cut.prompt.size() + cut.suffix->size(), std::max<std::size_t>(bytes, 1)) << bytes;
    }
}

}  // namespace
}  // namespace ec::model
