#include "loaded_model.hpp"

#include <fmt/format.h>
#include <ggml-backend.h>

#include <algorithm>
#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <set>
#include <thread>

namespace ec::model::embedded {
namespace {

// Small enough that an abort between two operations comes soon, large enough for full speed; figures in
// docs/benchmarks.md.
constexpr std::uint32_t kMicroBatch = 256;
constexpr std::uint32_t kBatch = 512;
constexpr std::int64_t kShareOfMemory = 70;  // percent

template <class F>
F cpu_function(const char* name) {
    ggml_backend_dev_t cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    return reinterpret_cast<F>(ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(cpu), name));
}

bool wants_abort(void* controls) { return static_cast<const Controls*>(controls)->cancelled(); }

llama_context_params parameters(const Load& load, const GgufFacts& facts, const Budget& budget, int threads) {
    llama_context_params params = llama_context_default_params();
    params.n_ctx = static_cast<std::uint32_t>(budget.context);
    params.n_batch = kBatch;
    params.n_ubatch = kMicroBatch;
    params.n_seq_max = kSequences;
    params.n_outputs_max = kMostOutputs;
    params.n_threads = threads;
    params.n_threads_batch = threads;
    params.kv_unified = true;  // sequences share what they have in common
    params.no_perf = true;
    if (load.quantised_cache) {
        params.type_k = GGML_TYPE_Q8_0;
        params.type_v = GGML_TYPE_Q8_0;
        params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_ENABLED;
    }
    if (load.embeddings) {
        // A text is pooled as a whole, so it must fit into one micro batch.
        params.embeddings = true;
        if (!facts.pools) params.pooling_type = LLAMA_POOLING_TYPE_MEAN;
        params.n_ubatch = params.n_batch = params.n_ctx;
        params.n_outputs_max = 0;
    }
    return params;
}

}  // namespace

std::int64_t requested_context(const Load& load, const GgufFacts& facts) {
    // An embedder keeps no keys and values from text to text; what one text needs is small.
    return load.embeddings ? std::min<std::int64_t>(facts.context, 2048) : load.context;
}

std::int64_t default_memory() { return available_memory() / 100 * kShareOfMemory; }

int physical_cores() {
    std::set<std::string> cores;
    const unsigned logical = std::max(1U, std::thread::hardware_concurrency());
    for (unsigned i = 0; i < logical; ++i) {
        const auto siblings =
            read_file(fmt::format("/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list", i), 4096);
        if (!siblings) return static_cast<int>(logical);
        cores.insert(*siblings);
    }
    return static_cast<int>(cores.size());
}

Result<std::unique_ptr<LoadedModel>> LoadedModel::load(const Load& load, Controls& controls) {
    EC_ASSIGN(GgufFacts facts, read_gguf_facts(load.file));
    const std::int64_t memory = load.memory_bytes > 0 ? load.memory_bytes : default_memory();
    EC_ASSIGN(const Budget budget, plan_memory(facts, requested_context(load, facts), memory, load.quantised_cache));
    std::unique_ptr<LoadedModel> loaded(new LoadedModel(std::move(facts), controls));
    EC_TRY(loaded->open(load, budget));
    return loaded;
}

Status LoadedModel::open(const Load& load, const Budget& budget) {
    llama_model_params params = llama_model_default_params();
    params.n_gpu_layers = has_gpu() ? static_cast<std::int32_t>(load.gpu_layers) : 0;
    params.load_mode = LLAMA_LOAD_MODE_MMAP;
    model_.reset(llama_model_load_from_file(load.file.c_str(), params));
    if (!model_) {
        return fail(ErrorCode::corrupt, "cannot load " + load.file + ": " + take_complaint(),
                    "check the file, or whether this version of llama.cpp knows its architecture");
    }
    const int threads = load.threads > 0 ? static_cast<int>(load.threads) : physical_cores();
    context_.reset(llama_init_from_model(model_.get(), parameters(load, facts_, budget, threads)));
    if (!context_) {
        return fail(ErrorCode::too_large, "cannot make room to run the model: " + take_complaint(),
                    "take a smaller context or a smaller model");
    }
    if (!load.embeddings && memory() == nullptr) {
        return fail(ErrorCode::invalid_argument, load.file + " is no model that writes text");
    }
    attach_threads(threads);
    llama_set_abort_callback(context_.get(), &wants_abort, &controls_);
    batch_ = llama_batch_init(static_cast<std::int32_t>(llama_n_batch(context_.get())), 0, 1);
    return {};
}

// Without a pool of its own llama.cpp starts and ends its threads for every token.
void LoadedModel::attach_threads(int threads) {
    const auto make = cpu_function<decltype(&ggml_threadpool_new)>("ggml_threadpool_new");
    if (make == nullptr || threads < 2) return;
    ggml_threadpool_params params = ggml_threadpool_params_default(threads);
    threads_ = make(&params);
    if (threads_ != nullptr) llama_attach_threadpool(context_.get(), threads_, nullptr);
}

LoadedModel::~LoadedModel() {
    if (batch_.token != nullptr) llama_batch_free(batch_);
    context_.reset();
    if (threads_ == nullptr) return;
    if (const auto release = cpu_function<decltype(&ggml_threadpool_free)>("ggml_threadpool_free")) release(threads_);
}

Tokens LoadedModel::tokenize(std::string_view text) const {
    Tokens tokens(text.size() + 8);
    std::int32_t n = llama_tokenize(vocab(), text.data(), static_cast<std::int32_t>(text.size()), tokens.data(),
                                    static_cast<std::int32_t>(tokens.size()), false, true);
    if (n < 0 && n != INT32_MIN) {
        tokens.resize(static_cast<std::size_t>(-n));
        n = llama_tokenize(vocab(), text.data(), static_cast<std::int32_t>(text.size()), tokens.data(),
                           static_cast<std::int32_t>(tokens.size()), false, true);
    }
    tokens.resize(static_cast<std::size_t>(std::max(n, 0)));
    return tokens;
}

std::string LoadedModel::piece(llama_token token, bool special) const {
    std::string bytes(64, '\0');
    std::int32_t n = llama_token_to_piece(vocab(), token, bytes.data(), 64, 0, special);
    if (n < 0) {
        bytes.resize(static_cast<std::size_t>(-n));
        n = llama_token_to_piece(vocab(), token, bytes.data(), -n, 0, special);
    }
    bytes.resize(static_cast<std::size_t>(std::max(n, 0)));
    return bytes;
}

Result<Evaluated> LoadedModel::evaluate(std::span<const Step> steps) {
    batch_.n_tokens = static_cast<std::int32_t>(steps.size());
    for (std::size_t i = 0; i < steps.size(); ++i) {
        batch_.token[i] = steps[i].token;
        batch_.pos[i] = steps[i].position;
        batch_.n_seq_id[i] = 1;
        batch_.seq_id[i][0] = steps[i].sequence;
        batch_.logits[i] = steps[i].output ? 1 : 0;
    }
    switch (const std::int32_t status = llama_decode(context_.get(), batch_)) {
        case 0:
            return Evaluated::all;
        case 1:
            return Evaluated::no_room;
        case 2:
            return Evaluated::aborted;
        default:
            return fail(ErrorCode::internal,
                        fmt::format("llama.cpp cannot evaluate a batch ({}): {}", status, take_complaint()));
    }
}

std::span<const float> LoadedModel::logits(int step) const {
    const float* row = llama_get_logits_ith(context_.get(), step);
    if (row == nullptr) return {};
    return {row, static_cast<std::size_t>(llama_vocab_n_tokens(vocab()))};
}

}  // namespace ec::model::embedded
