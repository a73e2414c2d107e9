// Models that run on this machine out of a GGUF file, with llama.cpp.
//
// Inference lives in a process of its own: the host that this user's programs share where one runs (`edgecoderd
// inference`), else one that this program's models share, else one started for this model (`edgecoderd inference
// --stdio`). A crash in it costs one request, not
// the session. The host keeps what it has evaluated, so a request that extends an earlier one pays for its new text
// only; a request is a value with the whole conversation, so it can be repeated after a crash as it is.
//
// Threads: one request at a time per object; pause() and resume() from any thread. A host of its own ends with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/codeindex/embedder.hpp>
#include <ec/core/result.hpp>
#include <ec/model/chat.hpp>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace ec::model {

/// A host for several models of one program that lives long, each used by a thread of its own: what
/// `edgecoderd inference` is for all programs of a user, in a folder that nobody else knows. It runs from the first use
/// on, is started again by the next use after it died, and ends with this object or with the program, however that
/// ends.
class PrivateHost {
public:
    virtual ~PrivateHost() = default;
    /// Where it listens now. From any thread. `unavailable` when it cannot be started.
    virtual Result<std::filesystem::path> socket() = 0;
};

struct PrivateHostOptions {
    std::filesystem::path host;     ///< empty: edgecoderd beside the running program
    std::int64_t memory_bytes = 0;  ///< of all models together; 0: seven tenths of what is available at its start
};
std::shared_ptr<PrivateHost> make_private_host(PrivateHostOptions options);

struct EmbeddedOptions {
    std::filesystem::path file;  ///< a GGUF; of a split model the first part
    std::string name;            ///< as shown; empty: the file's name without its ending
    int threads = 0;             ///< 0: one a physical core
    std::int64_t context = 0;    ///< tokens; 0: the model's own, at most 32768, less where memory is short
    /// Weights, caches and buffers together may take so many bytes; 0: seven tenths of what is available.
    std::int64_t memory_bytes = 0;
    bool quantised_cache = false;  ///< keys and values in 8 bits: half the memory, with flash attention
    int gpu_layers = -1;           ///< layers on a GPU where one can be used; negative: all
    /// Evaluated prefixes are kept here over restarts; empty: not kept.
    std::filesystem::path cache_dir;
    std::int64_t cache_bytes = std::int64_t{1} << 30;  ///< what all prefixes of all models may take there
    std::filesystem::path host;                        ///< empty: edgecoderd beside the running program
    /// Where a host that this user's programs share may listen; used if one does. Empty: never.
    std::filesystem::path shared_socket;
    /// Else this one, which several models may share. Null: the model gets a process of its own.
    std::shared_ptr<PrivateHost> private_host;
    /// A load, or an answer, of which nothing but progress is heard for so long is given up.
    std::chrono::milliseconds patience = std::chrono::hours(1);
};

/// A model whose threads can be given up while something else needs the cores.
class EmbeddedModel : public ChatModel {
public:
    /// Decoding stops within one step and goes on at resume(). A request that waits can still be cancelled.
    virtual void pause() = 0;
    virtual void resume() = 0;
    /// What a batch of 1, 2, 4, 8, 16 and 32 tokens costs relative to one, as measured on this machine; empty when not
    /// yet measured. Drafts are tried only where it says that they pay.
    [[nodiscard]] virtual const std::vector<double>& batch_cost() const = 0;
};

/// Gives up a model's threads for as long as it lives.
class PausedModel {
public:
    explicit PausedModel(EmbeddedModel& model) : model_(model) { model_.pause(); }
    ~PausedModel() { model_.resume(); }
    PausedModel(const PausedModel&) = delete;
    PausedModel& operator=(const PausedModel&) = delete;

private:
    EmbeddedModel& model_;
};

/// Starts the host and loads the model. `not_found` for a file that is not there, `corrupt` for one that is no GGUF,
/// `too_large` when it does not fit into the memory, `unavailable` when this program has no host beside it.
Result<std::unique_ptr<EmbeddedModel>> make_embedded_model(const EmbeddedOptions& options);

/// As make_embedded_model(), for a model that turns texts into vectors; `cancelled` when stopped while it loads.
Result<std::unique_ptr<codeindex::Embedder>> make_embedder(const EmbeddedOptions& options, std::stop_token stop = {});

/// Whether this user's host for several programs listens at that socket and speaks our version.
bool shared_host_answers(const std::filesystem::path& socket);

}  // namespace ec::model
