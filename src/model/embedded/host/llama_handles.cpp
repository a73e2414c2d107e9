#include "llama_handles.hpp"

#include <dlfcn.h>
#include <ggml-backend.h>

#include <ec/core/text.hpp>
#include <mutex>

namespace ec::model::embedded {
namespace {

constexpr std::size_t kLongestComplaint = 500;

// llama.cpp has one log for the whole process, so what it last complained about is kept once a process as well.
struct Complaint {
    std::mutex mutex;
    std::string text;
};
Complaint& complaint() {
    static Complaint kOnly;
    return kOnly;
}

void listen(ggml_log_level level, const char* text, void*) {
    if (level != GGML_LOG_LEVEL_ERROR || text == nullptr) return;
    Complaint& last = complaint();
    const std::lock_guard lock(last.mutex);
    // The first says what is wrong, those after it only that something was.
    if (last.text.empty()) last.text = ellipsize(to_valid_utf8(trim(text)), kLongestComplaint);
}

}  // namespace

std::filesystem::path llama_library_dir() {
    Dl_info info{};
    if (::dladdr(reinterpret_cast<const void*>(&llama_backend_init), &info) == 0 || info.dli_fname == nullptr)
        return {};
    return std::filesystem::path(info.dli_fname).parent_path();
}

Status load_backends(const std::filesystem::path& folder) {
    llama_log_set(&listen, nullptr);
    ggml_backend_load_all_from_path(folder.c_str());
    llama_backend_init();
    if (ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU) != nullptr) return {};
    return fail(ErrorCode::unavailable, "llama.cpp has no kernels for this CPU in " + folder.string(),
                "reinstall the files of lib/llama");
}

bool has_gpu() {
    for (std::size_t i = 0; i < ggml_backend_dev_count(); ++i) {
        const auto type = ggml_backend_dev_type(ggml_backend_dev_get(i));
        if (type == GGML_BACKEND_DEVICE_TYPE_GPU || type == GGML_BACKEND_DEVICE_TYPE_IGPU) return true;
    }
    return false;
}

std::string take_complaint() {
    Complaint& last = complaint();
    const std::lock_guard lock(last.mutex);
    return std::exchange(last.text, {});
}

}  // namespace ec::model::embedded
