#include "undo_step.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ec/core/fs.hpp>
#include <ec/json/json.hpp>
#include <limits>
#include <optional>

#include "export_rules.hpp"

namespace ec::executor {
namespace {

constexpr std::int64_t kFormat = 1;
constexpr std::array<std::string_view, 3> kStateKinds = {"absent", "file", "link"};
constexpr std::array<std::string_view, 3> kStepKinds = {"apply", "undo", "redo"};

// Any bytes as ASCII: paths and link targets need not be UTF-8.
std::string escape(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte > 0x20 && byte < 0x7f && c != '%') {
            text += c;
        } else {
            text += fmt::format("%{:02x}", byte);
        }
    }
    return text;
}

std::optional<std::string> unescape(std::string_view text) {
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            bytes += text[i];
            continue;
        }
        unsigned value = 0;
        const std::string_view digits = text.substr(i + 1, 2);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
        if (digits.size() != 2 || error != std::errc{} || end != digits.data() + 2) return std::nullopt;
        bytes += static_cast<char>(value);
        i += 2;
    }
    return bytes;
}

json::Object write_state(const FileState& state) {
    json::Object object{{"kind", kStateKinds[static_cast<std::size_t>(state.kind)]}};
    if (state.kind == FileState::Kind::absent) return object;
    object["mode"] = state.mode;
    object["uid"] = state.uid;
    object["gid"] = state.gid;
    if (state.kind == FileState::Kind::link) {
        object["target"] = escape(state.target);
    } else {
        object["size"] = static_cast<std::int64_t>(state.size);
        object["hash"] = state.hash.hex();
    }
    return object;
}

Error malformed(std::string_view what) {
    return {ErrorCode::corrupt, fmt::format("the undo journal is damaged: {}", what), {}};
}

// Collects fields of one object; every failure ends as one Error.
class Fields {
public:
    explicit Fields(const json::Value& value) : reader_(value, "step") {}

    std::uint32_t small(std::string_view key, std::int64_t most) {
        const std::int64_t value = reader_.require(key).integer(key);
        if (value < 0 || value > most) bad_ = true;
        return static_cast<std::uint32_t>(value);
    }
    std::uint32_t id(std::string_view key) { return small(key, std::numeric_limits<std::uint32_t>::max()); }
    std::int64_t natural(std::string_view key) {
        const std::int64_t value = reader_.require(key).integer(key);
        if (value < 0) bad_ = true;
        return value;
    }
    std::string bytes(std::string_view key) {
        auto value = unescape(reader_.require(key).string(key));
        if (!value || value->find('\0') != std::string::npos) bad_ = true;
        return value.value_or("");
    }
    std::string path(std::string_view key) {
        std::string value = bytes(key);
        if (!is_plain_name(value)) bad_ = true;
        return value;
    }
    // A file name as we make them: no separators, nothing hidden but the scratch folder's dot in front.
    std::string file_name(std::string_view key) {
        std::string value = reader_.string(key);
        const bool plain = std::all_of(value.begin(), value.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
        });
        if (!plain || value.size() > 64 || value.find("..") != std::string::npos || value == ".") bad_ = true;
        return value;
    }
    std::size_t choice(std::string_view key, std::span<const std::string_view> names) {
        const std::string value = reader_.require(key).string(key);
        const auto at = std::find(names.begin(), names.end(), value);
        if (at == names.end()) bad_ = true;
        return at == names.end() ? 0 : static_cast<std::size_t>(at - names.begin());
    }
    Hash128 hash(std::string_view key) {
        const std::string hex = reader_.require(key).string(key);
        Hash128 value;
        if (hex.size() != 32) {
            bad_ = true;
            return value;
        }
        const char* middle = hex.data() + 16;
        bad_ = bad_ || std::from_chars(hex.data(), middle, value.high, 16).ptr != middle ||
               std::from_chars(middle, middle + 16, value.low, 16).ptr != middle + 16;
        return value;
    }
    const json::Array& array(std::string_view key) { return reader_.require(key).array(key); }
    json::Value object(std::string_view key) { return reader_.require(key).object(key); }

    [[nodiscard]] Status status() const {
        if (!reader_.status()) return fail(malformed(reader_.status().error().message));
        if (bad_) return fail(malformed("a field holds what cannot be"));
        return {};
    }

private:
    json::Reader reader_;
    bool bad_ = false;
};

Result<FileState> read_state(const json::Value& value) {
    Fields fields(value);
    FileState state;
    state.kind = static_cast<FileState::Kind>(fields.choice("kind", kStateKinds));
    EC_TRY(fields.status());
    if (state.kind == FileState::Kind::absent) return state;
    state.mode = fields.small("mode", 07777);
    state.uid = fields.id("uid");
    state.gid = fields.id("gid");
    if (state.kind == FileState::Kind::link) {
        state.target = fields.bytes("target");
    } else {
        state.size = static_cast<std::uint64_t>(fields.natural("size"));
        state.hash = fields.hash("hash");
    }
    EC_TRY(fields.status());
    return state;
}

