#include "judge/process_coverage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/json/json.hpp>
#include <ec_embedded/ec_repair.hpp>
#include <map>
#include <optional>
#include <utility>

#include "judge/source_map.hpp"

namespace ec::repair {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSite = "ec_coverage";
constexpr std::string_view kPythonPrefix = "ec-cover-";
constexpr std::string_view kNodePrefix = "coverage-";
constexpr std::string_view kScriptsPrefix = "ec-scripts-";
constexpr std::string_view kScriptsHook = "ec_scripts.cjs";
// The program under test can write what it likes into these files; sums of the numbers must stay numbers.
constexpr std::int64_t kLongestWrapper = 1 << 16;
constexpr std::int64_t kLongestLine = 1 << 30;

void put_in_front(executor::RunSpec& spec, std::string_view name, const std::string& value, char separator) {
    for (auto& [known, current] : spec.environment) {
        if (known != name) continue;
        current = current.empty() ? value : value + separator + current;
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

/// `shift`: how long the wrapper is that a runner puts in front of a module. It is a function, yet what runs in it
/// alone is module level.
std::vector<Range> read_ranges(const json::Array& functions, std::int64_t shift) {
    std::vector<Range> ranges;
    bool first = true;
    for (const json::Value& function : functions) {
        if (!function.is_object()) continue;
        const json::Value* list = function.get_object().if_contains("ranges");
        if (list == nullptr || !list->is_array()) continue;
        bool module = first;  // the whole module comes first
        for (const json::Value& entry : list->get_array()) {
            if (!entry.is_object()) continue;
            const json::Object& range = entry.get_object();
            const std::int64_t begin = integer_of(range, "startOffset");
            module = module || begin < shift;
            ranges.push_back({begin, integer_of(range, "endOffset"), integer_of(range, "count"), module});
        }
        first = false;
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

ScriptLines lines_in(std::string_view source, const std::vector<Range>& pieces) {
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

ScriptLines lines_of(std::string_view source, const json::Array& functions) {
    return lines_in(source, flatten(read_ranges(functions, 0)));
}

/// How the text that V8 ran lies on the file that it was made from.
struct ScriptText {
    std::int64_t shift = 0;
    std::vector<std::int64_t> line_lengths;
    std::vector<std::string> sources;
    std::string mappings;

    [[nodiscard]] std::int64_t length() const {
        std::int64_t sum = -1;
        for (const std::int64_t line : line_lengths) sum += line + 1;
        return sum;
    }
};
using ScriptTexts = std::multimap<std::string, ScriptText>;

std::optional<ScriptText> read_script_text(const json::Object& lines, const json::Object& map) {
    ScriptText text;
    text.shift = std::clamp<std::int64_t>(integer_of(lines, "shift"), 0, kLongestWrapper);
    const json::Value* lengths = lines.if_contains("lineLengths");
    const json::Value* mappings = map.if_contains("mappings");
    if (lengths == nullptr || !lengths->is_array() || mappings == nullptr || !mappings->is_string())
        return std::nullopt;
    for (const json::Value& length : lengths->get_array())
        text.line_lengths.push_back(length.is_int64() ? std::clamp<std::int64_t>(length.get_int64(), 0, kLongestLine)
                                                      : 0);
    text.mappings = std::string(mappings->get_string());
    if (const json::Value* sources = map.if_contains("sources"); sources != nullptr && sources->is_array())
        for (const json::Value& source : sources->get_array())
            text.sources.emplace_back(source.is_string() ? std::string(source.get_string()) : "");
    return text;
}

/// Which of a map's sources is `file`; nothing when none is: the map of a file compiled before leads on to another.
std::optional<int> source_index(const ScriptText& text, const std::string& file) {
    if (text.sources.empty()) return 0;
    const auto same = std::ranges::find_if(text.sources, [&](const std::string& source) {
        return fs::path(source).filename() == fs::path(file).filename();
    });
    if (same == text.sources.end()) return std::nullopt;
    return static_cast<int>(same - text.sources.begin());
}

/// Lines of the file, source `wanted` of the map, that a generated script's counters call executed.
ScriptLines mapped_lines(std::string_view source, int wanted, const ScriptText& text, const json::Array& functions) {
    std::vector<std::int64_t> starts;
    std::int64_t offset = 0;
    for (const std::int64_t length : text.line_lengths) {
        starts.push_back(starts.empty() ? text.shift : offset);
        offset += length + 1;
    }
    std::set<int> code;
    for (const Span& span : code_spans(source)) code.insert(span.line);
    const std::vector<Range> pieces = flatten(read_ranges(functions, text.shift));
    ScriptLines lines;
    for (const MapSegment& segment : decode_mappings(text.mappings)) {
        if (segment.source != wanted || std::cmp_greater_equal(segment.line, starts.size())) continue;
        const std::int64_t at = starts[static_cast<std::size_t>(segment.line)] + segment.column;
        const auto after = std::ranges::upper_bound(pieces, at, {}, &Range::begin);
        if (after == pieces.begin() || std::prev(after)->count <= 0) continue;
        const int line = segment.source_line + 1;
        if (code.contains(line)) (std::prev(after)->module ? lines.module : lines.inside).insert(line);
    }
    return lines;
}

/// A wrapped text without a map: the file's own behind the wrapper.
ScriptLines shifted_lines(std::string_view source, std::int64_t shift, const json::Array& functions) {
    const std::string wrapped = std::string(static_cast<std::size_t>(shift), ' ') + std::string(source);
    const std::vector<Range> ranges = read_ranges(functions, shift);
    return lines_in(wrapped, flatten(ranges));
}

std::int64_t length_of(const json::Array& functions) {
    std::int64_t end = 0;
    for (const Range& range : read_ranges(functions, 0)) end = std::max(end, range.end);
    return end;
}

/// The counters are of a text, and only its length tells of which: one of those noted, else the file's own. Of a text
/// that nobody kept no line can be said, only that the file was loaded.
ScriptLines lines_of_script(std::string_view source, const std::string& file, const ScriptTexts& texts,
                            const json::Array& functions) {
    constexpr std::int64_t kByteOrderMark = 1;
    const std::int64_t length = length_of(functions);
    const std::int64_t own = utf16_length(source);
    const auto [first, last] = texts.equal_range(file);
    for (auto text = first; text != last; ++text) {
        const ScriptText& ran = text->second;
        if (ran.length() != length) continue;
        const auto origin = source_index(ran, file);
        if (!ran.mappings.empty() && origin) return mapped_lines(source, *origin, ran, functions);
        if (ran.shift > 0 && own + ran.shift <= length) return shifted_lines(source, ran.shift, functions);
    }
    if (length == 0 || (own - length >= 0 && own - length <= kByteOrderMark)) return lines_of(source, functions);
    ScriptLines loaded;
    for (const Span& span : code_spans(source)) loaded.module.insert(span.line);
    return loaded;
}

/// Path below the workspace of a file: URL (with or without a query) or of an absolute path, as vm scripts have it;
/// nothing for libraries and everything outside.
std::optional<std::string> project_path(std::string_view url, const fs::path& workspace) {
    constexpr std::string_view kScheme = "file://";
    std::string path;
    if (url.starts_with(kScheme))
        url.remove_prefix(kScheme.size());
    else if (!url.starts_with('/'))
        return std::nullopt;
    url = url.substr(0, url.find('?'));
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

/// The maps that node itself keeps while it takes coverage, of what its own loaders read.
void read_map_cache(const json::Object& cache, const fs::path& workspace, ScriptTexts& texts) {
    for (const auto& [url, entry] : cache) {
        const auto file = project_path(std::string_view(url), workspace);
        if (!file || !entry.is_object()) continue;
        const json::Value* map = entry.get_object().if_contains("data");
        if (map == nullptr || !map->is_object()) continue;
        if (auto text = read_script_text(entry.get_object(), map->get_object())) texts.emplace(*file, *std::move(text));
    }
}

/// What the preloaded hook noted, one JSON object per line.
void read_noted_scripts(std::string_view text, ScriptTexts& texts) {
    for (const std::string_view line : split(text, '\n')) {
        const auto entry = json::parse(line);
        if (!entry || !entry->is_object()) continue;
        json::Reader reader(*entry);
        const std::string file = reader.string("file");
        if (!is_inside_relative(file)) continue;
        if (auto noted = read_script_text(entry->get_object(), entry->get_object()))
            texts.emplace(file, *std::move(noted));
    }
}

void read_node(std::string_view text, const fs::path& workspace, ScriptTexts texts, RunCoverage& coverage) {
    const auto document = json::parse(text);
    if (!document || !document->is_object()) return;
    json::Reader reader(*document);
    if (const json::Value* cache = document->get_object().if_contains("source-map-cache"); cache && cache->is_object())
        read_map_cache(cache->get_object(), workspace, texts);
    for (const json::Value& entry : reader.array("result")) {
        if (!entry.is_object()) continue;
        json::Reader script(entry);
        const auto file = project_path(script.string("url"), workspace);
        if (!file) continue;
        const auto source = read_file(workspace / *file, 4ULL << 20);
        if (!source) continue;
        const ScriptLines lines = lines_of_script(*source, *file, texts, script.array("functions"));
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
    put_in_front(spec, "PYTHONPATH", site, ':');
    spec.environment.emplace_back("EC_COVERAGE_ROOT", workspace.native());
    spec.environment.emplace_back("EC_COVERAGE_DIR", spec.artifact_dir);
    spec.environment.emplace_back("NODE_V8_COVERAGE", spec.artifact_dir);
    spec.support_files.emplace_back(std::string(kScriptsHook), std::string(embedded::ec_scripts_cjs));
    put_in_front(spec, "NODE_OPTIONS", fmt::format("--require={}/{}", executor::kSupportDir, kScriptsHook), ' ');
}

RunCoverage take_coverage(executor::RunResult& result, const fs::path& workspace) {
    RunCoverage coverage;
    ScriptTexts texts;
    std::erase_if(result.artifacts, [&](const auto& artifact) {
        const bool noted = artifact.first.starts_with(kScriptsPrefix);
        if (noted) read_noted_scripts(artifact.second, texts);
        return noted;
    });
    for (auto artifact = result.artifacts.begin(); artifact != result.artifacts.end();) {
        const std::string_view name = artifact->first;
        if (name.starts_with(kPythonPrefix) && name.ends_with(".json"))
            read_python(artifact->second, coverage);
        else if (name.starts_with(kNodePrefix) && name.ends_with(".json"))
            read_node(artifact->second, workspace, texts, coverage);
        else {
            ++artifact;
            continue;
        }
        artifact = result.artifacts.erase(artifact);
    }
    return coverage;
}

}  // namespace ec::repair
