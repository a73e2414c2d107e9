// Names and arguments as the tools have them.
#include <algorithm>
#include <charconv>
#include <ec/core/text.hpp>
#include <ec/model/tool_repair.hpp>
#include <vector>

namespace ec::model {
namespace {

// Lower case, letters and digits only: "ReadFile" and "read-file" are the same name.
std::string plain(std::string_view name) {
    std::string out;
    for (const char c : name.substr(0, 100)) {
        if (c >= 'A' && c <= 'Z')
            out += static_cast<char>(c - 'A' + 'a');
        else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            out += c;
    }
    return out;
}

// Groups of names for one thing, in plain form.
using Groups = std::span<const std::string_view>;

// What harnesses call the same thing; models remember all of them.
constexpr std::string_view kToolNames[] = {
    "read readfile readfiles openfile open view viewfile cat getfile showfile fileread",
    "write writefile createfile savefile writetofile newfile create filewrite createorupdatefile overwritefile putfile",
    "edit editfile strreplace strreplaceeditor strreplacebasededittool replace replaceinfile "
    "searchreplace applydiff modifyfile updatefile multiedit fileedit",
    "list listfiles ls listdir listdirectory dir tree glob",
    "search searchfiles grep ripgrep rg codesearch searchcode find grepsearch searchfilecontent",
    "run bash shell sh execute executecommand runcommand exec terminal runterminalcmd "
    "runshellcommand command runinsandbox sandbox",
    "test runtests tests runtest pytest",
};

constexpr std::string_view kArgumentNames[] = {
    "path file filename filepath targetfile absolutepath relativepath relpath",
    "path dir directory folder dirpath directorypath root",
    "pattern query regex regexp searchterm q search text keyword",
    "content contents text filetext body code filecontent newcontent",
    "old oldstring oldtext oldstr search find original before",
    "new newstring newtext newstr replace replacement replacewith updated after",
    "command cmd script shellcommand bash commandline",
    "start startline offset from linestart begin first firstline",
    "end endline to lineend last lastline",
    "limit count maxresults max lines numlines",
};

bool same_group(Groups groups, std::string_view a, std::string_view b) {
    return std::ranges::any_of(groups, [&](std::string_view group) {
        const auto names = split(group, ' ');
        return std::ranges::find(names, a) != names.end() && std::ranges::find(names, b) != names.end();
    });
}

// Levenshtein's distance.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
            diagonal = above;
        }
    }
    return row[b.size()];
}

bool nearly(std::string_view a, std::string_view b) {
    if (a.size() < 4 || b.size() < 4) return false;
    return distance(a, b) <= std::max<std::size_t>(1, std::min(a.size(), b.size()) / 5);
}

// The one element that `holds`; nothing when there are two.
template <class Range, class Holds>
auto only(Range& range, Holds holds) -> decltype(&*std::begin(range)) {
    decltype(&*std::begin(range)) found = nullptr;
    for (auto& element : range) {
        if (!holds(element)) continue;
        if (found != nullptr) return nullptr;
        found = &element;
    }
    return found;
}

struct Property {
    std::string name;
    std::string type;
};

struct Schema {
    std::vector<Property> properties;
    std::vector<std::string> required;

    [[nodiscard]] const Property* named(std::string_view name) const {
        const auto place = std::ranges::find(properties, name, &Property::name);
        return place == properties.end() ? nullptr : &*place;
    }
};

std::string type_of(const json::Value& property) {
    const json::Value* type = property.is_object() ? property.get_object().if_contains("type") : nullptr;
    if (type == nullptr) return {};
    if (type->is_string()) return std::string(type->get_string());
    if (!type->is_array()) return {};
    for (const json::Value& one : type->get_array())
        if (one.is_string() && one.get_string() != "null") return std::string(one.get_string());
    return {};
}

Schema schema_of(const ToolSpec& tool) {
    Schema out;
    const auto value = json::parse(tool.parameters);
    if (!value || !value->is_object()) return out;
    const json::Object& schema = value->get_object();
    if (const json::Value* properties = schema.if_contains("properties");
        properties != nullptr && properties->is_object())
        for (const auto& [name, property] : properties->get_object())
            out.properties.push_back({std::string(name), type_of(property)});
    if (const json::Value* required = schema.if_contains("required"); required != nullptr && required->is_array())
        for (const json::Value& name : required->get_array())
            if (name.is_string()) out.required.emplace_back(name.get_string());
    return out;
}

