#include <fmt/format.h>

#include <algorithm>
#include <ec/core/hash.hpp>

#include "mutation/site.hpp"
#include "mutation/statements.hpp"

namespace ec::repair::mutation {

namespace {

constexpr double kPlaceholderFactor = 4;  // an empty branch all but says that something is missing

/// The one form of an edit among all that give the same text: the longest common beginning, then the longest common
/// end, are left out of it.
Hash128 canonical(const std::string& source, std::size_t begin, std::size_t end, std::string_view text) {
    while (begin < end && !text.empty() && source[begin] == text.front()) {
        ++begin;
        text.remove_prefix(1);
    }
    std::string rest(text);
    if (begin == end) {
        std::size_t turned = 0;
        while (begin < source.size() && !rest.empty() && source[begin] == rest[turned % rest.size()]) {
            ++begin;
            ++turned;
        }
        if (!rest.empty())
            std::rotate(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(turned % rest.size()), rest.end());
        end = begin;
    } else if (rest.empty()) {
        while (end < source.size() && source[begin] == source[end]) {
            ++begin;
            ++end;
        }
    } else {
        while (end > begin && !rest.empty() && source[end - 1] == rest.back()) {
            --end;
            rest.pop_back();
        }
    }
    return hash128(rest, (static_cast<std::uint64_t>(begin) << 32U) | end);
}

std::string indented(const View& view, const std::string& line, const std::string& indent) {
    std::string out = indent;
    std::size_t at = 0;
    for (; at < line.size() && line[at] == '\t'; ++at) out += view.indent_unit();
    return out + line.substr(at);
}

}  // namespace

std::string quoted(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool blank = c == '\n' || c == '\r' || c == '\t' || c == ' ';
        if (!blank)
            out += c;
        else if (!out.empty() && out.back() != ' ')
            out += ' ';
        if (out.size() > 48) {
            while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xc0) == 0x80) out.pop_back();
            if (!out.empty() && static_cast<unsigned char>(out.back()) >= 0xc0) out.pop_back();
            out += "…";
            break;
        }
    }
    return "`" + out + "`";
}

bool portable(const View& view, Id expression) {
    const std::string_view text = view.text(expression);
    return text.size() <= 100 && text.find_first_of(view.python() ? "\n\r#" : "\n\r") == std::string_view::npos &&
           (view.python() || text.find("//") == std::string_view::npos);
}

void Sink::edit(Op op, std::uint32_t begin, std::uint32_t end, std::string text, Offer offer) {
    const std::string& source = view_.source();
    if (std::string_view(source).substr(begin, end - begin) == text) return;
    const OpInfo of = info(op);
    Mutation mutation{{file_, begin, end, std::move(text)},
                      std::string(of.name),
                      std::move(offer.why),
                      std::min(1.0, of.prior * offer.weight),
                      line_,
                      offer.destructive};
    auto [known, fresh] = known_.try_emplace(canonical(source, begin, end, mutation.edit.replacement), entries_.size());
    if (fresh) {
        entries_.push_back({std::move(mutation), statement_});
    } else if (entries_[known->second].mutation.prior < mutation.prior) {
        entries_[known->second] = {std::move(mutation), statement_};
    }
}

double Sink::plausibility(Id slot, std::string_view text) const {
    const Id up = view_.parent(slot);
    const Kind kind = view_.kind(up);
    if (kind == Kind::binary || kind == Kind::compare || kind == Kind::boolean) {
        const Id other = view_.left(up) == slot ? view_.right(up) : view_.left(up);
        const std::string op = view_.op(up);
        // Nobody asks whether `a < a`; `a * a` and `a + a` do occur, and rarely where another operand stood.
        if (other != slot && view_.text(other) == text)
            return kind == Kind::binary && (op == "*" || op == "+") ? 0.4 : 0.1;
        if (kind == Kind::binary && text == "0" && op != "%") return 0.3;
    }
    if (kind == Kind::arguments)
        for (const Id argument : view_.children(up))
            if (argument != slot && view_.text(argument) == text && !is_literal(view_.kind(argument))) return 0.3;
    return 1;
}

void Sink::replace(Op op, Id slot, std::string text, int strength, Offer offer) {
    // What stands inside an f-string may hold neither its quotes nor a backslash before Python 3.12.
    if (view_.inside_interpolation(slot) && text.find_first_of("'\"\\`{}\n") != std::string::npos) return;
    // `1.x` is no field of a number.
    if (strength == 14 && view_.kind(view_.parent(slot)) == Kind::attribute) return;
    offer.weight *= plausibility(slot, text);
    // `-1` behind a minus or a star would read as another operator.
    std::string fitted = fit(view_, slot, std::move(text), strength);
    const std::uint32_t begin = view_.begin(slot);
    const std::string& source = view_.source();
    const auto word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
    if (begin > 0 && !fitted.empty() &&
        ((word(source[begin - 1]) && word(fitted.front())) ||
         ((source[begin - 1] == '-' || source[begin - 1] == '+') && source[begin - 1] == fitted.front())))
        fitted.insert(fitted.begin(), ' ');
    if (view_.end(slot) < source.size() && !fitted.empty() && word(fitted.back()) && word(source[view_.end(slot)]))
        fitted += ' ';
    edit(op, begin, view_.end(slot), std::move(fitted), std::move(offer));
}

