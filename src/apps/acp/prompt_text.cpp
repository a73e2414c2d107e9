#include "prompt_text.hpp"

#include <fmt/format.h>

#include <charconv>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>

namespace ec::apps::acp {
namespace {

constexpr std::size_t kMostAttached = 256U << 10;
constexpr std::size_t kShownUri = 300;

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        unsigned value = 0;
        const std::string_view digits = text.substr(i + 1, 2);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
        if (digits.size() != 2 || error != std::errc{} || end != digits.data() + 2 || value == 0) return std::nullopt;
        out += static_cast<char>(value);
        i += 2;
    }
    return out;
}

/// "L10-20", "L10:20", "L10-L20" as "10-20"; empty for any other fragment.
std::string lines_of(std::string_view fragment) {
    if (!fragment.starts_with('L')) return {};
    std::string lines;
    for (const char c : fragment.substr(1)) {
        if (c >= '0' && c <= '9')
            lines += c;
        else if (c == '-' || c == ':')
            lines += '-';
        else if (c != 'L')
            return {};
    }
    return lines;
}

class Writer {
public:
    Writer(AgentHost& host, bool ask_editor) : host_(host), ask_editor_(ask_editor) {}

    void take(const TextBlock& block) { out_.words += block.text; }

    void take(const LinkBlock& block) {
        const Attachment file = attachment(block.uri, host_.root());
        out_.words += mention(file);
        if (file.path.empty()) out_.left_out.push_back(file.shown + " is no file of this project and was not read");
    }

    void take(const BlobBlock& block) {
        const Attachment file = attachment(block.uri, host_.root());
        out_.words += mention(file);
        out_.left_out.push_back(file.shown + " holds no text and was not read");
    }

    void take(const ResourceBlock& block) {
        const Attachment file = attachment(block.uri, host_.root());
        out_.words += mention(file);
        // The agent reads it from the editor, once, wherever it is needed.
        if (!file.path.empty() && file.lines.empty() && ask_editor_) return;
        auto text = host_.shown(file.path, block.text);
        if (!text) {
            out_.left_out.push_back(fmt::format("{} was left out: {}", file.shown, text.error().message));
            return;
        }
        const std::size_t room = kMostAttached - attached_;
        if (text->size() > room) out_.left_out.push_back(file.shown + " was cut: too much is attached");
        *text = ellipsize(*text, room);
        attached_ += std::min(room, text->size());
        below_ += fmt::format("\n\n{}:\n", file.shown) +
                  std::string(fenced_content(*text).at("content").at("text").as_string());
    }

    PromptText done() {
        out_.words += below_;
        return std::move(out_);
    }

private:
    [[nodiscard]] std::string mention(const Attachment& file) const {
        const bool apart = !out_.words.empty() && !out_.words.ends_with('\n') && !out_.words.ends_with(' ');
        return (apart ? " " : "") + file.shown;
    }

    AgentHost& host_;
    bool ask_editor_;
    PromptText out_;
    std::string below_;
    std::size_t attached_ = 0;
};

}  // namespace

Attachment attachment(std::string_view uri, const std::filesystem::path& root) {
    Attachment result;
    result.shown = ellipsize(uri, kShownUri);
    constexpr std::string_view kScheme = "file://";
    if (!uri.starts_with(kScheme)) return result;
    std::string_view rest = uri.substr(kScheme.size());
    if (rest.starts_with("localhost/")) rest.remove_prefix(std::string_view("localhost").size());
    if (const auto hash = rest.find('#'); hash != std::string_view::npos) {
        result.lines = lines_of(rest.substr(hash + 1));
        rest = rest.substr(0, hash);
    }
    rest = rest.substr(0, rest.find('?'));
    const auto path = percent_decoded(rest);
    if (!path || !path->starts_with('/') || !is_valid_utf8(*path)) return result;
    std::error_code error;
    const std::filesystem::path real = std::filesystem::weakly_canonical(*path, error);
    const std::string relative = error ? std::string() : real.lexically_relative(root).generic_string();
    if (relative.empty() || relative == "." || !is_inside_relative(relative)) {
        result.shown = ellipsize(*path, kShownUri);
        return result;
    }
    result.path = relative;
    result.shown = result.lines.empty() ? relative : fmt::format("{} lines {}", relative, result.lines);
    return result;
}

PromptText prompt_text(const std::vector<Block>& blocks, AgentHost& host, bool ask_editor) {
    Writer writer(host, ask_editor);
    for (const Block& block : blocks) std::visit([&](const auto& one) { writer.take(one); }, block);
    return writer.done();
}

}  // namespace ec::apps::acp
