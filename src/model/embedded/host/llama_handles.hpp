// Owners of llama.cpp's objects, and the two things about it that are global: its log and its backends.
#pragma once

#include <llama.h>

#include <ec/core/result.hpp>
#include <filesystem>
#include <memory>
#include <string>

namespace ec::model::embedded {

template <auto Free>
struct FreeWith {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using ModelHandle = std::unique_ptr<llama_model, FreeWith<&llama_model_free>>;
using ContextHandle = std::unique_ptr<llama_context, FreeWith<&llama_free>>;
using SamplerHandle = std::unique_ptr<llama_sampler, FreeWith<&llama_sampler_free>>;

/// Where the libraries of the running program lie.
std::filesystem::path llama_library_dir();

/// Loads the kernels that fit this CPU best, and those for GPUs whose files are in the folder. `unavailable` when there
/// are none. Once a process.
Status load_backends(const std::filesystem::path& folder);

/// True when one of the loaded backends is a GPU.
bool has_gpu();

/// What llama.cpp last complained about, as one line; empty when it did not since the last call.
std::string take_complaint();

}  // namespace ec::model::embedded
