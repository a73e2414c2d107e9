#include "synthetic_model.hpp"

#include <ggml.h>
#include <gguf.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ec/core/fs.hpp>
#include <ec/core/rng.hpp>
#include <memory>
#include <string>
#include <vector>

namespace ec::model::testing {
namespace {

template <auto Free>
struct FreeBy {
    template <class T>
    void operator()(T* object) const {
        static_cast<void>(Free(object));
    }
};
using Gguf = std::unique_ptr<gguf_context, FreeBy<&gguf_free>>;
using Tensors = std::unique_ptr<ggml_context, FreeBy<&ggml_free>>;
using File = std::unique_ptr<std::FILE, FreeBy<&std::fclose>>;

void describe(gguf_context* file, const Shape& shape, const std::string& chat_template) {
    gguf_set_val_str(file, "general.architecture", "qwen2");
    gguf_set_val_str(file, "general.name", "synthetic");
    gguf_set_val_u32(file, "general.file_type", 2);  // mostly Q4_0
    gguf_set_val_u32(file, "qwen2.block_count", shape.layers);
    gguf_set_val_u32(file, "qwen2.context_length", shape.context);
    gguf_set_val_u32(file, "qwen2.embedding_length", shape.width);
    gguf_set_val_u32(file, "qwen2.feed_forward_length", shape.feed_forward);
    gguf_set_val_u32(file, "qwen2.attention.head_count", shape.heads);
    gguf_set_val_u32(file, "qwen2.attention.head_count_kv", shape.key_value_heads);
    gguf_set_val_f32(file, "qwen2.rope.freq_base", 1000000.0F);
    gguf_set_val_f32(file, "qwen2.attention.layer_norm_rms_epsilon", 1e-6F);
    gguf_set_val_str(file, "tokenizer.chat_template", chat_template.c_str());
}

constexpr const char* kWords = "tokenizer.ggml.tokens";
constexpr const char* kTypes = "tokenizer.ggml.token_type";
constexpr const char* kMerges = "tokenizer.ggml.merges";
constexpr std::int32_t kControl = 3;
constexpr std::array kGapWords{"<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>",
                               "<|fim_pad|>",    "<|repo_name|>",  "<|file_sep|>"};

/// Strings of an array, as many as are wanted.
std::vector<const char*> strings(const gguf_context* file, const char* key, std::size_t most) {
    std::vector<const char*> out;
    const std::int64_t at = gguf_find_key(file, key);
    const std::size_t n = at < 0 ? 0 : std::min(gguf_get_arr_n(file, at), most);
    for (std::size_t i = 0; i < n; ++i) out.push_back(gguf_get_arr_str(file, at, i));
    return out;
}

// Words come in the order of the merges that made them, so the first so many merges make the first so many words.
Status cut_vocabulary(gguf_context* file, const gguf_context* whole, std::size_t most, bool gaps) {
    const std::vector<const char*> words = strings(whole, kWords, static_cast<std::size_t>(-1));
    const std::int64_t types_at = gguf_find_key(whole, kTypes);
    if (types_at < 0 || gguf_get_arr_n(whole, types_at) != words.size()) {
        return fail(ErrorCode::corrupt, "the vocabulary has no types");
    }
    const auto* types = static_cast<const std::int32_t*>(gguf_get_arr_data(whole, types_at));
    std::vector<const char*> kept;
    std::vector<std::int32_t> kept_types;
    std::vector<std::uint32_t> moved(words.size());
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i >= most && types[i] != kControl) continue;
        moved[i] = static_cast<std::uint32_t>(kept.size());
        kept.push_back(words[i]);
        kept_types.push_back(types[i]);
    }
    if (gaps) {
        kept.insert(kept.end(), kGapWords.begin(), kGapWords.end());
        kept_types.resize(kept.size(), kControl);
    }
    std::vector<const char*> merges = strings(whole, kMerges, most - std::min<std::size_t>(most, 256));
    gguf_set_arr_str(file, kWords, kept.data(), kept.size());
    gguf_set_arr_data(file, kTypes, GGUF_TYPE_INT32, kept_types.data(), kept_types.size());
    gguf_set_arr_str(file, kMerges, merges.data(), merges.size());
    for (const char* special : {"bos", "eos", "padding"}) {
        const std::string key = std::string("tokenizer.ggml.") + special + "_token_id";
        const std::int64_t at = gguf_find_key(whole, key.c_str());
        if (at >= 0) gguf_set_val_u32(file, key.c_str(), moved.at(gguf_get_val_u32(whole, at)));
    }
    return {};
}