// The property that `key` means and that no argument has taken yet.
const Property* meant(std::string_view key, const Schema& schema, const json::Object& taken) {
    const std::string name = plain(key);
    const auto free = [&](const Property& property) { return !taken.contains(property.name); };
    if (const Property* same =
            only(schema.properties, [&](const Property& p) { return free(p) && plain(p.name) == name; }))
        return same;
    if (const Property* alias = only(schema.properties, [&](const Property& p) {
            return free(p) && same_group(kArgumentNames, plain(p.name), name);
        }))
        return alias;
    return only(schema.properties, [&](const Property& p) { return free(p) && nearly(plain(p.name), name); });
}

void fit_text(json::Value& value, std::string_view type) {
    const std::string text(trim(std::string_view(value.get_string())));
    if (type == "integer" || type == "number") {
        std::int64_t integer = 0;
        if (const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), integer);
            error == std::errc() && end == text.data() + text.size()) {
            value = integer;
            return;
        }
        double number = 0;
        if (const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
            type == "number" && error == std::errc() && end == text.data() + text.size())
            value = number;
    } else if (type == "boolean") {
        if (text == "true" || text == "True" || text == "yes" || text == "1") value = true;
        if (text == "false" || text == "False" || text == "no" || text == "0") value = false;
    } else if (type == "array" || type == "object") {
        std::size_t budget = 2 * text.size() + 16;
        auto parsed = parse_lenient(text, budget);
        const bool whole = parsed && parsed->end == LenientJson::End::complete && parsed->length == text.size();
        if (whole && (type == "array" ? parsed->value.is_array() : parsed->value.is_object()))
            value = std::move(parsed->value);
        else if (type == "array")
            value = json::Array{json::Value(text)};
    }
}

void fit(json::Value& value, std::string_view type) {
    if (value.is_string())
        fit_text(value, type);
    else if (type == "string" && (value.is_number() || value.is_bool()))
        value = json::write(value);
    else if (type == "integer" && value.is_double() && value.get_double() > -9e15 && value.get_double() < 9e15 &&
             static_cast<double>(static_cast<std::int64_t>(value.get_double())) == value.get_double())
        value = static_cast<std::int64_t>(value.get_double());
    else if (type == "array" && !value.is_array() && !value.is_null())
        value = json::Array{value};
    else if (type == "string" && value.is_array() && value.get_array().size() == 1 && value.get_array()[0].is_string())
        value = json::Value(value.get_array()[0]);
}

}  // namespace

const ToolSpec* tool_named(std::string_view written, std::span<const ToolSpec> tools) {
    written = trim(written);
    if (written.empty() || written.size() > 100) return nullptr;
    for (const ToolSpec& tool : tools)
        if (tool.name == written) return &tool;
    const std::string whole = plain(written);
    const std::string last = plain(written.substr(written.find_last_of(".:/") + 1));
    for (const std::string& name : {whole, last}) {
        if (name.empty()) continue;
        if (const ToolSpec* same = only(tools, [&](const ToolSpec& t) { return plain(t.name) == name; })) return same;
        if (const ToolSpec* alias =
                only(tools, [&](const ToolSpec& t) { return same_group(kToolNames, plain(t.name), name); }))
            return alias;
        if (const ToolSpec* near = only(tools, [&](const ToolSpec& t) { return nearly(plain(t.name), name); }))
            return near;
    }
    return nullptr;
}

json::Object fitted(json::Object arguments, const ToolSpec& tool) {
    const Schema schema = schema_of(tool);
    if (schema.properties.empty()) return arguments;
    // Names that are right keep their place; each of the others takes one that is free.
    json::Object taken;
    std::size_t strange = 0;
    for (const auto& [key, value] : arguments) {
        if (schema.named(key) != nullptr)
            taken[key] = nullptr;
        else
            ++strange;
    }
    json::Object out;
    for (auto& [key, value] : arguments) {
        const Property* property = schema.named(key);
        if (property == nullptr) property = meant(key, schema, taken);
        if (property == nullptr && strange == 1 && schema.required.size() == 1 && !taken.contains(schema.required[0]))
            property = schema.named(schema.required[0]);
        const std::string_view name = property == nullptr ? std::string_view(key) : std::string_view(property->name);
        taken[name] = nullptr;
        out[name] = std::move(value);
    }
    for (auto& [key, value] : out)
        if (const Property* property = schema.named(key)) fit(value, property->type);
    return out;
}

bool has_required(const json::Object& arguments, const ToolSpec& tool) {
    return std::ranges::all_of(schema_of(tool).required,
                               [&](const std::string& name) { return arguments.contains(name); });
}

}  // namespace ec::model
