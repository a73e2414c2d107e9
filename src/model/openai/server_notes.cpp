#include "openai/server_notes.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ec/core/fs.hpp>
#include <ec/core/hash.hpp>

namespace ec::model {
namespace {

constexpr std::uint64_t kLargestFile = 64U << 10;
constexpr std::int64_t kMostTokens = std::int64_t{1} << 30;

constexpr std::array kDialects{ToolDialect::native, ToolDialect::hermes_tags, ToolDialect::json_fence,
                               ToolDialect::xml_function, ToolDialect::none};

std::filesystem::path file_of(const std::filesystem::path& dir, const ModelAddress& address) {
    return dir / (hash128(address.text()).hex() + ".json");
}

constexpr std::string_view kind_name(ServerKind kind) {
    switch (kind) {
        case ServerKind::openai:
            return "openai";
        case ServerKind::ollama:
            return "ollama";
        case ServerKind::unknown:
            break;
    }
    return "unknown";
}

struct NamedWay {
    std::string_view name;
    FillWay way;
};
constexpr std::array kWays{
    NamedWay{"infill", FillWay::infill},
    NamedWay{"suffix", FillWay::suffix},
    NamedWay{"words", FillWay::words},
};

struct NamedRefusal {
    std::string_view name;
    bool Refusals::* member;
};
constexpr std::array kRefusals{
    NamedRefusal{"tools", &Refusals::tools},
    NamedRefusal{"max_tokens", &Refusals::max_tokens},
    NamedRefusal{"temperature", &Refusals::temperature},
    NamedRefusal{"stream_options", &Refusals::stream_options},
    NamedRefusal{"seed", &Refusals::seed},
    NamedRefusal{"stop", &Refusals::stop},
};

std::int64_t tokens(json::Reader& reader, std::string_view key) {
    return std::clamp<std::int64_t>(reader.integer(key), 0, kMostTokens);
}

Result<ServerNotes> parse_notes(std::string_view text, const ModelAddress& address) {
    EC_ASSIGN(const json::Value value, json::parse(text));
    json::Reader reader(value, "notes");
    ServerNotes notes;
    const bool ours = reader.string("address") == address.text();
    const std::string kind = reader.string("server");
    for (const ServerKind known : {ServerKind::openai, ServerKind::ollama}) {
        if (kind == kind_name(known)) notes.kind = known;
    }
    notes.context = tokens(reader, "context");
    notes.parameters = std::max<std::int64_t>(0, reader.integer("parameters"));
    const std::string dialect = reader.string("tools");
    for (const ToolDialect known : kDialects) {
        if (dialect == name(known)) notes.dialect = known;
    }
    const std::string reads = reader.string("reads_in_full");
    if (reads == "yes" || reads == "no") notes.reads_in_full = reads == "yes";
    notes.verified_tokens = tokens(reader, "verified_tokens");
    for (const std::string& refused : reader.strings("refuses")) {
        for (const NamedRefusal& known : kRefusals) {
            if (refused == known.name) notes.refusals.*known.member = true;
        }
    }
    const std::string fills = reader.string("fills");
    for (const NamedWay& known : kWays) {
        if (fills == known.name) notes.fills = known.way;
    }
    EC_TRY(reader.status());
    if (!ours) return fail(ErrorCode::corrupt, "these are the notes of another address");
    return notes;
}

}  // namespace

std::string_view name(ToolDialect dialect) {
    switch (dialect) {
        case ToolDialect::native:
            return "native";
        case ToolDialect::hermes_tags:
            return "hermes_tags";
        case ToolDialect::json_fence:
            return "json_fence";
        case ToolDialect::xml_function:
            return "xml_function";
        case ToolDialect::none:
            break;
    }
    return "none";
}

ServerNotes load_notes(const std::filesystem::path& dir, const ModelAddress& address) {
    if (dir.empty()) return {};
    const auto text = read_file(file_of(dir, address), kLargestFile);
    if (!text) return {};
    return parse_notes(*text, address).value_or(ServerNotes{});
}

Status save_notes(const std::filesystem::path& dir, const ModelAddress& address, const ServerNotes& notes) {
    if (dir.empty()) return {};
    if (::mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST) {
        return fail(from_errno(fmt::format("cannot make {}", dir.string()), errno));
    }
    json::Object object;
    object["address"] = address.text();
    object["server"] = kind_name(notes.kind);
    object["context"] = notes.context;
    object["parameters"] = notes.parameters;
    object["tools"] = notes.dialect ? name(*notes.dialect) : "unknown";
    object["reads_in_full"] = !notes.reads_in_full ? "unknown" : *notes.reads_in_full ? "yes" : "no";
    object["verified_tokens"] = notes.verified_tokens;
    json::Array refused;
    for (const NamedRefusal& known : kRefusals) {
        if (notes.refusals.*known.member) refused.push_back(json::Value(known.name));
    }
    object["refuses"] = std::move(refused);
    object["fills"] = "unknown";
    for (const NamedWay& known : kWays) {
        if (notes.fills == known.way) object["fills"] = known.name;
    }
    return write_file_atomic(file_of(dir, address), json::write(json::Value(std::move(object))) + "\n", 0600);
}

}  // namespace ec::model