class Layout {
public:
    Layout(gguf_context* file, ggml_context* tensors) : file_(file), tensors_(tensors) {}

    void vector(const std::string& name, std::int64_t n) { add(name, ggml_new_tensor_1d(tensors_, GGML_TYPE_F32, n)); }
    void matrix(const std::string& name, ggml_type type, std::int64_t in, std::int64_t out) {
        add(name, ggml_new_tensor_2d(tensors_, type, in, out));
    }

    void block(const std::string& at, const Shape& shape) {
        const std::int64_t kv = std::int64_t{shape.width} / shape.heads * shape.key_value_heads;
        vector(at + "attn_norm.weight", shape.width);
        vector(at + "ffn_norm.weight", shape.width);
        matrix(at + "attn_q.weight", GGML_TYPE_Q4_0, shape.width, shape.width);
        matrix(at + "attn_k.weight", GGML_TYPE_Q4_0, shape.width, kv);
        matrix(at + "attn_v.weight", GGML_TYPE_Q4_0, shape.width, kv);
        matrix(at + "attn_output.weight", GGML_TYPE_Q4_0, shape.width, shape.width);
        vector(at + "attn_q.bias", shape.width);
        vector(at + "attn_k.bias", kv);
        vector(at + "attn_v.bias", kv);
        matrix(at + "ffn_gate.weight", GGML_TYPE_Q4_0, shape.width, shape.feed_forward);
        matrix(at + "ffn_up.weight", GGML_TYPE_Q4_0, shape.width, shape.feed_forward);
        matrix(at + "ffn_down.weight", GGML_TYPE_Q4_0, shape.feed_forward, shape.width);
    }

    [[nodiscard]] const std::vector<ggml_tensor*>& all() const { return all_; }

private:
    void add(const std::string& name, ggml_tensor* tensor) {
        ggml_set_name(tensor, name.c_str());
        gguf_add_tensor(file_, tensor);
        all_.push_back(tensor);
    }

    gguf_context* file_;
    ggml_context* tensors_;
    std::vector<ggml_tensor*> all_;
};

// Blocks of a half-precision scale and random levels. Scales keep the activations of every layer in range; embeddings
// are small beside what the layers add, or the tied output would repeat its input for ever.
void fill_blocks(std::vector<char>& bytes, std::size_t block, ggml_fp16_t scale, Rng& rng) {
    for (std::size_t at = 0; at < bytes.size(); at += block) {
        std::memcpy(bytes.data() + at, &scale, sizeof scale);
        for (std::size_t i = sizeof scale; i < block; i += 8) {
            const std::uint64_t levels = rng.next();
            std::memcpy(bytes.data() + at + i, &levels, std::min<std::size_t>(8, block - i));
        }
    }
}

void fill_floats(std::vector<char>& bytes, bool norm, Rng& rng) {
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(float)) {
        const float small = (static_cast<float>(rng.below(2001)) - 1000.0F) * 1e-5F;
        const float value = norm ? 1.0F + small : small;
        std::memcpy(bytes.data() + at, &value, sizeof value);
    }
}

