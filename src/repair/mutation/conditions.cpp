#include "mutation/conditions.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ec::repair::mutation {

namespace {

constexpr std::size_t kMostTerms = 7;
constexpr std::size_t kMostPredicates = 4;
constexpr int kComparison = 5;  // its binding strength

/// A value that a condition may be about.
struct Term {
    std::string text;
    Types types = 0;
    double weight = 1;
    bool loop = false;
};

class Builder {
public:
    Builder(const Site& site, Id place) : site_(site), view_(site.view), place_(place) { gather(); }

    std::vector<BuiltCondition> build(std::size_t most) {
        predicates();
        for (const Term& a : terms_) {
            sizes(a);
            questions(a);
        }
        for (std::size_t i = 0; i < terms_.size(); ++i)
            for (std::size_t k = 0; k < terms_.size(); ++k)
                if (i != k) relate(terms_[i], terms_[k], i < k);
        std::stable_sort(out_.begin(), out_.end(),
                         [](const BuiltCondition& a, const BuiltCondition& b) { return a.weight > b.weight; });
        if (out_.size() > most) out_.resize(most);
        return std::move(out_);
    }

private:
    /// Loop variables first, for a condition in a loop is mostly about what changes in it; elements they stand for
    /// next.
    void gather() {
        std::vector<Term> elements;
        for (const Variable* variable : site_.scope.visible(place_)) {
            if (variable->outer || (variable->types & kCallable) != 0) continue;
            std::string element = element_of_index(site_, variable->name, place_);
            const bool loop = variable->loop || !element.empty();
            terms_.push_back({variable->name, variable->types, loop ? 1.0 : 0.8, loop});
            if (!element.empty()) elements.push_back({std::move(element), 0, 1.0, true});
        }
        terms_.insert(terms_.end(), elements.begin(), elements.end());
        std::size_t borrowed = 0;
        for (const Id expression : site_.local.expressions) {
            if (view_.kind(expression) != Kind::subscript || !view_.readable(expression)) continue;
            if (!site_.scope.usable(expression, place_) || ++borrowed > 2) continue;
            terms_.push_back({view_.str(expression), site_.scope.type_of(expression), 0.7, false});
        }
        std::stable_sort(terms_.begin(), terms_.end(),
                         [](const Term& a, const Term& b) { return a.weight > b.weight; });
        std::vector<Term> distinct;
        for (Term& term : terms_)
            if (std::none_of(distinct.begin(), distinct.end(), [&](const Term& t) { return t.text == term.text; }))
                distinct.push_back(std::move(term));
        terms_ = std::move(distinct);
        if (terms_.size() > kMostTerms) terms_.resize(kMostTerms);
    }

    /// The operator in the language's own spelling: JavaScript asks for equality with one sign more.
    [[nodiscard]] std::string spelled(std::string_view op) const {
        const bool equality = op == "==" || op == "!=";
        return equality && !view_.python() ? std::string(op) + "=" : std::string(op);
    }
    void add_negated(const std::string& atom, double weight) {
        add((view_.python() ? "not " : "!") + atom, weight, view_.python() ? 4 : 12);
    }
    void add(std::string text, double weight, int strength = kComparison) {
        if (std::none_of(out_.begin(), out_.end(), [&](const BuiltCondition& c) { return c.text == text; }))
            out_.push_back({std::move(text), strength, weight});
    }

    void predicates() {
        std::size_t seen = 0;
        for (const Callable& callable : site_.facts.callables) {
            if (callable.method || callable.least > 1 || callable.most < 1 || ++seen > kMostPredicates) continue;
            if (site_.scope.function() != 0 && view_.text(view_.name(site_.scope.function())) == callable.name)
                continue;
            for (const Term& term : terms_) {
                const std::string call = fmt::format("{}({})", callable.name, term.text);
                add(call, 0.7 * term.weight, kAtom);
                add_negated(call, 0.4 * term.weight);
            }
        }
    }

    void sizes(const Term& term) {
        const bool collection = (term.types & (kString | kSequence | kSet | kMapping)) != 0;
        if (!collection || (!view_.python() && (term.types & (kSet | kMapping)) != 0)) return;
        const std::string size = view_.python() ? "len(" + term.text + ")" : term.text + ".length";
        for (const auto& [op, number] : {std::pair{"==", 1}, std::pair{">", 1}, std::pair{"==", 0}, std::pair{">", 0},
                                         std::pair{"<", 2}, std::pair{"==", 2}})
            add(fmt::format("{} {} {}", size, spelled(op), number), 0.5 * term.weight);
    }

