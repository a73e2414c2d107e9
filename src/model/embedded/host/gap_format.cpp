#include "gap_format.hpp"

#include <array>
#include <filesystem>

namespace ec::model::embedded {
namespace {

std::string word(const llama_vocab* vocab, llama_token token) {
    const char* text = token == LLAMA_TOKEN_NULL ? nullptr : llama_vocab_get_text(vocab, token);
    return text == nullptr ? "" : text;
}

std::string named(const llama_model* model, const char* key) {
    std::array<char, 256> value{};
    return llama_model_meta_val_str(model, key, value.data(), value.size()) < 0 ? "" : value.data();
}

const fim::Template* family_of(const LoadedModel& model, const std::string& file) {
    for (const char* key : {"general.name", "general.basename", "general.finetune"}) {
        if (const fim::Template* form = fim::template_for(named(model.model(), key))) return form;
    }
    return fim::template_for(std::filesystem::path(file).stem().string());
}

}  // namespace

GapFormat::GapFormat(const LoadedModel& model, const std::string& file) {
    const fim::Template* family = family_of(model, file);
    if (family != nullptr) form_ = *family;
    const llama_vocab* vocab = model.vocab();
    const std::string prefix = word(vocab, llama_vocab_fim_pre(vocab));
    const std::string suffix = word(vocab, llama_vocab_fim_suf(vocab));
    const std::string middle = word(vocab, llama_vocab_fim_mid(vocab));
    if (prefix.empty() || suffix.empty() || middle.empty()) return;
    if (!form_) form_.emplace();
    form_->prefix = prefix;
    form_->suffix = suffix;
    form_->middle = middle;
    form_->file = word(vocab, llama_vocab_fim_sep(vocab));
    form_->repo = word(vocab, llama_vocab_fim_rep(vocab));
    if (const std::string pad = word(vocab, llama_vocab_fim_pad(vocab)); !pad.empty()) form_->ends.push_back(pad);
}

Result<Rendered> GapFormat::render(const TextRequest& request, std::size_t bytes) const {
    if (!form_) {
        return fail(ErrorCode::unavailable,
                    "this model fills no gaps in a text: its file names no tokens for it, and its family is not known",
                    "use a code model that was trained for it, such as qwen2.5-coder");
    }
    const TextRequest fitting = fim::fitted(request, bytes);
    Rendered rendered;
    rendered.prompt = fim::prompt(*form_, fitting);
    rendered.stops = fim::stops(*form_, fitting);
    return rendered;
}

}  // namespace ec::model::embedded
