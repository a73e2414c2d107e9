#include <fmt/format.h>

#include <charconv>
#include <ec/agent/reviewer.hpp>
#include <limits>

namespace ec::agent {
namespace {

constexpr std::int64_t kUnit = 1'000'000;
constexpr std::size_t kMostDigits = 9;  // in front of the point
constexpr std::size_t kFraction = 6;
constexpr std::int64_t kTokensPriced = 1'000'000;
// What a chat template and the protocol put around the text.
constexpr std::int64_t kEnvelopeTokens = 256;

bool digits(std::string_view text, std::size_t most) {
    return !text.empty() && text.size() <= most && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::int64_t number(std::string_view text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace

Result<Micros> parse_amount(std::string_view text) {
    const std::size_t point = text.find('.');
    const std::string_view whole = text.substr(0, point);
    const std::string_view fraction = point == std::string_view::npos ? "0" : text.substr(point + 1);
    if (!digits(whole, kMostDigits) || !digits(fraction, kFraction)) {
        return fail(ErrorCode::invalid_argument, fmt::format("\"{}\" is no amount like 2.50", text));
    }
    std::string micros(fraction);
    micros.resize(kFraction, '0');
    return number(whole) * kUnit + number(micros);
}

std::string amount_text(Micros amount) {
    const bool negative = amount < 0;
    const std::uint64_t size = negative ? 0 - static_cast<std::uint64_t>(amount) : static_cast<std::uint64_t>(amount);
    std::string fraction = fmt::format("{:06}", size % kUnit);
    while (fraction.size() > 2 && fraction.back() == '0') fraction.pop_back();
    return fmt::format("{}{}.{}", negative ? "-" : "", size / kUnit, fraction);
}

Micros cost(const Price& price, std::int64_t tokens_in, std::int64_t tokens_out) {
    __extension__ typedef __int128 int128;
    const int128 total = static_cast<int128>(price.in) * std::max<std::int64_t>(0, tokens_in) +
                         static_cast<int128>(price.out) * std::max<std::int64_t>(0, tokens_out);
    const int128 micros = (total + kTokensPriced - 1) / kTokensPriced;
    // A reviewer that claims absurd numbers must not make the sum wrap around.
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 1'000'000;
    return micros > kMost ? kMost : static_cast<Micros>(micros);
}

Result<Micros> most_cost(const ReviewPackage& package, const ReviewerFacts& facts) {
    if (facts.price) {
        return cost(*facts.price, static_cast<std::int64_t>(package.text.size()) + kEnvelopeTokens,
                    facts.most_answer_tokens);
    }
    if (!facts.remote) return 0;
    return fail(
        ErrorCode::denied, fmt::format("what {} costs is not known, so nothing is sent there", facts.name),
        fmt::format("set price_in and price_out, or cost = \"local\", in [review.{}] of config.toml", facts.name));
}

}  // namespace ec::agent
