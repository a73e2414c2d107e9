#include "judge/process_coverage.hpp"

#include <algorithm>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/json/json.hpp>
#include <ec_embedded/ec_repair.hpp>
#include <optional>

namespace ec::repair {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSite = "ec_coverage";
constexpr std::string_view kPythonPrefix = "ec-cover-";
constexpr std::string_view kNodePrefix = "coverage-";

void put_in_front(executor::RunSpec& spec, std::string_view name, const std::string& value) {
    for (auto& [known, current] : spec.environment) {
        if (known != name) continue;
        current = current.empty() ? value : value + ":" + current;
        return;
    }
    spec.environment.emplace_back(name, value);
}

/// Where one line of code begins and ends, in UTF-16 code units from the start of the text.
struct Span {
    int line = 0;
    std::int64_t begin = 0;
    std::int64_t end = 0;
};

/// UTF-16 length of a UTF-8 text.
std::int64_t utf16_length(std::string_view text) {
    std::int64_t units = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte & 0xC0U) != 0x80U) units += byte >= 0xF0U ? 2 : 1;
    }
    return units;
}

/// The lines that can count as executed: not those of braces and comments alone.
std::vector<Span> code_spans(std::string_view source) {
    std::vector<Span> spans;
    std::int64_t offset = 0;
    int number = 0;
    bool in_comment = false;
    for (const std::string_view line : split(source, '\n')) {
        ++number;
        std::size_t from = 0;
        if (in_comment || trim(line).starts_with("/*")) {
            const auto end = line.find("*/");
            in_comment = end == std::string_view::npos;
            from = in_comment ? line.size() : end + 2;
        }
        std::string_view code = line.substr(from);
        if (trim(code).starts_with("//")) code = {};
        const auto first = code.find_first_not_of(" \t\r{}()[];,");
        if (first != std::string_view::npos) {
            const auto last = line.find_last_not_of(" \t\r");
            spans.push_back({number, offset + utf16_length(line.substr(0, from + first)),
                             offset + utf16_length(line.substr(0, last + 1))});
        }
        offset += utf16_length(line) + 1;
    }
    return spans;
}

struct Range {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    std::int64_t count = 0;
    bool module = false;
};

