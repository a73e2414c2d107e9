// Secret: a key or password in memory. It is handed on only by reveal(), which is easy to find in the code, prints as
// "***", and is overwritten when its owner ends. A value type without synchronisation.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace ec {

class Secret {
public:
    Secret() = default;
    explicit Secret(std::string text) : text_(std::move(text)) {}
    Secret(const Secret&) = default;
    Secret(Secret&& other) noexcept : text_(other.text_) { other.wipe(); }
    Secret& operator=(Secret other) noexcept {
        text_.swap(other.text_);
        return *this;
    }
    ~Secret() { wipe(); }

    [[nodiscard]] bool empty() const { return text_.empty(); }
    [[nodiscard]] std::string_view reveal() const { return text_; }

private:
    void wipe() noexcept {
        // Through volatile, or the writes to a dying object would be dropped.
        for (volatile char* at = text_.data(); at != text_.data() + text_.size(); ++at) *at = 0;
        text_.clear();
    }

    std::string text_;
};

/// For fmt and gtest alike: what a log may hold of it.
inline std::string_view format_as(const Secret& secret) { return secret.empty() ? "" : "***"; }

}  // namespace ec