void fill(std::vector<char>& bytes, const ggml_tensor* tensor, Rng& rng) {
    const float spread = 1.0F / std::sqrt(static_cast<float>(tensor->ne[0]));
    switch (tensor->type) {
        case GGML_TYPE_Q4_0:
            return fill_blocks(bytes, ggml_type_size(GGML_TYPE_Q4_0), ggml_fp32_to_fp16(spread / 4.6F), rng);
        case GGML_TYPE_Q8_0:
            return fill_blocks(bytes, ggml_type_size(GGML_TYPE_Q8_0), ggml_fp32_to_fp16(0.1F / 74.0F), rng);
        default:
            return fill_floats(bytes, std::strstr(tensor->name, "norm") != nullptr, rng);
    }
}

Status write_data(std::FILE* out, const gguf_context* file, const std::vector<ggml_tensor*>& tensors,
                  std::uint64_t seed) {
    Rng rng(seed);
    const std::size_t alignment = gguf_get_alignment(file);
    for (const ggml_tensor* tensor : tensors) {
        std::vector<char> bytes(ggml_nbytes(tensor));
        fill(bytes, tensor, rng);
        bytes.resize((bytes.size() + alignment - 1) / alignment * alignment);
        if (std::fwrite(bytes.data(), 1, bytes.size(), out) != bytes.size()) {
            return fail(ErrorCode::io, "cannot write the weights");
        }
    }
    return {};
}

}  // namespace

Result<Shape> shape(std::string_view name) {
    if (name == "tiny") return Shape{.words = 16000};
    if (name == "tiny-coder") return Shape{.words = 16000, .gaps = true};
    if (name == "qwen2.5-0.5b") return Shape{24, 896, 4864, 14, 2, 32768};
    if (name == "qwen2.5-1.5b") return Shape{28, 1536, 8960, 12, 2, 32768};
    return fail(ErrorCode::invalid_argument, "no such shape: " + std::string(name));
}

Ingredients unpacked_ingredients() {
    const std::filesystem::path models = std::filesystem::path(EC_LLAMA_UNPACKED) / "models";
    return {models / "ggml-vocab-qwen2.gguf", models / "templates/Qwen-Qwen2.5-7B-Instruct.jinja"};
}

Status write_synthetic_model(const std::filesystem::path& path, const Shape& shape, const Ingredients& ingredients,
                             std::uint64_t seed) {
    EC_ASSIGN(const std::string chat_template, read_file(ingredients.chat_template));
    const Gguf vocabulary(gguf_init_from_file(ingredients.vocabulary.c_str(), {true, nullptr}));
    if (!vocabulary) return fail(ErrorCode::not_found, "cannot read " + ingredients.vocabulary.string());
    const Gguf file(gguf_init_empty());
    gguf_set_kv(file.get(), vocabulary.get());
    describe(file.get(), shape, chat_template);
    if (shape.words > 0) EC_TRY(cut_vocabulary(file.get(), vocabulary.get(), shape.words, shape.gaps));

    const Tensors tensors(ggml_init({ggml_tensor_overhead() * (shape.layers * 12 + 8), nullptr, true}));
    Layout layout(file.get(), tensors.get());
    const std::int64_t key = gguf_find_key(file.get(), kWords);
    if (key < 0) return fail(ErrorCode::corrupt, "the vocabulary has no tokens");
    const auto words = static_cast<std::int64_t>(gguf_get_arr_n(file.get(), key));
    layout.matrix("token_embd.weight", GGML_TYPE_Q8_0, shape.width, words);
    layout.vector("output_norm.weight", shape.width);
    for (std::uint32_t i = 0; i < shape.layers; ++i) layout.block("blk." + std::to_string(i) + ".", shape);

    if (!gguf_write_to_file(file.get(), path.c_str(), true))
        return fail(ErrorCode::io, "cannot write " + path.string());
    const File out(std::fopen(path.c_str(), "ab"));
    if (!out) return fail(ErrorCode::io, "cannot write " + path.string());
    return write_data(out.get(), file.get(), layout.all(), seed);
}

}  // namespace ec::model::testing
