#include <fmt/format.h>

#include <charconv>
#include <ec/json/json.hpp>
#include <ostream>

#include "../error_report.hpp"
#include "../interrupt.hpp"
#include "../terminal.hpp"
#include "admin_client.hpp"
#include "node_command.hpp"

namespace ec::apps {
namespace {

constexpr std::int64_t kMilli = 1000;

void print(const json::Value& document, std::ostream& out) { out << json::write(document) << '\n' << std::flush; }

std::string credits(std::int64_t milli) {
    return fmt::format("{}{}.{:03}", milli < 0 ? "-" : "", std::abs(milli / kMilli), std::abs(milli % kMilli));
}

/// "12", "0.5", "-3.125" as thousandths.
Result<std::int64_t> milli_of(std::string_view text) {
    const auto wrong = [] {
        return fail(ErrorCode::invalid_argument, "CREDITS is a number with at most three decimals, such as 12.5");
    };
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    const std::size_t point = text.find('.');
    std::string digits(text.substr(0, point));
    std::string decimals(point == std::string_view::npos ? "" : text.substr(point + 1));
    if (digits.empty() || digits.size() > 12 || decimals.size() > 3) return wrong();
    if (point != std::string_view::npos && decimals.empty()) return wrong();
    decimals.resize(3, '0');
    digits += decimals;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size()) return wrong();
    return negative ? -value : value;
}

Status make_token(const AdminOptions& options, std::ostream& out, std::ostream& err, const std::stop_token& stop) {
    EC_TRY(identity::parse_node_kind(options.kind));
    EC_ASSIGN(const json::Value answer, ask_admin("token.create",
                                                  {{"kind", options.kind},
                                                   {"account", options.account},
                                                   {"uses", options.uses},
                                                   {"life_s", options.life_s},
                                                   {"approved", options.approved}},
                                                  stop));
    json::Reader reader(answer, "answer");
    const std::string token = reader.require("token").string("token");
    EC_TRY(reader.status());
    if (options.json) {
        print(json::Object{{"token", token}, {"kind", options.kind}, {"uses", options.uses}}, out);
    } else {
        out << token << '\n' << std::flush;
    }
    err << fmt::format("good for {} {}{} within {} s; it is not shown again\n", options.uses, options.kind,
                       options.uses == 1 ? "" : "s", options.life_s);
    return {};
}

Status list_accounts(const AdminOptions& options, std::ostream& out, const std::stop_token& stop) {
    EC_ASSIGN(const json::Value answer, ask_admin("account.list", {}, stop));
    if (options.json) {
        print(answer, out);
        return {};
    }
    json::Reader reader(answer, "answer");
    const json::Array& accounts = reader.array("accounts");
    EC_TRY(reader.status());
    for (const json::Value& each : accounts) {
        json::Reader account(each, "account");
        out << fmt::format("{:24} {:10} {:>14} held {:>12}\n", printable(account.string("id")),
                           printable(account.string("kind")), credits(account.integer("balance_milli")),
                           credits(account.integer("held_milli")));
    }
    return {};
}

Status grant(const AdminOptions& options, std::ostream& out, std::ostream& err, const std::stop_token& stop) {
    EC_ASSIGN(const std::int64_t milli, milli_of(options.amount));
    EC_ASSIGN(const json::Value answer,
              ask_admin("account.grant", {{"account", options.account}, {"milli", milli}}, stop));
    if (options.json) print(answer, out);
    err << fmt::format("{} has {} credits more\n", printable(options.account), credits(milli));
    return {};
}

/// Whatever the coordinator tells of itself, a line a thing.
Status show(std::string_view method, const AdminOptions& options, std::ostream& out, const std::stop_token& stop) {
    EC_ASSIGN(const json::Value answer, ask_admin(method, {}, stop));
    if (options.json || !answer.is_object()) {
        print(answer, out);
        return {};
    }
    for (const auto& [key, value] : answer.as_object()) {
        out << fmt::format("{:20} {}\n", printable(std::string_view(key)),
                           printable(value.is_string() ? std::string(value.as_string()) : json::write(value)));
    }
    return {};
}

Status run(const AdminOptions& options, std::ostream& out, std::ostream& err, const std::stop_token& stop) {
    if (options.what == "token") return make_token(options, out, err, stop);
    if (options.what == "accounts") return list_accounts(options, out, stop);
    if (options.what == "grant") return grant(options, out, err, stop);
    return show(options.what, options, out, stop);
}

}  // namespace

int run_admin(const AdminOptions& options, std::ostream& out, std::ostream& err) {
    const Interrupt interrupt;
    const Status done = run(options, out, err, interrupt.token());
    return done ? 0 : report_error(done.error(), options.json, out, err);
}

}  // namespace ec::apps
