#include <algorithm>
#include <ec/codeindex/tags.hpp>
#include <initializer_list>
#include <unordered_map>

namespace ec::codeindex {
namespace {

using std::string_view;

constexpr std::size_t kMostDefinitions = 5'000;
constexpr std::size_t kMostNames = 20'000;
constexpr std::size_t kLongestName = 100;
constexpr std::size_t kLongestSignature = 160;

using Nodes = std::vector<FlatNode>;

bool one_of(string_view kind, std::initializer_list<string_view> kinds) {
    return std::ranges::find(kinds, kind) != kinds.end();
}

/// Kinds of nodes that define what their field "name" holds.
bool defines_its_name(Language language, string_view kind) {
    switch (language) {
        case Language::python:
            return one_of(kind, {"function_definition", "class_definition"});
        case Language::javascript:
        case Language::typescript:
        case Language::tsx:
            return one_of(kind, {"function_declaration", "generator_function_declaration", "class_declaration",
                                 "abstract_class_declaration", "method_definition", "method_signature",
                                 "abstract_method_signature", "function_signature", "interface_declaration",
                                 "type_alias_declaration", "enum_declaration", "internal_module"});
        case Language::cpp:
            return one_of(kind, {"class_specifier", "struct_specifier", "union_specifier", "enum_specifier",
                                 "alias_declaration", "concept_definition", "preproc_def", "preproc_function_def"});
        case Language::go:
            return one_of(kind,
                          {"function_declaration", "method_declaration", "method_elem", "type_spec", "type_alias"});
        case Language::java:
            return one_of(kind, {"class_declaration", "interface_declaration", "enum_declaration", "record_declaration",
                                 "annotation_type_declaration", "method_declaration", "constructor_declaration"});
        case Language::rust:
            return one_of(kind,
                          {"function_item", "function_signature_item", "struct_item", "enum_item", "union_item",
                           "trait_item", "type_item", "mod_item", "macro_definition", "const_item", "static_item"});
    }
    return false;
}

constexpr std::uint32_t kNone = 0;  // the root is never a name

std::uint32_t child_with(const Nodes& nodes, std::uint32_t parent, string_view field) {
    for (std::uint32_t i = parent + 1; i < nodes[parent].next; i = nodes[i].next)
        if (nodes[i].field == field) return i;
    return kNone;
}

bool at_top(const Nodes& nodes, std::uint32_t node) {
    std::uint32_t at = nodes[node].parent;
    while (at != 0 &&
           one_of(nodes[at].kind, {"expression_statement", "export_statement", "lexical_declaration",
                                   "variable_declaration", "const_declaration", "var_declaration", "var_spec_list"}))
        at = nodes[at].parent;
    return at == 0;
}

/// C and C++ wrap the name of a function in declarators: pointers, references, parameters, qualified names.
std::uint32_t declared_function(const Nodes& nodes, std::uint32_t node) {
    bool function = false;
    for (std::uint32_t at = child_with(nodes, node, "declarator"); at != kNone;) {
        const string_view kind = nodes[at].kind;
        if (one_of(kind, {"identifier", "field_identifier", "destructor_name", "operator_name", "type_identifier"}))
            return function ? at : kNone;
        if (kind == "qualified_identifier") {
            at = child_with(nodes, at, "name");
            continue;
        }
        function = function || kind == "function_declarator";
        std::uint32_t inner = child_with(nodes, at, "declarator");
        // A reference has its declarator without a field.
        if (inner == kNone && kind == "reference_declarator" && at + 1 < nodes[at].next) {
            for (inner = at + 1; inner < nodes[at].next && !nodes[inner].named;) inner = nodes[inner].next;
            if (inner >= nodes[at].next) inner = kNone;
        }
        at = inner;
    }
    return kNone;
}

/// The node that holds the name that `node` defines, kNone where it defines nothing.
std::uint32_t defined_name(Language language, const Nodes& nodes, std::uint32_t node) {
    const string_view kind = nodes[node].kind;
    if (defines_its_name(language, kind)) {
        // `struct stat s;` uses a type, it defines none.
        if (language == Language::cpp && kind.ends_with("_specifier") && child_with(nodes, node, "body") == kNone)
            return kNone;
        return child_with(nodes, node, "name");
    }
    switch (language) {
        case Language::python: {
            if (kind != "assignment" || !at_top(nodes, node)) return kNone;
            const std::uint32_t left = child_with(nodes, node, "left");
            return left != kNone && nodes[left].kind == "identifier" ? left : kNone;
        }
        case Language::javascript:
        case Language::typescript:
        case Language::tsx: {
            if (kind == "public_field_definition" || kind == "field_definition") {
                const std::uint32_t value = child_with(nodes, node, "value");
                if (value == kNone || nodes[value].kind != "arrow_function") return kNone;
                return std::max(child_with(nodes, node, "name"), child_with(nodes, node, "property"));
            }
            if (kind != "variable_declarator" || !at_top(nodes, node)) return kNone;
            const std::uint32_t name = child_with(nodes, node, "name");
            return name != kNone && nodes[name].kind == "identifier" ? name : kNone;
        }
        case Language::cpp:
            if (kind == "type_definition") {
                const std::uint32_t name = child_with(nodes, node, "declarator");
                return name != kNone && nodes[name].kind == "type_identifier" ? name : kNone;
            }
            return one_of(kind, {"function_definition", "declaration", "field_declaration"})
                       ? declared_function(nodes, node)
                       : kNone;
        case Language::go:
            return one_of(kind, {"const_spec", "var_spec"}) && at_top(nodes, node) ? child_with(nodes, node, "name")
                                                                                   : kNone;
        case Language::java:
        case Language::rust:
            return kNone;
    }
    return kNone;
}

bool is_name(string_view kind) {
    return kind == "identifier" || kind == "property_identifier" || kind == "type_identifier" ||
           kind == "field_identifier" || kind == "shorthand_property_identifier" || kind == "namespace_identifier" ||
           kind == "package_identifier" || kind == "statement_identifier";
}

/// The line of `text` that holds byte `at`, indentation kept, cut at a character boundary.
std::string signature_at(string_view text, std::uint32_t at) {
    const std::size_t before = at == 0 ? string_view::npos : text.rfind('\n', at - 1);
    const std::size_t begin = before == string_view::npos ? 0 : before + 1;
    string_view line = text.substr(begin, std::min(text.find('\n', at), text.size()) - begin);
    while (line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
    if (line.size() <= kLongestSignature) return std::string(line);
    std::size_t cut = kLongestSignature - 3;
    while (cut > 0 && (static_cast<unsigned char>(line[cut]) & 0xC0) == 0x80) --cut;
    return std::string(line.substr(0, cut)) + "…";
}

}  // namespace

Tags tags_of(const Tree& tree) {
    Tags tags;
    const Nodes nodes = tree.preorder();
    const string_view text = tree.text();
    std::unordered_map<string_view, std::uint32_t> counts;
    for (std::uint32_t i = 0; i < nodes.size(); ++i) {
        const FlatNode& node = nodes[i];
        if (!node.named || node.next == i + 1) {
            // Leaves: names, and what is none.
            if (!node.named || !is_name(node.kind) || node.end - node.begin > kLongestName || node.end <= node.begin)
                continue;
            if (counts.size() < kMostNames || counts.contains(text.substr(node.begin, node.end - node.begin)))
                ++counts[text.substr(node.begin, node.end - node.begin)];
            continue;
        }
        if (tags.definitions.size() == kMostDefinitions) continue;
        const std::uint32_t name = defined_name(tree.language(), nodes, i);
        if (name == kNone || nodes[name].end <= nodes[name].begin || nodes[name].end - nodes[name].begin > kLongestName)
            continue;
        tags.definitions.push_back({std::string(text.substr(nodes[name].begin, nodes[name].end - nodes[name].begin)),
                                    signature_at(text, nodes[name].begin), nodes[name].line, node.end_line});
    }
    for (const Definition& definition : tags.definitions)
        if (const auto at = counts.find(definition.name); at != counts.end() && at->second > 0) --at->second;
    for (const auto& [name, count] : counts)
        if (count > 0) tags.references.push_back({std::string(name), count});
    std::ranges::sort(tags.references, {}, &Reference::name);
    return tags;
}

}  // namespace ec::codeindex