void Sink::insert_before(Op op, Id statement, std::vector<std::string> lines, Offer offer) {
    if (empty_block(view_, statement)) {
        offer.weight *= kPlaceholderFactor;
        const std::string outer = view_.newline() + view_.indent(statement);
        std::string text = "{";
        for (const std::string& line : lines) text += outer + indented(view_, line, view_.indent_unit());
        edit(op, view_.begin(statement), view_.end(statement), text + outer + "}", std::move(offer));
        return;
    }
    if (!view_.first_on_line(statement) || view_.node(view_.parent(statement)).kind == "decorated_definition") return;
    const Kind up = view_.kind(view_.parent(statement));
    if (up != Kind::block && up != Kind::module && up != Kind::case_) return;  // a braceless body holds one statement
    const std::string indent = view_.indent(statement);
    std::string text;
    if (view_.kind(statement) == Kind::pass) {
        // The placeholder makes room for what was missing.
        offer.weight *= kPlaceholderFactor;
        for (const std::string& line : lines)
            text += (text.empty() ? "" : view_.newline()) + indented(view_, line, text.empty() ? "" : indent);
        edit(op, view_.begin(statement), view_.end(statement), std::move(text), std::move(offer));
        return;
    }
    for (const std::string& line : lines) text += indented(view_, line, indent) + view_.newline();
    const std::uint32_t at = view_.line_begin(view_.begin(statement));
    edit(op, at, at, std::move(text), std::move(offer));
}

void Sink::insert_after(Op op, Id statement, std::vector<std::string> lines, Offer offer) {
    if (!view_.first_on_line(statement) || !view_.last_on_line(statement) || view_.kind(statement) == Kind::pass)
        return;
    const Kind up = view_.kind(view_.parent(statement));
    if (up != Kind::block && up != Kind::module && up != Kind::case_) return;
    const std::string indent = view_.indent(statement);
    std::string text;
    for (const std::string& line : lines) text += view_.newline() + indented(view_, line, indent);
    const std::uint32_t at = view_.line_end(view_.end(statement));
    edit(op, at, at, std::move(text), std::move(offer));
}

void Sink::remove(Op op, Id statement, Offer offer) {
    const Id up = view_.parent(statement);
    const bool alone = view_.python() && view_.statements(up).size() <= 1;
    const Kind up_kind = view_.kind(up);
    const bool braceless =
        !view_.python() && up_kind != Kind::block && up_kind != Kind::module && up_kind != Kind::case_;
    if (view_.python() && up_kind != Kind::block && up_kind != Kind::module) return;
    if (alone || braceless) {
        edit(op, view_.begin(statement), view_.end(statement), view_.python() ? "pass" : ";", std::move(offer));
        return;
    }
    if (view_.first_on_line(statement) && view_.last_on_line(statement)) {
        edit(op, view_.line_begin(view_.begin(statement)), view_.next_line(view_.end(statement)), "", std::move(offer));
    } else {
        edit(op, view_.begin(statement), view_.end(statement), view_.python() ? "pass" : "", std::move(offer));
    }
}

std::vector<Mutation> Sink::take(std::size_t per_statement) {
    std::unordered_map<Id, std::vector<std::size_t>> by_statement;
    for (std::size_t i = 0; i < entries_.size(); ++i) by_statement[entries_[i].statement].push_back(i);
    std::vector<char> kept(entries_.size(), 0);
    for (auto& [statement, members] : by_statement) {
        std::stable_sort(members.begin(), members.end(), [&](std::size_t a, std::size_t b) {
            return entries_[a].mutation.prior > entries_[b].mutation.prior;
        });
        if (members.size() > per_statement) members.resize(per_statement);
        for (const std::size_t member : members) kept[member] = 1;
    }
    std::vector<Mutation> out;
    for (std::size_t i = 0; i < entries_.size(); ++i)
        if (kept[i]) out.push_back(std::move(entries_[i].mutation));
    entries_.clear();
    known_.clear();
    std::stable_sort(out.begin(), out.end(), [](const Mutation& a, const Mutation& b) {
        if (a.edit.begin != b.edit.begin) return a.edit.begin < b.edit.begin;
        if (a.prior != b.prior) return a.prior > b.prior;
        return a.edit.end != b.edit.end ? a.edit.end < b.edit.end : a.edit.replacement < b.edit.replacement;
    });
    return out;
}

}  // namespace ec::repair::mutation
