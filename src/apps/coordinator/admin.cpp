#include "admin.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ec/core/text.hpp>
#include <ec/core/token.hpp>
#include <ec/ledger/past.hpp>
#include <ec/swarm/protocol.hpp>

namespace ec::apps::coordinator {
namespace {

using json::Object;
using rpc::Answer;

constexpr std::int64_t kLongestLife = 86'400;
constexpr std::int64_t kMostUses = 10'000;
constexpr std::int64_t kMostGrant = std::int64_t{1} << 50;
constexpr std::string_view kBy = "admin socket";
constexpr std::string_view kMint = "mint";

Answer answered(const Error& error) {
    const int code = error.code == ErrorCode::invalid_argument ? rpc::kInvalidParams : rpc::kInternalError;
    return rpc::refuse(code, error.remedy.empty() ? error.message : error.message + ": " + error.remedy,
                       Object{{"code", name(error.code)}});
}

Result<std::string> account_name(json::Reader& params) {
    std::string account = params.require("account").string("account");
    EC_TRY(params.status());
    if (!identity::is_account(account) || account == kMint)
        return fail(ErrorCode::invalid_argument, "an account is 1 to 64 of a-z, 0-9, '.', '_', ':' and '-'");
    return account;
}

Object to_json(const identity::Node& node) {
    return {{"id", node.id.text()},
            {"key", node.key.hex()},
            {"kind", identity::name(node.kind)},
            {"state", identity::name(node.state)},
            {"account", node.account},
            {"label", node.label},
            {"enrolled_ms", node.enrolled_ms}};
}

Object to_json(const ledger::Account& account) {
    Object object{{"id", account.id},
                  {"balance_milli", account.balance.milli()},
                  {"held_milli", account.held.milli()},
                  {"floor_milli", nullptr}};
    if (account.floor) object["floor_milli"] = account.floor->milli();
    return object;
}

Result<json::Value> create_token(Coordinator& with, json::Reader params) {
    EC_ASSIGN(const auto kind, identity::parse_node_kind(params.string("kind", "worker")));
    EC_ASSIGN(const std::string account, account_name(params));
    const std::int64_t uses = params.integer("uses", 1);
    const std::int64_t life = params.integer("life_s", 3600);
    const bool approved = params.boolean("approved");
    EC_TRY(params.status());
    if (uses < 1 || uses > kMostUses || life < 1 || life > kLongestLife)
        return fail(ErrorCode::invalid_argument, "a token is for 1 to 10000 nodes and lives 1 to 86400 seconds");
    const auto token = std::make_shared<Secret>();
    const Status written = with.store.change_and_wait([&, token](Desk& desk) -> Status {
        EC_TRY(open_account(desk, account));
        EC_ASSIGN(*token, desk.registry.create_token({.kind = kind,
                                                      .account = account,
                                                      .uses = static_cast<unsigned>(uses),
                                                      .life = std::chrono::seconds(life),
                                                      .approved = approved},
                                                     desk.now_ms(), kBy));
        return {};
    });
    EC_TRY(written);
    return Object{{"token", token->reveal()}};
}

Result<json::Value> list_nodes(Coordinator& with, const json::Reader& /*params*/) {
    EC_ASSIGN(const auto nodes,
              with.store.read<std::vector<identity::Node>>([](Desk& desk) { return desk.registry.list(); }));
    json::Array list;
    for (const identity::Node& node : nodes) list.push_back(to_json(node));
    return Object{{"nodes", std::move(list)}};
}

Result<json::Value> set_node_state(Coordinator& with, json::Reader params) {
    const std::string text = params.require("id").string("id");
    const std::string wanted = params.require("state").string("state");
    const std::string reason = params.string("reason");
    EC_TRY(params.status());
    EC_ASSIGN(const auto id, identity::NodeId::parse(text));
    EC_ASSIGN(const auto state, identity::parse_node_state(wanted));
    if (reason.size() > 200) return fail(ErrorCode::invalid_argument, "a reason has at most 200 bytes");
    const auto node = std::make_shared<identity::Node>();
    const Status written = with.store.change_and_wait([&, node](Desk& desk) -> Status {
        EC_TRY(desk.registry.set_state(id, state, desk.now_ms(), kBy, reason));
        EC_ASSIGN(*node, desk.registry.find(id));
        return {};
    });
    EC_TRY(written);
    with.nodes.forget(id);
    if (state != identity::NodeState::approved) {
        with.presence.forget(id);
        with.matchmaker.forget(id);
        with.heartbeats.forget(id);
        with.keys.forget(id);
        with.streams.news_of_all();
    }
    return to_json(*node);
}

Result<json::Value> list_accounts(Coordinator& with, const json::Reader& /*params*/) {
    constexpr unsigned kMost = 10'000;
    EC_ASSIGN(const auto accounts,
              with.store.read<std::vector<ledger::Account>>([](Desk& desk) { return desk.books.accounts("", kMost); }));
    json::Array list;
    for (const ledger::Account& account : accounts) list.push_back(to_json(account));
    return Object{{"accounts", std::move(list)}};
}

// Said twice under one key it is given once.
Result<json::Value> grant(Coordinator& with, json::Reader params) {
    EC_ASSIGN(const std::string account, account_name(params));
    const std::int64_t milli = params.require("milli").integer("milli");
    std::string key = params.string("key");
    EC_TRY(params.status());
    if (milli < 1 || milli > kMostGrant)
        return fail(ErrorCode::invalid_argument, "a grant is a positive number of thousandths of a credit");
    if (key.empty()) {
        EC_ASSIGN(key, random_token());
    }
    if (key.size() > 100) return fail(ErrorCode::invalid_argument, "a key has at most 100 bytes");
    const auto after = std::make_shared<ledger::Account>();
    const Status written = with.store.change_and_wait([&, after](Desk& desk) -> Status {
        EC_TRY(open_account(desk, account));
        EC_TRY(desk.books.open_account(kMint, ledger::AccountKind::mint, std::nullopt));
        const std::array<ledger::Entry, 2> entries{
            {{std::string(kMint), ledger::Credits::milli(-milli)}, {account, ledger::Credits::milli(milli)}}};
        EC_ASSIGN(const bool given, desk.books.post("grant", key, entries, desk.now_ms()));
        if (!given) {
            EC_ASSIGN(const ledger::Credits before, ledger::moved_by(desk.database, "grant", key, account));
            if (before.milli() != milli)
                return fail(ErrorCode::conflict, "this key was used for another grant", "use a new key");
        }
        EC_ASSIGN(*after, desk.books.account(account));
        return {};
    });
    EC_TRY(written);
    return to_json(*after);
}

Result<json::Value> status(Coordinator& with, const json::Reader& /*params*/) {
    return Object{{"version", EC_VERSION},
                  {"draining", with.draining.load()},
                  {"shared", with.store.place().shared()},
                  {"now_ms", with.gate.now_ms()},
                  {"workers", with.presence.workers(with.gate.now_ms())},
                  {"claims_waiting", with.matchmaker.waiting()},
                  {"streams", with.streams.count()},
                  {"submitted", with.counters.submitted.load()},
                  {"leased", with.counters.leased.load()},
                  {"completed", with.counters.completed.load()},
                  {"log_key", with.verifier_key}};
}

struct Method {
    std::string_view name;
    Result<json::Value> (*run)(Coordinator&, json::Reader);
};

}  // namespace

Answer admin_answer(Coordinator& with, const rpc::Request& request, const std::function<void()>& drain) {
    static constexpr std::array<Method, 6> kMethods{
        {{"token.create", create_token},
         {"node.list", [](Coordinator& to, json::Reader params) { return list_nodes(to, params); }},
         {"node.set_state", set_node_state},
         {"account.list", [](Coordinator& to, json::Reader params) { return list_accounts(to, params); }},
         {"account.grant", grant},
         {"status", [](Coordinator& to, json::Reader params) { return status(to, params); }}}};
    if (request.method == "drain") {
        drain();
        return Object{{"draining", true}};
    }
    const auto method = std::ranges::find(kMethods, request.method, &Method::name);
    if (method == kMethods.end()) return rpc::refuse(rpc::kMethodNotFound, "there is no such method");
    auto result = method->run(with, json::Reader(request.params, "params"));
    if (!result && result.error().code == ErrorCode::corrupt) result.error().code = ErrorCode::invalid_argument;
    return result ? Answer(*std::move(result)) : answered(result.error());
}

}  // namespace ec::apps::coordinator
