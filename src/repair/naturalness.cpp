#include <cctype>
#include <cmath>
#include <ec/core/hash.hpp>
#include <ec/repair/naturalness.hpp>

namespace ec::repair {
namespace {

bool word_start(char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' || (c & '\x80') != 0;
}
bool word_part(char c) { return word_start(c) || std::isdigit(static_cast<unsigned char>(c)) != 0; }

std::uint32_t symbol(std::string_view text) { return static_cast<std::uint32_t>(hash128(text).low); }

// End of the string literal that opens at `at`; an unterminated one ends with its line.
std::size_t string_end(std::string_view text, std::size_t at) {
    const char quote = text[at];
    const std::string triple(3, quote);
    if (quote != '`' && text.substr(at, 3) == triple) {
        const std::size_t end = text.find(triple, at + 3);
        return end == std::string_view::npos ? text.size() : end + 3;
    }
    for (std::size_t i = at + 1; i < text.size(); ++i) {
        if (text[i] == '\\')
            ++i;
        else if (text[i] == quote)
            return i + 1;
        else if (text[i] == '\n' && quote != '`')
            return i;
    }
    return text.size();
}

bool at_line_start(std::string_view text, std::size_t at) {
    while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '\t')) --at;
    return at == 0 || text[at - 1] == '\n';
}

std::size_t operator_length(std::string_view rest) {
    for (const std::string_view op :
         {"===", "!==", "**=", "//=", ">>>", "...", "<<=", ">>=", "&&", "||", "??", "=>", "==", "!=", "<=",
          ">=",  "+=",  "-=",  "*=",  "/=",  "%=",  "**",  "//",  "<<", ">>", "->", ":=", "++", "--", "?."}) {
        if (rest.starts_with(op)) return op.size();
    }
    return 1;
}

}  // namespace

std::vector<std::uint32_t> fold_tokens(std::string_view text) {
    static const std::uint32_t kString = symbol("<string>");
    static const std::uint32_t kNumber = symbol("<number>");
    std::vector<std::uint32_t> tokens;
    for (std::size_t i = 0; i < text.size();) {
        const char c = text[i];
        const std::string_view rest = text.substr(i);
        std::size_t end = i + 1;
        if (std::isspace(static_cast<unsigned char>(c)) != 0) {
            i = end;
            continue;
        }
        // "//" is division in Python, so only a line that starts with it is taken for a comment.
        const bool slash_comment = rest.starts_with("/*") || (rest.starts_with("//") && at_line_start(text, i));
        if (c == '#' || slash_comment) {
            const std::size_t stop = rest.starts_with("/*") ? rest.find("*/") : rest.find('\n');
            i = stop == std::string_view::npos ? text.size() : i + stop + (rest.starts_with("/*") ? 2 : 0);
            continue;
        }
        if (word_start(c)) {
            while (end < text.size() && word_part(text[end])) ++end;
            tokens.push_back(symbol(text.substr(i, end - i)));
        } else if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
            while (end < text.size() && (word_part(text[end]) || text[end] == '.')) ++end;
            // 0, 1 and 2 are words of the language of bounds; other numbers are just numbers.
            tokens.push_back(end == i + 1 && c <= '2' ? symbol(text.substr(i, 1)) : kNumber);
        } else if (c == '"' || c == '\'' || c == '`') {
            end = string_end(text, i);
            tokens.push_back(end - i == 2 ? symbol("\"\"") : kString);
        } else {
            end = i + operator_length(rest);
            tokens.push_back(symbol(text.substr(i, end - i)));
        }
        i = end;
    }
    return tokens;
}

namespace {

std::uint64_t pair_key(std::uint32_t a, std::uint32_t b) { return (static_cast<std::uint64_t>(a) << 32) | b; }
std::uint64_t triple_key(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    return (pair_key(a, b) * 0x9e3779b97f4a7c15ULL) ^ c;
}

std::uint32_t count(const std::unordered_map<std::uint64_t, std::uint32_t>& table, std::uint64_t key) {
    const auto at = table.find(key);
    return at == table.end() ? 0 : at->second;
}

constexpr std::size_t kContextBytes = 200;

}  // namespace

void NaturalnessModel::learn(std::string_view text, bool own) {
    Counts& counts = own ? own_ : project_;
    std::uint32_t a = 0;
    std::uint32_t b = 0;
    for (const std::uint32_t token : fold_tokens(text)) {
        ++counts.unigram[token];
        ++counts.bigram[pair_key(b, token)];
        ++counts.trigram[triple_key(a, b, token)];
        ++counts.total;
        a = b;
        b = token;
    }
}

double NaturalnessModel::probability(const Counts& counts, std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    const double uniform = 1.0 / (static_cast<double>(counts.unigram.size()) + 100);
    const double one = (count(counts.unigram, c) + uniform * 5) / (static_cast<double>(counts.total) + 5);
    const std::uint32_t context1 = count(counts.unigram, b);
    const double two = context1 == 0 ? one : (count(counts.bigram, pair_key(b, c)) + 2 * one) / (context1 + 2.0);
    const std::uint32_t context2 = count(counts.bigram, pair_key(a, b));
    return context2 == 0 ? two : (count(counts.trigram, triple_key(a, b, c)) + 2 * two) / (context2 + 2.0);
}

double NaturalnessModel::score(std::string_view before, std::string_view text, std::string_view after) const {
    if (before.size() > kContextBytes) before.remove_prefix(before.size() - kContextBytes);
    const auto context = fold_tokens(before);
    auto tokens = fold_tokens(text);
    const std::size_t own_tokens = tokens.size();
    for (const std::uint32_t token : fold_tokens(after.substr(0, 40))) {
        if (tokens.size() == own_tokens + 2) break;
        tokens.push_back(token);
    }
    if (tokens.empty()) return 0;
    std::uint32_t a = context.size() < 2 ? 0 : context[context.size() - 2];
    std::uint32_t b = context.empty() ? 0 : context.back();
    double sum = 0;
    for (const std::uint32_t token : tokens) {
        sum += std::log2(0.6 * probability(own_, a, b, token) + 0.4 * probability(project_, a, b, token));
        a = b;
        b = token;
    }
    return sum / static_cast<double>(tokens.size());
}

}  // namespace ec::repair