Result<FileStep> read_file_step(const json::Value& value) {
    Fields fields(value);
    FileStep file;
    file.path = fields.path("path");
    file.image = fields.file_name("image");
    const json::Value before = fields.object("before");
    const json::Value after = fields.object("after");
    EC_TRY(fields.status());
    EC_ASSIGN(file.before, read_state(before));
    EC_ASSIGN(file.after, read_state(after));
    if ((file.before.kind == FileState::Kind::file) == file.image.empty())
        return fail(malformed("an image is missing"));
    return file;
}

}  // namespace

bool FileState::same_as(const FileState& other) const {
    if (kind != other.kind) return false;
    if (kind == Kind::absent) return true;
    if (kind == Kind::link) return target == other.target;
    return mode == other.mode && size == other.size && hash == other.hash;
}

std::string encode(const UndoStep& step) {
    json::Array files;
    for (const FileStep& file : step.files) {
        files.emplace_back(json::Object{{"path", escape(file.path)},
                                        {"before", write_state(file.before)},
                                        {"after", write_state(file.after)},
                                        {"image", file.image}});
    }
    json::Array removed;
    for (const FolderState& folder : step.removed) {
        removed.emplace_back(json::Object{
            {"path", escape(folder.path)}, {"mode", folder.mode}, {"uid", folder.uid}, {"gid", folder.gid}});
    }
    json::Array created;
    for (const std::string& path : step.created) created.emplace_back(json::Object{{"path", escape(path)}});
    return json::write(json::Object{{"format", kFormat},
                                    {"kind", kStepKinds[static_cast<std::size_t>(step.kind)]},
                                    {"of", static_cast<std::int64_t>(step.of)},
                                    {"time_ms", step.time_ms},
                                    {"workspace", escape(step.workspace)},
                                    {"scratch", step.scratch},
                                    {"origin", step.origin},
                                    {"files", std::move(files)},
                                    {"removed", std::move(removed)},
                                    {"created", std::move(created)}});
}

Result<UndoStep> decode_undo_step(std::string_view text) {
    const auto value = json::parse(text);
    if (!value) return fail(malformed(value.error().message));
    Fields fields(*value);
    if (fields.natural("format") != kFormat) return fail(malformed("it is of another version"));
    UndoStep step;
    step.kind = static_cast<UndoStep::Kind>(fields.choice("kind", kStepKinds));
    step.of = static_cast<std::uint64_t>(fields.natural("of"));
    step.time_ms = fields.natural("time_ms");
    step.workspace = fields.bytes("workspace");
    step.scratch = fields.file_name("scratch");
    if (!step.scratch.starts_with(".edgecoder-")) return fail(malformed("its scratch folder is none of ours"));
    step.origin = fields.file_name("origin");
    for (const json::Value& file : fields.array("files")) {
        EC_ASSIGN(FileStep one, read_file_step(file));
        step.files.push_back(std::move(one));
    }
    for (const json::Value& folder : fields.array("removed")) {
        Fields inner(folder);
        step.removed.push_back({inner.path("path"), inner.small("mode", 07777), inner.id("uid"), inner.id("gid")});
        EC_TRY(inner.status());
    }
    for (const json::Value& folder : fields.array("created")) {
        Fields inner(folder);
        step.created.push_back(inner.path("path"));
        EC_TRY(inner.status());
    }
    EC_TRY(fields.status());
    return step;
}

UndoStacks stacks(const std::vector<UndoStep>& steps) {
    UndoStacks result;
    const auto take = [](std::vector<const UndoStep*>& from, std::uint64_t sequence) {
        std::erase_if(from, [&](const UndoStep* step) { return step->sequence == sequence; });
    };
    for (const UndoStep& step : steps) {
        switch (step.kind) {
            case UndoStep::Kind::apply:
                result.undoable.push_back(&step);
                result.redoable.clear();
                break;
            case UndoStep::Kind::undo:
                if (!step.complete) break;
                take(result.undoable, step.of);
                result.redoable.push_back(&step);
                break;
            case UndoStep::Kind::redo:
                if (!step.complete) break;
                take(result.redoable, step.of);
                result.undoable.push_back(&step);
                break;
        }
    }
    return result;
}

Hash128 extend_hash(Hash128 so_far, std::string_view block) {
    const Hash128 next = hash128(block, so_far.low);
    return {next.high ^ so_far.high, next.low};
}

Hash128 content_hash(std::string_view content) {
    Hash128 hash;
    for (; !content.empty(); content.remove_prefix(std::min(content.size(), kHashBlock))) {
        hash = extend_hash(hash, content.substr(0, kHashBlock));
    }
    return hash;
}

}  // namespace ec::executor
