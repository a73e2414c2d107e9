#include <algorithm>
#include <array>

#include "fim/fim.hpp"

namespace ec::model::fim {
namespace {

struct Family {
    /// Words that its models' names hold, all of one row, written without anything but letters and digits.
    std::array<std::string_view, 2> words;
    Template form;
};

Template form(std::string prefix, std::string suffix, std::string middle, std::vector<std::string> ends) {
    return {.prefix = std::move(prefix),
            .suffix = std::move(suffix),
            .middle = std::move(middle),
            .repo = {},
            .file = {},
            .heading = {},
            .ends = std::move(ends)};
}

Template with_files(Template form, std::string repo, std::string file) {
    form.repo = std::move(repo);
    form.file = std::move(file);
    return form;
}

Template suffix_first(Template form) {
    form.suffix_first = true;
    return form;
}

Template headed(Template form, std::string heading) {
    form.heading = std::move(heading);
    return form;
}

// The first whose words a name holds counts. As the families' own pages give them:
std::vector<Family> families() {
    const auto angled = [] { return form("<fim_prefix>", "<fim_suffix>", "<fim_middle>", {"<|endoftext|>"}); };
    const auto barred = [](std::vector<std::string> ends) {
        return form("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", std::move(ends));
    };
    // https://github.com/QwenLM/Qwen2.5-Coder, "fill in the middle" and "repository level"
    const Template qwen = with_files(barred({"<|endoftext|>", "<|fim_pad|>", "<|im_start|>", "<|im_end|>"}),
                                     "<|repo_name|>", "<|file_sep|>");
    // https://github.com/deepseek-ai/DeepSeek-Coder; version 2 has kept them
    const Template deepseek =
        headed(form("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>", {"<｜end▁of▁sentence｜>", "<|EOT|>"}), "#");
    return {
        {{"qwen25coder", ""}, qwen},
        {{"qwen3coder", ""}, qwen},
        {{"qwencoder", ""}, qwen},
        // https://github.com/QwenLM/CodeQwen1.5
        {{"codeqwen", ""}, angled()},
        {{"deepseekcoder", ""}, deepseek},
        {{"deepseek", "coder"}, deepseek},
        // https://github.com/meta-llama/codellama; the spaces belong to the words
        {{"codellama", ""}, form("<PRE> ", " <SUF>", " <MID>", {"<EOT>"})},
        // https://huggingface.co/bigcode/starcoder2-7b, arXiv:2402.19173 section 5
        {{"starcoder2", ""}, with_files(angled(), "<repo_name>", "<file_sep>")},
        // https://huggingface.co/bigcode/starcoder, arXiv:2305.06161
        {{"starcoder", ""}, with_files(angled(), "<reponame>", "<filename>")},
        {{"santacoder", ""}, form("<fim-prefix>", "<fim-suffix>", "<fim-middle>", {"<|endoftext|>"})},
        // https://huggingface.co/stabilityai/stable-code-3b
        {{"stablecode", ""}, angled()},
        {{"refact", ""}, angled()},
        // https://ai.google.dev/gemma/docs/codegemma/prompt-structure
        {{"codegemma", ""}, with_files(barred({"<end_of_turn>", "<eos>"}), "", "<|file_separator|>")},
        // https://docs.mistral.ai/capabilities/code_generation; open weights take the words themselves
        {{"codestral", ""}, headed(suffix_first(form("[PREFIX]", "[SUFFIX]", "", {"</s>"})), "+++++ ")},
        // https://huggingface.co/ibm-granite: granite-8b-code-base, granite-4.0
        {{"granite", "code"}, form("<fim_prefix>", "<fim_suffix>", "<fim_middle>", {"<|endoftext|>", "<fim_pad>"})},
        {{"granite", "4"}, barred({"<|end_of_text|>", "<|fim_pad|>"})},
        // https://huggingface.co/ByteDance-Seed/Seed-Coder-8B-Base
        {{"seedcoder", ""},
         suffix_first(form("<[fim-prefix]>", "<[fim-suffix]>", "<[fim-middle]>", {"<[end▁of▁sentence]>"}))},
        // https://huggingface.co/JetBrains/Mellum-4b-base
        {{"mellum", ""}, with_files(suffix_first(angled()), "", "<filename>")},
    };
}

std::string plain_name(std::string_view model) {
    std::string plain;
    for (const char c : model) {
        const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9')) plain += lower;
    }
    return plain;
}

}  // namespace

const Template* template_for(std::string_view model) {
    static const std::vector<Family> kFamilies = families();
    const std::string plain = plain_name(model);
    const auto found = std::ranges::find_if(kFamilies, [&](const Family& family) {
        return std::ranges::all_of(family.words, [&](std::string_view word) { return plain.contains(word); });
    });
    return found == kFamilies.end() ? nullptr : &found->form;
}

}  // namespace ec::model::fim