    /// What is asked of one value in a loop: its neighbours, its parity, what kind of character it is.
    void questions(const Term& term) {
        if (!term.loop) return;
        const std::size_t bracket = term.text.rfind('[');
        if (bracket != std::string::npos && term.text.ends_with(']')) {
            const std::string index = term.text.substr(bracket + 1, term.text.size() - bracket - 2);
            for (const char* step : {" - 1]", " + 1]"}) {
                const std::string neighbour = term.text.substr(0, bracket + 1) + index + step;
                for (const char* op : {"<", ">", "==", "!="}) {
                    const bool order = op[0] == '<' || op[0] == '>';
                    add(fmt::format("{} {} {}", term.text, spelled(op), neighbour), order ? 0.75 : 0.45);
                }
            }
        }
        if (compatible(term.types, kNumber))
            for (const char* rest : {"0", "1"}) add(fmt::format("{} % 2 {} {}", term.text, spelled("=="), rest), 0.4);
        if (view_.python() && compatible(term.types, kString))
            for (const char* kind : {"isdigit", "isalpha", "isupper", "islower", "isalnum"})
                add(fmt::format("{}.{}()", term.text, kind), (term.types & kString) != 0 ? 0.6 : 0.4, kAtom);
    }

    void relate(const Term& a, const Term& b, bool first) {
        double weight = a.weight * b.weight * (a.loop || b.loop ? 0.8 : 0.6);
        // An index beside the element it reaches: of different kinds nearly always.
        if (a.text.find(b.text) != std::string::npos || b.text.find(a.text) != std::string::npos) weight *= 0.4;
        const bool comparable = compatible(a.types & ~kBool, b.types & ~kBool);
        if (first && comparable) {
            const bool ordered = ((a.types | b.types) & (kSequence | kSet | kMapping | kObject)) == 0;
            for (const char* op : {"==", "!=", ">", "<", ">=", "<="}) {
                const bool order = op[0] == '<' || op[0] == '>';
                if (order && !ordered) continue;
                const double usual = std::string_view(op) == ">" || std::string_view(op) == "<" ? 1.0 : 0.8;
                add(fmt::format("{} {} {}", a.text, spelled(op), b.text), weight * usual);
            }
        }
        if (b.loop && compatible(a.types, kNumber) && compatible(b.types, kNumber))
            add(fmt::format("{} % {} {} 0", a.text, b.text, spelled("==")), weight * 0.6);
        if ((b.types & (kSequence | kSet | kMapping | kString)) == 0 || b.types == kNumber) return;
        if ((a.types & (kSequence | kSet | kMapping)) != 0 && (a.types & (kNumber | kString)) == 0) return;
        if (b.types == kString && a.types != 0 && (a.types & kString) == 0) return;
        if (view_.python()) {
            add(fmt::format("{} in {}", a.text, b.text), weight * 0.8);
            add(fmt::format("{} not in {}", a.text, b.text), weight * 0.8);
            return;
        }
        const bool keyed = (b.types & (kSet | kMapping)) != 0 && (b.types & (kSequence | kString)) == 0;
        const std::string inside = fmt::format("{}.{}({})", b.text, keyed ? "has" : "includes", a.text);
        add(inside, weight * 0.8, kAtom);
        add_negated(inside, weight * 0.8);
    }

    const Site& site_;
    const View& view_;
    Id place_;
    std::vector<Term> terms_;
    std::vector<BuiltCondition> out_;
};

/// The collection whose size the text `range(len(xs))`, `i < xs.length` names.
std::string measured_collection(const View& view, Id root) {
    for (Id id = root; root != kNone && id < view.next(root); ++id) {
        if (view.kind(id) == Kind::call && view.callee_name(id) == "len") {
            const auto args = view.args(id);
            if (args.size() == 1 && portable(view, args[0])) return view.str(args[0]);
        }
        if (view.kind(id) == Kind::attribute && !view.python() && view.text(view.member(id)) == "length")
            return view.str(view.object(id));
    }
    return {};
}

}  // namespace

std::vector<IndexedElement> indexed_elements(const View& view, Id function) {
    std::vector<IndexedElement> out;
    for (Id id = function; id < view.next(function); ++id) {
        const Kind kind = view.kind(id);
        Id index = kNone;
        Id bound = kNone;
        if (kind == Kind::for_classic || kind == Kind::while_) {
            const Id condition = view.condition(id);
            if (condition == kNone || view.kind(condition) != Kind::compare) continue;
            index = view.left(condition);
            bound = view.right(condition);
        } else if (kind == Kind::for_in || kind == Kind::for_clause) {
            index = view.field(id, "left");
            bound = view.field(id, "right");
            if (view.kind(bound) != Kind::call || view.callee_name(bound) != "range") continue;
        }
        if (view.kind(index) != Kind::identifier) continue;
        const std::string collection = measured_collection(view, bound);
        // A clause counts in the whole comprehension around it.
        const Id region = kind == Kind::for_clause ? view.parent(id) : id;
        if (!collection.empty())
            out.push_back({view.str(index), fmt::format("{}[{}]", collection, view.text(index)), region});
    }
    return out;
}

std::string element_of_index(const Site& site, std::string_view name, Id place) {
    for (const IndexedElement& element : site.local.elements)
        if (element.index == name && site.view.inside(place, element.region)) return element.text;
    return {};
}

std::vector<BuiltCondition> built_conditions(const Site& site, Id place, std::size_t most) {
    return Builder(site, place).build(most);
}

}  // namespace ec::repair::mutation
