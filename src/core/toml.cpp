#include <algorithm>
#include <ec/core/text.hpp>
#include <ec/core/toml.hpp>
#include <map>
#include <variant>

// The library takes for granted what "[.a]" breaks, and stops the program; here it stops the parse. Its assumptions
// must stay checked ones, also in a build without assertions.
namespace ec::toml {
struct BrokenAssumption {};
[[noreturn]] static void assumption_broke() { throw BrokenAssumption{}; }
}  // namespace ec::toml
#undef NDEBUG
#define TOML_ASSERT(expression) ((expression) ? void() : ::ec::toml::assumption_broke())
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_WINDOWS_COMPAT 0
#define TOML_MAX_NESTED_VALUES 32
#include <fmt/format.h>
#include <toml++/toml.h>

namespace ec::toml {

// What the library read, copied once into a tree of our own.
struct Node {
    std::variant<std::monostate, std::string, std::int64_t, double, bool, std::vector<Node>,
                 std::map<std::string, Node, std::less<>>>
        value;  ///< monostate: a date or a time, which nothing here reads
    unsigned line = 0;
    mutable bool read = false;
};

struct State {
    Node root;
    std::string source;
    Status status;
};

namespace {

using Array = std::vector<Node>;
using Fields = std::map<std::string, Node, std::less<>>;

// Trees are copied and destroyed by recursion, and the library sets no limit to the depth of dotted keys.
constexpr std::size_t kMostDots = 1000;

// Steps over a string that starts at `at`; gives the place behind it.
std::size_t behind_string(std::string_view text, std::size_t at) {
    const char quote = text[at];
    const std::string_view three = quote == '"' ? R"(""")" : "'''";
    const bool lines = text.substr(at).starts_with(three);
    for (at += lines ? 3 : 1; at < text.size(); ++at) {
        if (text[at] == '\\' && quote == '"') {
            ++at;
        } else if (lines && text.substr(at).starts_with(three)) {
            at += 3;
            for (int more = 0; more < 2 && at < text.size() && text[at] == quote; ++more) ++at;
            return at;
        } else if (!lines && (text[at] == quote || text[at] == '\n')) {
            return at + 1;
        }
    }
    return text.size();
}

std::size_t dots_outside_strings(std::string_view text) {
    std::size_t dots = 0;
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (c == '"' || c == '\'') {
            at = behind_string(text, at);
        } else if (c == '#') {
            at = std::min(text.find('\n', at), text.size());
        } else {
            if (c == '.') ++dots;
            ++at;
        }
    }
    return dots;
}

Node copy(const ::toml::node& from) {
    Node to;
    to.line = from.source().begin.line;
    if (const auto* table = from.as_table()) {
        Fields fields;
        for (const auto& [key, value] : *table) {
            Node node = copy(value);
            // A value's own place may be that of a later line; people look for the key.
            node.line = key.source().begin.line != 0 ? key.source().begin.line : node.line;
            fields.emplace(std::string(key.str()), std::move(node));
        }
        to.value = std::move(fields);
    } else if (const auto* array = from.as_array()) {
        Array items;
        for (const ::toml::node& item : *array) items.push_back(copy(item));
        to.value = std::move(items);
    } else if (const auto* text = from.as_string()) {
        to.value = text->get();
    } else if (const auto* integer = from.as_integer()) {
        to.value = integer->get();
    } else if (const auto* number = from.as_floating_point()) {
        to.value = number->get();
    } else if (const auto* boolean = from.as_boolean()) {
        to.value = boolean->get();
    }
    return to;
}

std::unexpected<Error> error_at(std::string_view source, unsigned line, std::string_view what) {
    return fail(ErrorCode::invalid_argument, fmt::format("{}:{}: {}", source, line, what));
}

std::string join_names(std::string_view where, std::string_view key) {
    return where.empty() ? std::string(key) : fmt::format("{}.{}", where, key);
}

bool holds_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

bool breaks_the_parser(std::string_view text) {
    try {
        static_cast<void>(::toml::parse(text, std::string_view{}));
        return false;
    } catch (const BrokenAssumption&) {
        return true;
    }
}

// The number of the line at which the parser gives up: the shortest run of lines that makes it do so ends there.
unsigned breaking_line(std::string_view text) {
    std::vector<std::size_t> ends;
    for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1))
        ends.push_back(at + 1);
    const auto line = std::partition_point(ends.begin(), ends.end(),
                                           [&](std::size_t end) { return !breaks_the_parser(text.substr(0, end)); });
    return static_cast<unsigned>(line - ends.begin()) + 1;
}

Result<Node> parse_tree(std::string_view text, std::string_view source) {
    try {
        const ::toml::parse_result parsed = ::toml::parse(text, std::string_view{});
        if (parsed) return copy(parsed.table());
        const ::toml::parse_error& error = parsed.error();
        return error_at(source, std::max(1U, error.source().begin.line),
                        fmt::format("this is not TOML: {}", to_valid_utf8(error.description())));
    } catch (const BrokenAssumption&) {
        return error_at(source, breaking_line(text), "this is not TOML");
    }
}

const Node* first_unread(const Node& node, std::string& name) {
    const auto* fields = std::get_if<Fields>(&node.value);
    if (fields == nullptr) return nullptr;
    const Node* found = nullptr;
    std::string found_name;
    for (const auto& [key, value] : *fields) {
        std::string inner = join_names(name, key);
        const Node* unread = value.read ? first_unread(value, inner) : &value;
        if (unread != nullptr && (found == nullptr || unread->line < found->line)) {
            found = unread;
            found_name = std::move(inner);
        }
    }
    if (found != nullptr) name = std::move(found_name);
    return found;
}

}  // namespace

Document::Document(std::unique_ptr<State> state) : state_(std::move(state)) {}
Document::Document(Document&& other) noexcept = default;
Document& Document::operator=(Document&& other) noexcept = default;
Document::~Document() = default;

Result<Document> Document::parse(std::string_view text, std::string_view source) {
    if (text.size() > kMostBytes) {
        return fail(ErrorCode::too_large, fmt::format("{} is larger than {} bytes", source, kMostBytes));
    }
    if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
        const auto line = static_cast<unsigned>(split(text.substr(0, nul), '\n').size());
        return error_at(source, line, "there is a NUL byte in the text");
    }
    if (dots_outside_strings(text) > kMostDots) {
        return fail(ErrorCode::too_large, fmt::format("{} nests its keys too deep", source));
    }
    auto state = std::make_unique<State>();
    EC_ASSIGN(state->root, parse_tree(text, source));
    state->root.line = 1;
    state->root.read = true;
    state->source = source;
    return Document(std::move(state));
}

Table Document::root() { return {state_->root, *state_, {}}; }

Status Document::finish() const {
    if (!state_->status) return state_->status;
    std::string name;
    if (const Node* unread = first_unread(state_->root, name)) {
        return error_at(state_->source, unread->line, fmt::format("{}: there is no such key", to_valid_utf8(name)));
    }
    return {};
}

const Node* Table::find(std::string_view key) {
    const auto& fields = std::get<Fields>(node_->value);
    const auto found = fields.find(key);
    if (found == fields.end()) return nullptr;
    found->second.read = true;
    return state_->status ? &found->second : nullptr;
}

std::optional<std::string> Table::string(std::string_view key) {
    const Node* node = find(key);
    if (node == nullptr) return std::nullopt;
    const auto* text = std::get_if<std::string>(&node->value);
    if (text == nullptr) {
        reject(key, "must be a string");
    } else if (holds_nul(*text)) {
        reject(key, "holds a NUL byte");
    } else {
        return *text;
    }
    return std::nullopt;
}

std::optional<std::int64_t> Table::integer(std::string_view key, std::int64_t least, std::int64_t most) {
    const Node* node = find(key);
    if (node == nullptr) return std::nullopt;
    const auto* number = std::get_if<std::int64_t>(&node->value);
    if (number == nullptr) {
        reject(key, "must be a whole number");
    } else if (*number < least || *number > most) {
        reject(key, fmt::format("must be from {} to {}, not {}", least, most, *number));
    } else {
        return *number;
    }
    return std::nullopt;
}

std::optional<bool> Table::boolean(std::string_view key) {
    const Node* node = find(key);
    if (node == nullptr) return std::nullopt;
    if (const auto* value = std::get_if<bool>(&node->value)) return *value;
    reject(key, "must be true or false");
    return std::nullopt;
}

std::optional<std::vector<Text>> Table::strings(std::string_view key) {
    const Node* node = find(key);
    if (node == nullptr) return std::nullopt;
    const auto* items = std::get_if<Array>(&node->value);
    if (items == nullptr) {
        reject(key, "must be an array of strings");
        return std::nullopt;
    }
    std::vector<Text> texts;
    for (const Node& item : *items) {
        const auto* text = std::get_if<std::string>(&item.value);
        if (text == nullptr || holds_nul(*text)) {
            reject(key, text == nullptr ? "must be an array of strings" : "holds a NUL byte", item.line);
            return std::nullopt;
        }
        texts.push_back({*text, item.line});
    }
    return texts;
}

std::optional<Table> Table::table(std::string_view key) {
    const Node* node = find(key);
    if (node == nullptr) return std::nullopt;
    if (std::holds_alternative<Fields>(node->value)) return Table(*node, *state_, field(key));
    reject(key, "must be a table");
    return std::nullopt;
}

std::vector<std::string> Table::keys() const {
    std::vector<std::string> names;
    for (const auto& [key, node] : std::get<Fields>(node_->value)) names.push_back(key);
    return names;
}

unsigned Table::line(std::string_view key) const {
    const auto& fields = std::get<Fields>(node_->value);
    const auto found = fields.find(key);
    return found == fields.end() ? node_->line : found->second.line;
}

std::string Table::field(std::string_view key) const { return join_names(where_, key); }

void Table::reject(std::string_view key, std::string_view reason, unsigned at) {
    if (!state_->status) return;
    state_->status = error_at(state_->source, at != 0 ? at : line(key),
                              fmt::format("{}: {}", to_valid_utf8(field(key)), to_valid_utf8(reason)));
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            out += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
        } else {
            out += c;
        }
    }
    return out + '"';
}

}  // namespace ec::toml
