#include <fmt/format.h>

#include <ec/agent/reviewer.hpp>
#include <ec/core/toml.hpp>
#include <ec/net/http_client.hpp>

namespace ec::agent {
namespace {

constexpr int kMostTokens = 1'000'000;

bool plain_name(std::string_view text, std::size_t most, std::string_view more) {
    if (text.empty() || text.size() > most) return false;
    for (const char c : text) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && more.find(c) == std::string_view::npos) return false;
    }
    return true;
}

std::optional<Micros> amount(toml::Table& table, std::string_view key) {
    const auto text = table.string(key);
    if (!text) return std::nullopt;
    const auto value = parse_amount(*text);
    if (value) return *value;
    table.reject(key, "must be an amount in quotes, like \"2.50\"");
    return std::nullopt;
}

void read_kind(toml::Table& table, ReviewerSettings& reviewer) {
    using Kind = ReviewerSettings::Kind;
    const std::string kind = table.string("kind").value_or("openai");
    for (const Kind known : {Kind::openai, Kind::team, Kind::link}) {
        if (kind != name(known)) continue;
        reviewer.kind = known;
        return;
    }
    table.reject("kind", "must be openai, team or link");
}

void read_price(toml::Table& table, ReviewerSettings& reviewer) {
    const auto in = amount(table, "price_in");
    const auto out = amount(table, "price_out");
    const auto free = table.string("cost");
    if (free && *free != "local") table.reject("cost", "can only be \"local\": this reviewer costs nothing");
    if (free && (in || out)) table.reject("cost", "stands beside a price");
    if (in.has_value() != out.has_value()) table.reject(in ? "price_in" : "price_out", "needs the other price too");
    if (free) reviewer.price = Price{};
    if (in && out) reviewer.price = Price{*in, *out};
}

ReviewerSettings read_reviewer(toml::Table& table, std::string_view reviewer_name) {
    ReviewerSettings reviewer;
    reviewer.name = reviewer_name;
    read_kind(table, reviewer);
    const auto url = table.string("url");
    if (!url || !net::Url::parse(*url)) table.reject("url", "must be an http or https address");
    reviewer.url = url.value_or("");
    while (reviewer.url.ends_with('/')) reviewer.url.pop_back();
    reviewer.model = table.string("model").value_or("");
    if (reviewer.kind == ReviewerSettings::Kind::openai && reviewer.model.empty())
        table.reject("model", "must name the model to ask");
    if (reviewer.kind != ReviewerSettings::Kind::openai && !reviewer.model.empty())
        table.reject("model", "belongs to kind = \"openai\"");
    if (const auto variable = table.string("key_env")) {
        if (!plain_name(*variable, 128, "_")) table.reject("key_env", "must be the name of a variable");
        reviewer.key_env = *variable;
    }
    read_price(table, reviewer);
    reviewer.max_tokens = static_cast<int>(table.integer("max_tokens", 1, kMostTokens).value_or(reviewer.max_tokens));
    return reviewer;
}

}  // namespace

std::string_view name(ReviewerSettings::Kind kind) {
    switch (kind) {
        case ReviewerSettings::Kind::openai:
            return "openai";
        case ReviewerSettings::Kind::team:
            return "team";
        case ReviewerSettings::Kind::link:
            return "link";
    }
    return {};
}

const ReviewerSettings* ReviewSettings::find(std::string_view wanted) const {
    for (const ReviewerSettings& reviewer : reviewers) {
        if (reviewer.name == wanted) return &reviewer;
    }
    return nullptr;
}

Result<ReviewSettings> parse_review_settings(std::string_view text, std::string_view source) {
    EC_ASSIGN(toml::Document document, toml::Document::parse(text, source));
    toml::Table root = document.root();
    for (const std::string& key : root.keys()) {
        if (key != "review") root.leave(key);
    }
    ReviewSettings settings;
    if (auto review = root.table("review")) {
        settings.budget.currency = review->string("currency").value_or(settings.budget.currency);
        if (!plain_name(settings.budget.currency, 8, ""))
            review->reject("currency", "must be a short name, like \"EUR\"");
        settings.budget.most_per_day = amount(*review, "max_spend_per_day").value_or(0);
        for (const std::string& key : review->keys()) {
            if (key == "currency" || key == "max_spend_per_day") continue;
            if (!plain_name(key, 64, "-_")) review->reject(key, "a reviewer's name has letters, digits, - and _ only");
            if (auto table = review->table(key)) settings.reviewers.push_back(read_reviewer(*table, key));
        }
    }
    EC_TRY(document.finish());
    return settings;
}

}  // namespace ec::agent
