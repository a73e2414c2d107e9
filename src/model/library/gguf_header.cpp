#include "gguf_header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ec/core/text.hpp>
#include <fstream>
#include <istream>
#include <map>

namespace ec::model {
namespace library {
namespace {

constexpr std::uint64_t kMostPairs = 1U << 16;
constexpr std::uint64_t kMostTensors = 1U << 17;
constexpr std::uint64_t kLongestKey = 1U << 12;
constexpr std::uint64_t kLongestText = 1U << 12;  // that is kept; longer ones are passed over
constexpr std::uint64_t kMostElements = 1ULL << 30;
constexpr std::uint64_t kLargest = 1ULL << 50;
constexpr std::uint32_t kMostDimensions = 4;
constexpr unsigned kDeepest = 2;

enum Kind : std::uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64 };
constexpr std::array<std::uint64_t, 13> kBytes{1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

struct WeightType {
    std::uint32_t number;
    const char* name;
    std::uint64_t block;  ///< weights
    std::uint64_t bytes;  ///< of a block
};
constexpr WeightType kWeightTypes[] = {
    {0, "F32", 1, 4},         {1, "F16", 1, 2},         {2, "Q4_0", 32, 18},      {3, "Q4_1", 32, 20},
    {6, "Q5_0", 32, 22},      {7, "Q5_1", 32, 24},      {8, "Q8_0", 32, 34},      {9, "Q8_1", 32, 36},
    {10, "Q2_K", 256, 84},    {11, "Q3_K", 256, 110},   {12, "Q4_K", 256, 144},   {13, "Q5_K", 256, 176},
    {14, "Q6_K", 256, 210},   {15, "Q8_K", 256, 292},   {16, "IQ2_XXS", 256, 66}, {17, "IQ2_XS", 256, 74},
    {18, "IQ3_XXS", 256, 98}, {19, "IQ1_S", 256, 50},   {20, "IQ4_NL", 32, 18},   {21, "IQ3_S", 256, 110},
    {22, "IQ2_S", 256, 82},   {23, "IQ4_XS", 256, 136}, {24, "I8", 1, 1},         {25, "I16", 1, 2},
    {26, "I32", 1, 4},        {27, "I64", 1, 8},        {28, "F64", 1, 8},        {29, "IQ1_M", 256, 56},
    {30, "BF16", 1, 2},       {34, "TQ1_0", 256, 54},   {35, "TQ2_0", 256, 66},   {39, "MXFP4", 32, 17}};

struct FileType {
    std::int64_t number;
    const char* name;
};
constexpr FileType kFileTypes[] = {{0, "F32"},     {1, "F16"},     {2, "Q4_0"},    {3, "Q4_1"},    {7, "Q8_0"},
                                   {8, "Q5_0"},    {9, "Q5_1"},    {10, "Q2_K"},   {11, "Q3_K_S"}, {12, "Q3_K_M"},
                                   {13, "Q3_K_L"}, {14, "Q4_K_S"}, {15, "Q4_K_M"}, {16, "Q5_K_S"}, {17, "Q5_K_M"},
                                   {18, "Q6_K"},   {32, "BF16"},   {38, "MXFP4"}};

const WeightType* weight_type(std::uint32_t number) {
    const auto* found = std::ranges::find(kWeightTypes, number, &WeightType::number);
    return found == std::end(kWeightTypes) ? nullptr : found;
}

struct Value {
    std::int64_t number = -1;  ///< the largest element of an array of numbers; -1 for none
    std::string text;
    bool present = false;
};

// After the first failure everything reads as zero; `good` is looked at once in a while.
class HeaderReader {
public:
    HeaderReader(std::istream& in, std::uint64_t size) : in_(in), left_(size), size_(size) {}

    Result<ModelFileFacts> read();

private:
    std::uint64_t number(std::uint64_t bytes) {
        std::array<char, 8> raw{};
        take(raw.data(), bytes);
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < bytes; ++i) {
            value |= static_cast<std::uint64_t>(static_cast<unsigned char>(raw[i])) << (8 * i);
        }
        return value;
    }

    void take(char* to, std::uint64_t bytes) {
        if (!good_ || bytes > left_) {
            good_ = false;
            return;
        }
        in_.read(to, static_cast<std::streamsize>(bytes));
        good_ = in_.good();
        left_ -= bytes;
    }

    void skip(std::uint64_t bytes) {
        if (!good_ || bytes > left_) {
            good_ = false;
            return;
        }
        in_.seekg(static_cast<std::streamoff>(bytes), std::ios::cur);
        good_ = in_.good();
        left_ -= bytes;
    }

    std::string words(std::uint64_t most) {
        const std::uint64_t length = number(8);
        if (length > most) {
            skip(length);
            return {};
        }
        std::string text(length, '\0');
        take(text.data(), length);
        return good_ ? text : std::string();
    }

    Value value(std::uint32_t kind, unsigned depth = 0);
    Value elements(unsigned depth);
    void pairs(std::uint64_t count);
    void tensors(std::uint64_t count);
    [[nodiscard]] std::int64_t whole(const std::string& key, std::int64_t fallback) const;
    [[nodiscard]] std::string text(const std::string& key) const;
    void dimensions(ModelFileFacts& facts) const;
    [[nodiscard]] bool embeds(const std::string& architecture) const;
    [[nodiscard]] std::string quantisation() const;

    std::istream& in_;
    std::uint64_t left_;
    std::uint64_t size_;
    bool good_ = true;
    std::map<std::string, Value> values_;
    std::map<std::uint32_t, std::uint64_t> weights_;  ///< by type
    std::uint64_t end_ = 0;                           ///< of the tensor that ends last, from the data's beginning
    std::uint64_t parameters_ = 0;
};

Value HeaderReader::value(std::uint32_t kind, unsigned depth) {
    Value value{-1, {}, true};
    if (kind == string) {
        value.text = words(kLongestText);
        value.number = 0;
    } else if (kind == array) {
        return elements(depth);
    } else if (kind >= kBytes.size()) {
        good_ = false;
    } else if (kind == f32 || kind == f64) {
        skip(kBytes[kind]);
    } else {
        const std::uint64_t raw = number(kBytes[kind]);
        const bool is_negative =
            (kind == i8 || kind == i16 || kind == i32 || kind == i64) && (raw >> (8 * kBytes[kind] - 1)) != 0;
        value.number = is_negative ? -1 : static_cast<std::int64_t>(std::min<std::uint64_t>(raw, kLargest));
    }
    return value;
}

Value HeaderReader::elements(unsigned depth) {
    Value most{-1, {}, true};
    const auto kind = static_cast<std::uint32_t>(number(4));
    const std::uint64_t count = number(8);
    if (depth >= kDeepest || kind >= kBytes.size() || count > kMostElements) {
        good_ = false;
        return most;
    }
    // Heads may differ from layer to layer, and there are few layers; a vocabulary's scores are of no interest.
    const bool wanted = (kind == u32 || kind == i32) && count <= kLongestText;
    if (kBytes[kind] != 0 && !wanted) {
        skip(count * kBytes[kind]);
        return most;
    }
    for (std::uint64_t i = 0; good_ && i < count; ++i) {
        if (kind == string)
            skip(number(8));
        else
            most.number = std::max(most.number, value(kind, depth + 1).number);
    }
    return most;
}

void HeaderReader::pairs(std::uint64_t count) {
    for (std::uint64_t i = 0; good_ && i < count; ++i) {
        std::string key = words(kLongestKey);
        Value held = value(static_cast<std::uint32_t>(number(4)));
        values_.insert_or_assign(std::move(key), std::move(held));
    }
}

void HeaderReader::tensors(std::uint64_t count) {
    for (std::uint64_t i = 0; good_ && i < count; ++i) {
        words(kLongestKey);
        const auto dimensions = static_cast<std::uint32_t>(number(4));
        std::uint64_t elements = 1;
        good_ = good_ && dimensions >= 1 && dimensions <= kMostDimensions;
        for (std::uint32_t k = 0; good_ && k < dimensions; ++k) {
            const std::uint64_t extent = number(8);
            good_ = good_ && extent >= 1 && extent <= kLargest / elements;
            if (good_) elements *= extent;
        }
        const auto type = static_cast<std::uint32_t>(number(4));
        const std::uint64_t offset = number(8);
        const WeightType* known = weight_type(type);
        const std::uint64_t bytes = known == nullptr ? 0 : (elements + known->block - 1) / known->block * known->bytes;
        good_ = good_ && offset <= kLargest && parameters_ <= kLargest;
        if (!good_) return;
        end_ = std::max(end_, offset + bytes);
        parameters_ += elements;
        weights_[type] += elements;
    }
}

std::int64_t HeaderReader::whole(const std::string& key, std::int64_t fallback) const {
    const auto found = values_.find(key);
    return found == values_.end() || found->second.number < 0 ? fallback : found->second.number;
}

std::string HeaderReader::text(const std::string& key) const {
    const auto found = values_.find(key);
    return found == values_.end() ? std::string() : ellipsize(to_valid_utf8(found->second.text), 200);
}

void HeaderReader::dimensions(ModelFileFacts& facts) const {
    const std::string& own = facts.architecture;
    constexpr std::int64_t kMost = 1 << 20;
    const std::int64_t layers = std::min(whole(own + ".block_count", 0), kMost);
    const std::int64_t width = std::min(whole(own + ".embedding_length", 0), kMost);
    const std::int64_t heads = std::clamp<std::int64_t>(whole(own + ".attention.head_count", 1), 1, kMost);
    const std::int64_t kv_heads = std::min(whole(own + ".attention.head_count_kv", heads), kMost);
    const std::int64_t key = std::min(whole(own + ".attention.key_length", width / heads), kMost);
    const std::int64_t value = std::min(whole(own + ".attention.value_length", width / heads), kMost);
    const double cache =
        2.0 * static_cast<double>(layers) * static_cast<double>(kv_heads) * static_cast<double>(key + value);
    facts.cache_per_token = static_cast<std::int64_t>(std::min(cache, static_cast<double>(kLargest)));
}

// A decoder that was made into an embedder says how it pools; encoders cannot write whatever they say.
bool HeaderReader::embeds(const std::string& architecture) const {
    static constexpr std::array<std::string_view, 2> kEncoders{"t5encoder", "gemma-embedding"};
    return whole(architecture + ".pooling_type", 0) > 0 || architecture.find("bert") != std::string::npos ||
           std::ranges::find(kEncoders, architecture) != kEncoders.end();
}

// As the file calls its mixture, else the type that most of its weights have.
std::string HeaderReader::quantisation() const {
    const auto* named = std::ranges::find(kFileTypes, whole("general.file_type", -1), &FileType::number);
    if (named != std::end(kFileTypes)) return named->name;
    const auto most = std::ranges::max_element(weights_, {}, [](const auto& entry) { return entry.second; });
    if (most == weights_.end()) return {};
    const WeightType* known = weight_type(most->first);
    return known == nullptr ? fmt::format("type {}", most->first) : known->name;
}

Result<ModelFileFacts> HeaderReader::read() {
    const auto corrupt = [](std::string why) { return fail(ErrorCode::corrupt, std::move(why)); };
    std::array<char, 4> magic{};
    take(magic.data(), magic.size());
    if (!good_ || std::memcmp(magic.data(), "GGUF", 4) != 0) return corrupt("it does not begin as a GGUF file does");
    const std::uint64_t version = number(4);
    if (version != 2 && version != 3) return corrupt(fmt::format("it has version {} of GGUF", version));
    const std::uint64_t tensor_count = number(8);
    const std::uint64_t pair_count = number(8);
    if (tensor_count > kMostTensors || pair_count > kMostPairs) return corrupt("its head is larger than any model's");
    pairs(pair_count);
    tensors(tensor_count);
    if (!good_) return corrupt("its head is broken or cut short");
    const auto alignment =
        static_cast<std::uint64_t>(std::clamp<std::int64_t>(whole("general.alignment", 32), 1, 65536));
    const std::uint64_t data = (size_ - left_ + alignment - 1) / alignment * alignment;
    if (tensor_count > 0 && data + end_ > size_) {
        return corrupt(fmt::format("it is cut short: {} of {} bytes are there", size_, data + end_));
    }
    ModelFileFacts facts;
    facts.architecture = text("general.architecture");
    if (facts.architecture.empty()) return corrupt("it does not say which architecture it has");
    facts.title = text("general.name");
    facts.licence = text("general.license");
    facts.parameters = static_cast<std::int64_t>(parameters_);
    facts.context = whole(facts.architecture + ".context_length", 0);
    facts.parts = std::max<std::int64_t>(1, whole("split.count", 1));
    facts.chat_template = values_.contains("tokenizer.chat_template");
    dimensions(facts);
    facts.embeds = embeds(facts.architecture);
    facts.quantisation = quantisation();
    return facts;
}

}  // namespace

Result<ModelFileFacts> read_gguf_header(std::istream& in, std::uint64_t size) { return HeaderReader(in, size).read(); }

}  // namespace library

std::int64_t ModelFileFacts::memory(std::uint64_t size, std::int64_t tokens) const {
    constexpr std::int64_t kBuffers = 400 << 20;  // graph, logits, tokenizer
    return static_cast<std::int64_t>(size) + kBuffers + cache_per_token * std::max<std::int64_t>(tokens, 0);
}

Result<ModelFileFacts> read_model_file(const std::filesystem::path& file) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error)) {
        return fail(ErrorCode::not_found,
                    fmt::format("there is no file {}", ellipsize(to_valid_utf8(file.native()), 200)));
    }
    const std::uintmax_t size = std::filesystem::file_size(file, error);
    std::ifstream in(file, std::ios::binary);
    if (error || !in) return fail(ErrorCode::io, fmt::format("cannot read {}", file.string()));
    auto facts = library::read_gguf_header(in, size);
    if (facts) return facts;
    return fail(ErrorCode::corrupt, fmt::format("{} is no model: {}", file.string(), facts.error().message));
}

}  // namespace ec::model