std::int64_t integer_of(const json::Object& object, std::string_view key) {
    const json::Value* value = object.if_contains(key);
    return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

std::vector<Range> read_ranges(const json::Array& functions) {
    std::vector<Range> ranges;
    bool first = true;
    for (const json::Value& function : functions) {
        if (!function.is_object()) continue;
        const json::Value* list = function.get_object().if_contains("ranges");
        if (list == nullptr || !list->is_array()) continue;
        for (const json::Value& entry : list->get_array()) {
            if (!entry.is_object()) continue;
            const json::Object& range = entry.get_object();
            ranges.push_back(
                {integer_of(range, "startOffset"), integer_of(range, "endOffset"), integer_of(range, "count"), first});
        }
        first = false;  // the whole module comes first
    }
    std::ranges::stable_sort(
        ranges, [](const Range& a, const Range& b) { return a.begin != b.begin ? a.begin < b.begin : a.end > b.end; });
    return ranges;
}

/// Nested ranges as consecutive pieces: an inner range decides for its part.
std::vector<Range> flatten(const std::vector<Range>& ranges) {
    std::vector<Range> pieces;
    std::vector<Range> open;
    const auto close_until = [&](std::int64_t position) {
        while (!open.empty() && open.back().end <= position) {
            const std::int64_t end = open.back().end;
            open.pop_back();
            pieces.push_back(open.empty() ? Range{end, end, 0, true}
                                          : Range{end, end, open.back().count, open.back().module});
        }
    };
    for (const Range& range : ranges) {
        close_until(range.begin);
        pieces.push_back(range);
        open.push_back(range);
    }
    close_until(INT64_MAX);
    return pieces;
}

ScriptLines lines_of(std::string_view source, const json::Array& functions) {
    const std::vector<Range> pieces = flatten(read_ranges(functions));
    ScriptLines lines;
    std::size_t at = 0;
    const auto note = [&](const Range& piece, int line) {
        if (piece.count > 0) (piece.module ? lines.module : lines.inside).insert(line);
    };
    for (const Span& span : code_spans(source)) {
        while (at + 1 < pieces.size() && pieces[at + 1].begin <= span.begin) ++at;
        const bool within = at < pieces.size() && pieces[at].begin <= span.begin;
        if (within) note(pieces[at], span.line);
        for (std::size_t next = within ? at + 1 : at; next < pieces.size() && pieces[next].begin < span.end; ++next) {
            if (pieces[next].begin > span.begin && !pieces[next].module) note(pieces[next], span.line);
        }
    }
    return lines;
}

/// Path below the workspace of a file: URL, or nothing for libraries and everything outside.
std::optional<std::string> project_path(std::string_view url, const fs::path& workspace) {
    constexpr std::string_view kScheme = "file://";
    if (!url.starts_with(kScheme)) return std::nullopt;
    std::string path;
    url.remove_prefix(kScheme.size());
    for (std::size_t i = 0; i < url.size(); ++i) {
        unsigned value = 0;
        if (url[i] == '%' && i + 2 < url.size() &&
            std::sscanf(std::string(url.substr(i + 1, 2)).c_str(), "%2x", &value) == 1) {
            path += static_cast<char>(value);
            i += 2;
        } else {
            path += url[i];
        }
    }
    const std::string relative = fs::path(path).lexically_relative(workspace).native();
    if (!is_inside_relative(relative) || relative.find("node_modules") != std::string::npos) return std::nullopt;
    return relative;
}

void add_lines(LineSet& into, const std::string& file, const std::set<int>& lines) {
    if (!lines.empty()) into[file].insert(lines.begin(), lines.end());
}

void read_node(std::string_view text, const fs::path& workspace, RunCoverage& coverage) {
    const auto document = json::parse(text);
    if (!document || !document->is_object()) return;
    json::Reader reader(*document);
    for (const json::Value& entry : reader.array("result")) {
        if (!entry.is_object()) continue;
        json::Reader script(entry);
        const auto file = project_path(script.string("url"), workspace);
        if (!file) continue;
        const auto source = read_file(workspace / *file, 4ULL << 20);
        if (!source) continue;
        const ScriptLines lines = lines_of(*source, script.array("functions"));
        add_lines(coverage.lines, *file, lines.inside);
        add_lines(coverage.import_lines, *file, lines.module);
    }
}

void read_python_part(const json::Object& files, LineSet& into) {
    for (const auto& [file, list] : files) {
        if (!list.is_array() || !is_inside_relative(std::string_view(file))) continue;
        for (const json::Value& line : list.get_array())
            if (line.is_int64() && line.get_int64() > 0 && line.get_int64() < 10'000'000)
                into[std::string(file)].insert(static_cast<int>(line.get_int64()));
    }
}

void read_python(std::string_view text, RunCoverage& coverage) {
    const auto document = json::parse(text);
    if (!document || !document->is_object()) return;
    json::Reader reader(*document);
    read_python_part(reader.object("inside"), coverage.lines);
    read_python_part(reader.object("module"), coverage.import_lines);
}

}  // namespace

ScriptLines lines_of_v8(std::string_view source, std::string_view functions_json) {
    const auto functions = json::parse(functions_json);
    if (!functions || !functions->is_array()) return {};
    return lines_of(source, functions->get_array());
}

void ask_for_coverage(executor::RunSpec& spec, const fs::path& workspace) {
    if (spec.artifact_dir.empty()) spec.artifact_dir = executor::artifact_dir();
    const std::string site = std::string(executor::kSupportDir) + "/" + std::string(kSite);
    spec.support_files.emplace_back(std::string(kSite) + "/sitecustomize.py", std::string(embedded::sitecustomize_py));
    put_in_front(spec, "PYTHONPATH", site);
    spec.environment.emplace_back("EC_COVERAGE_ROOT", workspace.native());
    spec.environment.emplace_back("EC_COVERAGE_DIR", spec.artifact_dir);
    spec.environment.emplace_back("NODE_V8_COVERAGE", spec.artifact_dir);
}

RunCoverage take_coverage(executor::RunResult& result, const fs::path& workspace) {
    RunCoverage coverage;
    for (auto artifact = result.artifacts.begin(); artifact != result.artifacts.end();) {
        const std::string_view name = artifact->first;
        if (name.starts_with(kPythonPrefix) && name.ends_with(".json"))
            read_python(artifact->second, coverage);
        else if (name.starts_with(kNodePrefix) && name.ends_with(".json"))
            read_node(artifact->second, workspace, coverage);
        else {
            ++artifact;
            continue;
        }
        artifact = result.artifacts.erase(artifact);
    }
    return coverage;
}

}  // namespace ec::repair
