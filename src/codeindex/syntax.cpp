#include <tree_sitter/api.h>

#include <cstring>
#include <ec/codeindex/syntax.hpp>

extern "C" {
const TSLanguage* tree_sitter_python(void);
const TSLanguage* tree_sitter_javascript(void);
const TSLanguage* tree_sitter_typescript(void);
const TSLanguage* tree_sitter_tsx(void);
const TSLanguage* tree_sitter_cpp(void);
const TSLanguage* tree_sitter_go(void);
const TSLanguage* tree_sitter_java(void);
const TSLanguage* tree_sitter_rust(void);
}

namespace ec::codeindex {

namespace {

constexpr std::size_t kMaxBytes = std::size_t{4} << 20;

const TSLanguage* grammar(Language language) {
    switch (language) {
        case Language::python:
            return tree_sitter_python();
        case Language::javascript:
            return tree_sitter_javascript();
        case Language::typescript:
            return tree_sitter_typescript();
        case Language::tsx:
            return tree_sitter_tsx();
        case Language::cpp:
            return tree_sitter_cpp();
        case Language::go:
            return tree_sitter_go();
        case Language::java:
            return tree_sitter_java();
        case Language::rust:
            return tree_sitter_rust();
    }
    return nullptr;
}

struct ParserDelete {
    void operator()(TSParser* parser) const { ts_parser_delete(parser); }
};
struct TreeDelete {
    void operator()(TSTree* tree) const { ts_tree_delete(tree); }
};
using TreePtr = std::unique_ptr<TSTree, TreeDelete>;

TreePtr parse_text(Language language, std::string_view text) {
    const std::unique_ptr<TSParser, ParserDelete> parser(ts_parser_new());
    if (!ts_parser_set_language(parser.get(), grammar(language))) return nullptr;
    return TreePtr(ts_parser_parse_string(parser.get(), nullptr, text.data(), static_cast<std::uint32_t>(text.size())));
}

/// A cursor that frees itself.
class Cursor {
public:
    explicit Cursor(TSNode node) : cursor_(ts_tree_cursor_new(node)) {}
    ~Cursor() { ts_tree_cursor_delete(&cursor_); }
    Cursor(const Cursor&) = delete;
    Cursor& operator=(const Cursor&) = delete;
    bool down() { return ts_tree_cursor_goto_first_child(&cursor_); }
    bool next() { return ts_tree_cursor_goto_next_sibling(&cursor_); }
    bool up() { return ts_tree_cursor_goto_parent(&cursor_); }
    [[nodiscard]] TSNode node() const { return ts_tree_cursor_current_node(&cursor_); }
    [[nodiscard]] std::string_view field() const {
        const char* text = ts_tree_cursor_current_field_name(&cursor_);
        return text != nullptr ? std::string_view(text) : std::string_view();
    }

private:
    TSTreeCursor cursor_;
};

}  // namespace

/// Converts between our handle and tree-sitter's node, which are the same four words.
struct NodeAccess {
    static TSNode get(const Node& node) {
        TSNode out{};
        std::memcpy(out.context, node.context_.data(), sizeof out.context);
        out.id = node.id_;
        out.tree = static_cast<const TSTree*>(node.tree_);
        return out;
    }
    static Node make(const TSNode& node) {
        Node out;
        std::memcpy(out.context_.data(), node.context, sizeof node.context);
        out.id_ = node.id;
        out.tree_ = node.tree;
        return out;
    }
};

namespace {
TSNode raw(const Node& node) { return NodeAccess::get(node); }
Node wrap(TSNode node) { return NodeAccess::make(node); }
}  // namespace

std::string_view name(Language language) {
    switch (language) {
        case Language::python:
            return "python";
        case Language::javascript:
            return "javascript";
        case Language::typescript:
            return "typescript";
        case Language::tsx:
            return "tsx";
        case Language::cpp:
            return "cpp";
        case Language::go:
            return "go";
        case Language::java:
            return "java";
        case Language::rust:
            return "rust";
    }
    return "unknown";
}

std::optional<Language> language_of(std::string_view path) {
    const std::size_t dot = path.rfind('.');
    if (dot == std::string_view::npos || path.find('/', dot) != std::string_view::npos) return std::nullopt;
    const std::string_view ending = path.substr(dot + 1);
    if (ending == "py" || ending == "pyi") return Language::python;
    if (ending == "js" || ending == "mjs" || ending == "cjs" || ending == "jsx") return Language::javascript;
    if (ending == "ts" || ending == "mts" || ending == "cts") return Language::typescript;
    if (ending == "tsx") return Language::tsx;
    if (ending == "go") return Language::go;
    if (ending == "java") return Language::java;
    if (ending == "rs") return Language::rust;
    for (const std::string_view known : {"c", "h", "cc", "cpp", "cxx", "hh", "hpp", "hxx", "ipp"})
        if (ending == known) return Language::cpp;
    return std::nullopt;
}

bool Node::valid() const { return id_ != nullptr; }
std::string_view Node::kind() const { return valid() ? ts_node_type(raw(*this)) : std::string_view(); }
bool Node::named() const { return valid() && ts_node_is_named(raw(*this)); }
std::uint32_t Node::begin() const { return valid() ? ts_node_start_byte(raw(*this)) : 0; }
std::uint32_t Node::end() const { return valid() ? ts_node_end_byte(raw(*this)) : 0; }
int Node::line() const { return valid() ? static_cast<int>(ts_node_start_point(raw(*this)).row) + 1 : 0; }
int Node::end_line() const { return valid() ? static_cast<int>(ts_node_end_point(raw(*this)).row) + 1 : 0; }
int Node::column() const { return valid() ? static_cast<int>(ts_node_start_point(raw(*this)).column) : 0; }
std::uint32_t Node::child_count() const { return valid() ? ts_node_child_count(raw(*this)) : 0; }
Node Node::child(std::uint32_t index) const { return valid() ? wrap(ts_node_child(raw(*this), index)) : Node(); }
std::uint32_t Node::named_child_count() const { return valid() ? ts_node_named_child_count(raw(*this)) : 0; }
Node Node::named_child(std::uint32_t index) const {
    return valid() ? wrap(ts_node_named_child(raw(*this), index)) : Node();
}
Node Node::field(std::string_view field_name) const {
    if (!valid()) return {};
    return wrap(
        ts_node_child_by_field_name(raw(*this), field_name.data(), static_cast<std::uint32_t>(field_name.size())));
}
Node Node::parent() const { return valid() ? wrap(ts_node_parent(raw(*this))) : Node(); }
Node Node::next_named_sibling() const { return valid() ? wrap(ts_node_next_named_sibling(raw(*this))) : Node(); }
Node Node::previous_named_sibling() const { return valid() ? wrap(ts_node_prev_named_sibling(raw(*this))) : Node(); }
bool Node::has_error() const { return valid() && ts_node_has_error(raw(*this)); }
bool Node::missing() const { return valid() && ts_node_is_missing(raw(*this)); }
bool Node::operator==(const Node& other) const {
    // Two nodes of one tree may share the subtree's address (a one-child wrapper is another node), never all of it.
    return id_ == other.id_ && tree_ == other.tree_ && (id_ == nullptr || context_[0] == other.context_[0]);
}

std::vector<Child> Node::children() const {
    std::vector<Child> out;
    if (!valid()) return out;
    out.reserve(child_count());
    Cursor cursor(raw(*this));
    if (cursor.down()) {
        do out.push_back({wrap(cursor.node()), cursor.field()});
        while (cursor.next());
    }
    return out;
}

struct Tree::State {
    Language language;
    std::string text;
    TreePtr tree;
};

Tree::Tree(std::unique_ptr<State> state) : state_(std::move(state)) {}
Tree::Tree(Tree&&) noexcept = default;
Tree& Tree::operator=(Tree&&) noexcept = default;
Tree::~Tree() = default;

Result<Tree> Tree::parse(Language language, std::string text) {
    if (text.size() > kMaxBytes) return fail(ErrorCode::too_large, "source files above 4 MiB are not parsed");
    auto state = std::make_unique<State>(State{language, std::move(text), nullptr});
    state->tree = parse_text(language, state->text);
    if (!state->tree) return fail(ErrorCode::internal, "the grammar does not fit the tree-sitter runtime");
    return Tree(std::move(state));
}

Language Tree::language() const { return state_->language; }
const std::string& Tree::text() const { return state_->text; }
std::string_view Tree::text(const Node& node) const {
    const std::string_view all = state_->text;
    if (!node.valid() || node.end() > all.size() || node.begin() > node.end()) return {};
    return all.substr(node.begin(), node.end() - node.begin());
}
Node Tree::root() const { return wrap(ts_tree_root_node(state_->tree.get())); }
bool Tree::has_error() const { return root().has_error(); }

Node Tree::named_descendant(std::uint32_t begin, std::uint32_t end) const {
    return wrap(ts_node_named_descendant_for_byte_range(ts_tree_root_node(state_->tree.get()), begin, end));
}

std::vector<FlatNode> Tree::preorder() const {
    std::vector<FlatNode> out;
    std::vector<std::uint32_t> open;
    Cursor cursor(ts_tree_root_node(state_->tree.get()));
    for (bool more = true; more;) {
        const TSNode node = cursor.node();
        const auto index = static_cast<std::uint32_t>(out.size());
        out.push_back({ts_node_type(node), cursor.field(), ts_node_start_byte(node), ts_node_end_byte(node),
                       static_cast<int>(ts_node_start_point(node).row) + 1,
                       static_cast<int>(ts_node_end_point(node).row) + 1, open.empty() ? 0 : open.back(), 0,
                       ts_node_is_named(node)});
        if (cursor.down()) {
            open.push_back(index);
            continue;
        }
        out[index].next = index + 1;
        while (!(more = cursor.next()) && cursor.up()) {
            out[open.back()].next = static_cast<std::uint32_t>(out.size());
            open.pop_back();
        }
    }
    return out;
}

std::vector<Token> Tree::tokens() const {
    std::vector<Token> out;
    Cursor cursor(ts_tree_root_node(state_->tree.get()));
    for (bool more = true; more;) {
        const TSNode node = cursor.node();
        const bool comment = std::string_view(ts_node_type(node)) == "comment";
        if (!comment && cursor.down()) continue;
        const std::uint32_t begin = ts_node_start_byte(node);
        const std::uint32_t end = ts_node_end_byte(node);
        if (!comment && end > begin) {
            out.push_back({ts_node_type(node), std::string_view(state_->text).substr(begin, end - begin), begin,
                           static_cast<int>(ts_node_start_point(node).row) + 1});
        }
        while (!(more = cursor.next()) && cursor.up()) {
        }
    }
    return out;
}

bool parses(Language language, std::string_view text) {
    if (text.size() > kMaxBytes) return false;
    const TreePtr tree = parse_text(language, text);
    return tree != nullptr && !ts_node_has_error(ts_tree_root_node(tree.get()));
}

}  // namespace ec::codeindex
