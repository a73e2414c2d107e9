// Operators on literals and on what is done to a value: off by one, other constants, wrapped and unwrapped calls.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ec/core/text.hpp>
#include <set>

#include "mutation/families.hpp"

namespace ec::repair::mutation {

namespace {

std::optional<long> small_integer(std::string_view text) {
    long value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value > 1'000'000'000) return std::nullopt;
    return value;
}

/// A literal whose value nobody repairs: a dictionary of data, a format's width.
bool data_literal(const View& view, Id node) {
    const Id up = view.parent(node);
    if (view.kind(up) == Kind::list || view.kind(up) == Kind::dict || view.kind(up) == Kind::tuple ||
        view.kind(up) == Kind::set)
        return view.children(up).size() > 40;
    if (view.kind(up) == Kind::pair) return view.children(view.parent(up)).size() > 40;
    return false;
}

bool callee_position(const View& view, Id node) {
    const Id up = view.parent(node);
    return (view.kind(up) == Kind::call || view.kind(up) == Kind::new_) && view.callee(up) == node;
}

bool condition_position(const View& view, Id node) {
    const Id up = view.parent(node);
    const Kind kind = view.kind(up);
    return view.condition(up) == node || kind == Kind::boolean || kind == Kind::not_ || kind == Kind::if_clause;
}

}  // namespace

void step_number(const Site& site, Sink& sink) {
    const View& view = site.view;
    const Kind kind = view.kind(site.node);
    if (!is_number(kind) || data_literal(view, site.node)) return;
    const std::string text = view.str(site.node);
    const auto value = small_integer(text);
    const auto offer = [&](Op op, std::string replacement, double weight, std::string why) {
        const int strength = replacement.starts_with('-') ? 12 : 14;
        sink.replace(op, site.node, std::move(replacement), strength, {weight, std::move(why)});
    };
    if (kind == Kind::floating) {
        for (const char* other : {"0.0", "1.0", "0.5", "2.0"})
            offer(Op::number_replace, other, 0.5, fmt::format("{} should be {}", text, other));
        const bool half = text == "0.5";
        offer(Op::number_replace, text + (half ? " * 2" : " / 2"), 0.1,
              fmt::format("{} is out by a factor of two", text));
        double number = 0;
        if (std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc()) {
            for (const double other : {number + 1, number - 1})
                if (other >= 0)
                    offer(Op::number_step,
                          fmt::format("{:.15g}{}", other,
                                      other == static_cast<double>(static_cast<long>(other)) ? ".0" : ""),
                          0.4, fmt::format("{} was off by one", text));
        }
        return;
    }
    if (!value) return;
    const auto stepped = [&](long by, double weight) {
        const long other = *value + by;
        offer(Op::number_step, std::to_string(other), weight,
              fmt::format("{} was off by {}: it should be {}", text, by < 0 ? -by : by, other));
    };
    stepped(1, 1);
    stepped(-1, *value == 0 ? 0.7 : 1);
    stepped(2, 0.25);
    stepped(-2, 0.2);
    std::set<std::string> offered = {text, std::to_string(*value + 1), std::to_string(*value - 1)};
    const auto constant = [&](const std::string& other, double weight) {
        if (!offered.insert(other).second) return;
        offer(Op::number_replace, other, weight, fmt::format("{} should be {}", text, other));
    };
    for (const std::string& other : site.local.numbers) constant(other, 0.8);
    for (const char* other : {"0", "1", "2"}) constant(other, 0.8);
    if (*value > 0) constant("-" + text, 0.6);
    for (const Fragment& fragment : site.facts.constants)
        if (is_number(fragment.kind) || fragment.kind == Kind::unary) constant(fragment.text, 0.5);
    if (*value >= 4) {
        constant(std::to_string(*value * 10), 0.35);
        if (*value % 10 == 0) constant(std::to_string(*value / 10), 0.35);
        if (*value % 2 == 0) constant(std::to_string(*value / 2), 0.3);
        constant(std::to_string(*value * 2), 0.25);
    }
    constant("10", 0.25);
    constant("3", 0.3);
    if (*value <= 1) {
        constant(view.python() ? "float('inf')" : "Infinity", 0.15);
        constant(view.python() ? "float('-inf')" : "-Infinity", 0.15);
    }
}

namespace {

/// The distinct letters and signs of the texts in the tests: a program that asks for single characters asks for those.
template <class Offer>
void offer_characters(const Site& site, Offer offer) {
    constexpr std::size_t kMost = 40;
    std::string seen = "'\"\\";
    std::size_t offered = 0;
    for (const Fragment& fragment : site.facts.constants) {
        if (fragment.kind != Kind::string || fragment.text.size() < 2) continue;
        for (const char c : std::string_view(fragment.text).substr(1, fragment.text.size() - 2)) {
            if (c <= ' ' || c > '~' || seen.find(c) != std::string::npos || ++offered > kMost) continue;
            seen += c;
            offer(std::string("'") + c + "'");
        }
    }
}

}  // namespace

void replace_constant(const Site& site, Sink& sink) {
    const View& view = site.view;
    const Kind kind = view.kind(site.node);
    if (!is_literal(kind) && kind != Kind::list && kind != Kind::dict && kind != Kind::tuple && kind != Kind::set)
        return;
    if (data_literal(view, site.node)) return;
    const std::string text = view.str(site.node);
    const auto offer = [&](Op op, const std::string& other, int strength, double weight) {
        if (other == text) return;
        sink.replace(op, site.node, other, strength,
                     {weight, fmt::format("{} should be {}", quoted(text), quoted(other))});
    };
    const bool returned = view.kind(view.parent(site.node)) == Kind::return_;
    const std::string none = view.python() ? "None" : "null";
    const std::string yes = view.python() ? "True" : "true";
    const std::string no = view.python() ? "False" : "false";
    switch (kind) {
        case Kind::string: {
            const bool empty = text.size() == 2;
            if (!empty && text.size() > 2)
                offer(Op::string_replace, text.substr(text.size() - 1) == "\"" ? "\"\"" : "''", kAtom, 0.5);
            if (empty) offer(Op::string_replace, "' '", kAtom, 0.5);
            for (const std::string& other : site.local.strings) offer(Op::string_replace, other, kAtom, 0.9);
            for (const Fragment& fragment : site.facts.constants)
                if (fragment.kind == Kind::string) offer(Op::string_replace, fragment.text, kAtom, 0.7);
            for (std::size_t i = 0; i < std::min<std::size_t>(site.facts.strings.size(), 8); ++i)
                offer(Op::string_replace, site.facts.strings[i], kAtom, 0.3);
            if (text.size() <= 3)
                offer_characters(site,
                                 [&](const std::string& other) { offer(Op::string_replace, other, kAtom, 0.25); });
            if (text.size() >= 3 && text.find('\\') == std::string::npos && view.node(site.node).kind == "string") {
                const char quote = text.back();
                const std::string_view inner = std::string_view(text).substr(1, text.size() - 2);
                if (text.front() == quote && inner.find(quote) == std::string_view::npos) {
                    const auto wrap = [&](const std::string& changed) {
                        offer(Op::string_replace, quote + changed + quote, kAtom, 0.35);
                    };
                    std::string lower(inner);
                    std::string upper(inner);
                    for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
                    for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
                    wrap(lower);
                    wrap(upper);
                    wrap(std::string(inner) + " ");
                    if (inner.find(' ') != std::string_view::npos) wrap(std::string(trim(inner)));
                }
            } else if (text == "' '" || text == "\" \"") {
                offer(Op::string_replace, "','", kAtom, 0.3);
                offer(Op::string_replace, "', '", kAtom, 0.3);
                offer(Op::string_replace, "'\\n'", kAtom, 0.2);
            }
            break;
        }
        case Kind::none:
        case Kind::undefined:
            for (const std::string& other :
                 {std::string("0"), std::string("[]"), no, yes, std::string("''"), std::string("-1"), std::string("1")})
                offer(Op::constant_replace, other, other == "-1" ? 12 : kAtom, returned ? 0.8 : 0.4);
            offer(Op::constant_replace, view.python() ? "{}" : "{}", kAtom, returned ? 0.5 : 0.25);
            if (kind == Kind::none && !view.python()) offer(Op::constant_replace, "undefined", kAtom, 0.5);
            if (kind == Kind::undefined) offer(Op::constant_replace, "null", kAtom, 0.5);
            break;
        case Kind::list:
            if (text == "[]") {
                offer(Op::constant_replace, none, kAtom, 0.5);
                offer(Op::constant_replace, "[[]]", kAtom, 0.5);
                offer(Op::constant_replace, "[0]", kAtom, 0.35);
                offer(Op::constant_replace, "[1]", kAtom, 0.25);
                offer(Op::constant_replace, "['']", kAtom, 0.2);
                offer(Op::constant_replace, view.python() ? "set()" : "new Set()", kAtom, 0.15);
                offer(Op::constant_replace, "{}", kAtom, 0.2);
                offer(Op::constant_replace, "0", kAtom, 0.25);
            } else if (returned || text.size() < 6) {
                offer(Op::constant_replace, "[]", kAtom, 0.6);
                offer(Op::constant_replace, none, kAtom, 0.25);
            }
            break;
        case Kind::dict:
            if (text == "{}") {
                offer(Op::constant_replace, "[]", kAtom, 0.25);
                offer(Op::constant_replace, none, kAtom, 0.3);
                if (view.python()) offer(Op::constant_replace, "set()", kAtom, 0.3);
            }
            break;
        case Kind::integer:
        case Kind::floating:
            if (returned) {
                for (const std::string& other : {none, std::string("[]"), no, yes, std::string("''")})
                    offer(Op::constant_replace, other, kAtom, 0.25);
            } else if (text == "0" || text == "1") {
                offer(Op::constant_replace, none, kAtom, 0.15);
                if (text == "0") offer(Op::constant_replace, "[]", kAtom, 0.1);
                if (text == "0") offer(Op::constant_replace, "''", kAtom, 0.1);
                offer(Op::constant_replace, text == "0" ? no : yes, kAtom, 0.1);
            }
            break;
        default:
            break;
    }
    if (kind != Kind::string && !is_number(kind))
        for (const Fragment& fragment : site.facts.constants)
            if (returned || fragment.kind == kind) offer(Op::constant_replace, fragment.text, fragment.strength, 0.35);
}

void flip_literal(const Site& site, Sink& sink) {
    const View& view = site.view;
    const Kind kind = view.kind(site.node);
    if (kind != Kind::true_ && kind != Kind::false_) return;
    const std::string other =
        view.python() ? (kind == Kind::true_ ? "False" : "True") : (kind == Kind::true_ ? "false" : "true");
    sink.replace(Op::literal_flip, site.node, other, kAtom,
                 {1, fmt::format("{} should be {}", view.text(site.node), other)});
    if (view.kind(view.parent(site.node)) != Kind::return_ && view.kind(view.parent(site.node)) != Kind::assign) return;
    sink.replace(Op::constant_replace, site.node, view.python() ? "None" : "null", kAtom,
                 {0.3, fmt::format("nothing should stand for {}", view.text(site.node))});
    for (const char* other_value : {"0", "1", "[]", "''"})
        sink.replace(Op::constant_replace, site.node, other_value, kAtom,
                     {0.15, fmt::format("{} should be {}", view.text(site.node), other_value)});
}

/// value -> value ± 1, -value, max(0, value), value + another: arithmetic that was left out.
void adjust_value(const Site& site, Sink& sink) {
    const View& view = site.view;
    const Kind kind = view.kind(site.node);
    if (!view.readable(site.node) || is_literal(kind) || callee_position(view, site.node)) return;
    if (kind != Kind::identifier && kind != Kind::call && kind != Kind::binary && kind != Kind::subscript &&
        kind != Kind::attribute && kind != Kind::paren)
        return;
    if (!portable(view, site.node)) return;
    const Id up = view.parent(site.node);
    const Kind up_kind = view.kind(up);
    // The object of `x.f` and `x[i]`, and what a loop runs over, are no numbers.
    if (up_kind == Kind::attribute || (up_kind == Kind::subscript && view.object(up) == site.node)) return;
    if (view.node(site.node).field == "right" && (up_kind == Kind::for_in || up_kind == Kind::for_clause)) return;
    if (up_kind == Kind::paren || up_kind == Kind::expression_statement || up_kind == Kind::await) return;
    const Types types = site.scope.type_of(site.node);
    if (types != 0 && (types & kNumber) == 0) return;
    if (condition_position(view, site.node)) return;
    const double sure = types == 0 ? 0.45 : 1.0;
    const std::string text = view.str(site.node);
    const int strength = precedence(view, site.node);
    const std::string summand = strength < 10 ? "(" + text + ")" : text;
    // x + 1 inside x + 1 + 1 reads as a step of the whole; the enclosing sum offers it.
    const bool nested_sum = up_kind == Kind::binary && precedence(view, up) == 10;
    const double place = up_kind == Kind::return_ || up_kind == Kind::arguments || up_kind == Kind::subscript ||
                                 up_kind == Kind::compare || up_kind == Kind::assign
                             ? 1.0
                             : 0.6;
    if (!nested_sum || kind != Kind::binary)
        for (const char* sign : {"+", "-"})
            sink.replace(Op::value_step, site.node, fmt::format("{} {} 1", summand, sign), 10,
                         {sure * place * (nested_sum ? 0.4 : 0.8), fmt::format("{} was off by one", quoted(text))});
    const std::string factor = strength < 12 ? "(" + text + ")" : text;
    const bool arithmetic = up_kind == Kind::binary || up_kind == Kind::return_ || up_kind == Kind::assign ||
                            up_kind == Kind::aug_assign || up_kind == Kind::arguments || up_kind == Kind::compare ||
                            up_kind == Kind::comprehension || up_kind == Kind::lambda || up_kind == Kind::pair;
    if (arithmetic) {
        sink.replace(Op::negate_value, site.node, "-" + factor, 12,
                     {sure * 0.6, fmt::format("{} has the wrong sign", quoted(text))});
        sink.replace(Op::arithmetic_extend, site.node, factor + " * 2", 11,
                     {sure * 0.4, fmt::format("{} must count twice", quoted(text))});
        sink.replace(Op::arithmetic_extend, site.node, factor + (view.python() ? " // 2" : " / 2"), 11,
                     {sure * 0.5, fmt::format("half of {} is meant", quoted(text))});
        sink.replace(
            Op::arithmetic_extend, site.node, factor + " ** 2", 13,
            {sure * (kind == Kind::identifier ? 0.5 : 0.2), fmt::format("the square of {} is meant", quoted(text))});
    }
    if (up_kind == Kind::return_ || up_kind == Kind::assign || up_kind == Kind::arguments ||
        up_kind == Kind::declarator) {
        const std::string max = view.python() ? "max" : "Math.max";
        const std::string min = view.python() ? "min" : "Math.min";
        if (kind == Kind::binary) {
            sink.replace(Op::clamp, site.node, fmt::format("{}(0, {})", max, text), kAtom,
                         {sure * 0.8, fmt::format("{} must not fall below zero", quoted(text))});
        }
        if (up_kind == Kind::assign && view.kind(view.field(up, "left")) == Kind::identifier) {
            const std::string target = view.str(view.field(up, "left"));
            for (const std::string& pick : {max, min})
                sink.replace(Op::clamp, site.node, fmt::format("{}({}, {})", pick, target, text), kAtom,
                             {sure, fmt::format("{} must keep the {} so far", quoted(target),
                                                pick.ends_with("max") ? "largest value" : "smallest value")});
        }
    }
}

namespace {

/// `node` is added to a text, or a text is looked for in it: it should be one too.
bool beside_text(const Site& site, Id node) {
    const View& view = site.view;
    const Id inner = node;
    Id up = view.parent(node);
    while (view.kind(up) == Kind::paren) {
        node = up;
        up = view.parent(up);
    }
    if (view.kind(up) != Kind::binary && view.kind(up) != Kind::compare) return false;
    if (site.scope.type_of(inner) == kString) return false;
    const std::string op = view.op(up);
    if (op == "+") {
        const Id other = view.left(up) == node ? view.right(up) : view.left(up);
        return (site.scope.type_of(other) & kString) != 0;
    }
    return op.ends_with("in") && view.right(up) == node && site.scope.type_of(view.left(up)) == kString;
}

}  // namespace

void wrap_value(const Site& site, Sink& sink) {
    const View& view = site.view;
    const Kind kind = view.kind(site.node);
    if (!view.readable(site.node) || callee_position(view, site.node) || !portable(view, site.node)) return;
    if (kind != Kind::identifier && kind != Kind::call && kind != Kind::binary && kind != Kind::subscript &&
        kind != Kind::attribute && kind != Kind::comprehension)
        return;
    const Id up = view.parent(site.node);
    const Kind up_kind = view.kind(up);
    if (up_kind == Kind::attribute || up_kind == Kind::await || up_kind == Kind::expression_statement ||
        up_kind == Kind::keyword_argument)
        return;
    // Parentheses around what was an argument are what is left of a call.
    const bool bare = up_kind == Kind::paren;
    if (bare && kind != Kind::binary) return;
    if (up_kind == Kind::subscript && view.object(up) == site.node) return;
    const Types types = site.scope.type_of(site.node);
    const std::string text = view.str(site.node);
    const bool iterated =
        view.node(site.node).field == "right" && (up_kind == Kind::for_in || up_kind == Kind::for_clause);
    struct Wrap {
        std::string_view python;
        std::string_view script;
        Types takes;
        double weight;
        std::string_view why;
    };
    static constexpr auto kWraps = std::to_array<Wrap>({
        {"len({})", "{}.length", kContainer, 0.8, "the number of elements is meant"},
        {"int({})", "Math.trunc({})", kNumber | kString, 0.8, "a whole number is meant"},
        {"str({})", "String({})", kNumber | kBool, 0.6, "the text of it is meant"},
        {"abs({})", "Math.abs({})", kNumber, 0.9, "its size without the sign is meant"},
        {"list({})", "Array.from({})", kContainer, 0.5, "a list of it is needed"},
        {"sorted({})", "[...{}].sort()", kContainer, 0.7, "the order matters"},
        {"set({})", "new Set({})", kContainer, 0.4, "each element counts once"},
        {"sum({})", "", kSequence | kSet, 0.5, "the sum is meant"},
        {"max({})", "Math.max(...{})", kSequence | kSet, 0.4, "the largest element is meant"},
        {"min({})", "Math.min(...{})", kSequence | kSet, 0.35, "the smallest element is meant"},
        {"float({})", "Number({})", kNumber | kString, 0.3, "a number is meant"},
        {"round({})", "Math.round({})", kNumber, 0.4, "a rounded number is meant"},
        {"", "Math.floor({})", kNumber, 1.0, "a whole number is meant"},
        {"tuple({})", "", kSequence, 0.35, "a tuple of it is needed"},
        {"reversed({})", "[...{}].reverse()", kSequence | kString, 0.4, "the order must be reversed"},
        {"enumerate({})", "{}.entries()", kContainer, 0.2, "the positions are needed"},
        {"bool({})", "Boolean({})", 0, 0.15, "a truth value is meant"},
        {"ord({})", "{}.charCodeAt(0)", kString, 0.2, "the code of the character is meant"},
        {"chr({})", "String.fromCharCode({})", kNumber, 0.15, "the character of the code is meant"},
        {"any({})", "", kSequence, 0.2, "one true element is enough"},
        {"all({})", "", kSequence, 0.2, "all the elements must be true"},
        {"{}.lower()", "{}.toLowerCase()", kString, 0.5, "case must not matter"},
        {"{}.upper()", "{}.toUpperCase()", kString, 0.3, "upper case is meant"},
        {"{}.strip()", "{}.trim()", kString, 0.4, "blanks around it must not matter"},
        {"{}.copy()", "[...{}]", kSequence | kMapping | kSet, 0.3, "a copy is needed, or the original changes too"},
        {"{}.split()", "{}.split('')", kString, 0.2, "its parts are meant"},
        {"{}[::-1]", "", kSequence | kString, 0.5, "the order must be reversed"},
        {"{}.items()", "Object.entries({})", kMapping, 0.4, "keys and values are meant"},
        {"{}.values()", "Object.values({})", kMapping, 0.4, "the values are meant"},
        {"{}.keys()", "Object.keys({})", kMapping, 0.3, "the keys are meant"},
    });
    const std::string operand = precedence(view, site.node) < kAtom ? "(" + text + ")" : text;
    for (const Wrap& wrap : kWraps) {
        const std::string_view shape = view.python() ? wrap.python : wrap.script;
        if (shape.empty()) continue;
        double fits = wrap.takes == 0 ? 0.5 : fitness(wrap.takes, types);
        if (iterated && wrap.python == "str({})") fits = 0.7;
        if (fits == 0) continue;
        if (types == 0 && wrap.weight < 0.35) continue;
        if (iterated && (wrap.takes & kContainer) == 0 && wrap.python != "str({})") continue;
        if (text.starts_with(shape.substr(0, shape.find('{'))) && !shape.starts_with('{')) continue;
        if (wrap.python == "abs({})" && kind == Kind::binary && view.op(site.node) == "-") fits *= 2;
        if (wrap.python == "str({})" && beside_text(site, site.node))
            fits *= 2.5;
        else if (bare && (wrap.takes & kNumber) == 0)
            continue;
        const bool prefix = shape.find("({})") != std::string_view::npos && !shape.starts_with("[");
        std::string wrapped(shape);
        wrapped.replace(wrapped.find("{}"), 2, prefix ? text : operand);
        sink.replace(Op::wrap_call, site.node, wrapped, kAtom,
                     {wrap.weight * fits, fmt::format("{}: {} should be {}", wrap.why, quoted(text), quoted(wrapped))});
    }
}

void unwrap_value(const Site& site, Sink& sink) {
    const View& view = site.view;
    const Kind kind = view.kind(site.node);
    if (kind == Kind::unary) {
        const Id inner = view.operand(site.node);
        sink.replace(Op::negate_value, site.node, view.str(inner), precedence(view, inner),
                     {1, fmt::format("{} has the wrong sign", quoted(view.text(site.node)))});
        return;
    }
    if (kind != Kind::call) return;
    const Id callee = view.callee(site.node);
    const auto args = view.args(site.node);
    const bool statement = view.kind(view.parent(site.node)) == Kind::expression_statement;
    if (statement) return;
    for (std::size_t i = 0; i < std::min<std::size_t>(args.size(), 3); ++i) {
        if (!is_expression(view.kind(args[i])) || !portable(view, args[i])) continue;
        sink.replace(
            Op::unwrap_call, site.node, view.str(args[i]), precedence(view, args[i]),
            {args.size() == 1 ? 1.0 : 0.5,
             fmt::format("{} itself is meant, not {} of it", quoted(view.text(args[i])), quoted(view.text(callee)))});
    }
    if (view.kind(callee) == Kind::attribute && portable(view, view.object(callee)) &&
        view.readable(view.object(callee))) {
        const Id object = view.object(callee);
        sink.replace(Op::unwrap_call, site.node, view.str(object), precedence(view, object),
                     {0.8, fmt::format("{} itself is meant, without `.{}`", quoted(view.text(object)),
                                       view.text(view.member(callee)))});
    }
}

/// Elements of a list, tuple or set: swapped, dropped, added from scope.
void change_container(const Site& site, Sink& sink) {
    const View& view = site.view;
    const Kind kind = view.kind(site.node);
    if (kind != Kind::list && kind != Kind::tuple && kind != Kind::set) return;
    if (!view.readable(site.node)) return;
    const auto items = view.children(site.node);
    if (items.size() > 6) return;
    for (std::size_t i = 0; i + 1 < items.size(); ++i) {
        const std::string swapped =
            view.str(items[i + 1]) +
            view.source().substr(view.end(items[i]), view.begin(items[i + 1]) - view.end(items[i])) +
            view.str(items[i]);
        sink.edit(Op::operands_swap, view.begin(items[i]), view.end(items[i + 1]), swapped,
                  {kind == Kind::tuple ? 0.9 : 0.5,
                   fmt::format("{} and {} were in the wrong order", quoted(view.text(items[i])),
                               quoted(view.text(items[i + 1])))});
    }
    if (kind != Kind::list || view.node(site.node).named == false) return;
    unsigned offered = 0;
    for (const Variable* variable : site.scope.visible(site.node)) {
        if (variable->outer || ++offered > 6) continue;
        if (items.empty())
            sink.replace(Op::container_element, site.node, "[" + variable->name + "]", kAtom,
                         {0.8, fmt::format("the list must hold {}", quoted(variable->name))});
    }
    if (items.size() == 1) {
        sink.replace(Op::container_element, site.node, "[]", kAtom,
                     {0.5, fmt::format("{} must start empty", quoted(view.text(site.node)))});
        sink.replace(Op::unwrap_call, site.node, view.str(items[0]), precedence(view, items[0]),
                     {0.4, fmt::format("{} itself is meant, not a list of it", quoted(view.text(items[0])))});
    }
}

}  // namespace ec::repair::mutation
