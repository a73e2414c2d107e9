#include "embedded_fixture.hpp"

#include <cstdlib>
#include <ec/core/text.hpp>

#include "synthetic_model.hpp"

namespace ec::model::testing {
namespace {

std::filesystem::path built(const char* name) {
    const char* folder = std::getenv("EC_BIN_DIR");
    return std::filesystem::path(folder != nullptr ? folder : "build/bin") / name;
}

class Written {
public:
    explicit Written(const std::string& name) : path_(folder_.path() / (name + ".gguf")) {
        const Status written = write_synthetic_model(path_, shape(name).value(), unpacked_ingredients(), 1);
        EXPECT_TRUE(written) << written.error().message;
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    TempDir folder_ = TempDir::create().value();
    std::filesystem::path path_;
};

}  // namespace

std::filesystem::path tiny_model() {
    static const Written kOnce("tiny");
    return kOnce.path();
}

std::filesystem::path tiny_coder() {
    static const Written kOnce("tiny-coder");
    return kOnce.path();
}

EmbeddedOptions tiny_options() {
    EmbeddedOptions options;
    options.file = tiny_model();
    options.threads = 1;
    options.context = 4096;
    options.memory_bytes = std::int64_t{1} << 30;
    options.host = built("edgecoderd");
    return options;
}

std::unique_ptr<EmbeddedModel> start(const EmbeddedOptions& options) {
    auto model = make_embedded_model(options);
    EXPECT_TRUE(model) << model.error().message;
    return model ? *std::move(model) : nullptr;
}

ChatRequest asking(std::string text, int max_tokens) {
    ChatRequest request;
    request.messages.push_back({Role::user, std::move(text), {}, {}});
    request.sampling.max_tokens = max_tokens;
    return request;
}

std::vector<int> hosts() {
    std::vector<int> found;
    const auto children = read_file("/proc/self/task/" + std::to_string(::getpid()) + "/children", 4096);
    if (!children) return found;
    for (const std::string_view word : split(trim(*children), ' ')) {
        if (!word.empty()) found.push_back(std::atoi(std::string(word).c_str()));
    }
    return found;
}

}  // namespace ec::model::testing
