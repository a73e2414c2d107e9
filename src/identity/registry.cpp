#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>
#include <ec/core/token.hpp>
#include <ec/crypto/base64.hpp>
#include <ec/crypto/random.hpp>
#include <ec/crypto/sha256.hpp>
#include <ec/identity/registry.hpp>
#include <ec_embedded/ec_identity.hpp>

namespace ec::identity {
namespace {

constexpr std::string_view kPrefix = "ecn_";
constexpr std::size_t kIdSize = 8;
constexpr std::size_t kSecretSize = 43;
constexpr std::size_t kSecretBytes = 32;
constexpr std::chrono::seconds kLongestLife = std::chrono::hours(24);
constexpr std::int64_t kKeptMs = 30LL * 24 * 3600 * 1000;  ///< that a token is kept after it expired
constexpr unsigned kMostUses = 10'000;
constexpr std::size_t kMostLabel = 120;
constexpr std::size_t kMostReason = 500;

constexpr std::string_view kNodeColumns = "id, public_key, kind, state, account, label, enrolled_ms, token";

/// A text of one line that is shown to people.
bool presentable(std::string_view text, std::size_t most) {
    return text.size() <= most && is_valid_utf8(text) &&
           std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

constexpr std::string_view kIdSigns = "abcdefghijklmnopqrstuvwxyz234567";

std::string new_token_id() {
    std::string id = crypto::random_bytes(kIdSize);
    for (char& c : id) c = kIdSigns[static_cast<unsigned char>(c) % kIdSigns.size()];
    return id;
}

struct TokenText {
    std::string_view id;
    std::string_view secret;
};

/// Empty parts for what is no token: they are looked up and compared all the same.
TokenText parse_token(std::string_view text) {
    if (text.size() != kPrefix.size() + kIdSize + 1 + kSecretSize || !text.starts_with(kPrefix) ||
        text[kPrefix.size() + kIdSize] != '_')
        return {};
    const std::string_view id = text.substr(kPrefix.size(), kIdSize);
    if (id.find_first_not_of(kIdSigns) != std::string_view::npos) return {};
    return {id, text.substr(kPrefix.size() + kIdSize + 1)};
}

struct Token {
    std::string account;
    bool approved = false;
    bool expired = false;
    bool used_up = false;
};

Error no_such_token() {
    return {ErrorCode::denied, "this join token is not valid", "ask the coordinator's operator for a new one"};
}

/// The token behind a text, if it is this kind's; whatever is wrong with it takes the same time and looks the same.
Result<Token> judge_token(sql::Database& database, const TokenText& text, NodeKind kind, std::int64_t now_ms) {
    EC_ASSIGN(sql::Statement* const row,
              database.cached("SELECT secret_hash, kind, account, approved, expires_ms, uses_left FROM join_token "
                              "WHERE id = ?1"));
    EC_TRY(row->bind(text.id));
    EC_ASSIGN(const bool found, row->step());
    std::string kept(crypto::Sha256Digest::kBytes, '\0');
    bool right_kind = false;
    Token token;
    if (found) {
        kept = row->text(0);
        right_kind = row->text(1) == name(kind);
        token = {row->text(2), row->integer(3) != 0, row->integer(4) <= now_ms, row->integer(5) <= 0};
        EC_TRY(row->step());  // to the end: an open row holds what it was read from
    }
    const bool right_secret = same_secret(crypto::sha256(text.secret).bytes(), kept);
    if (!right_secret || !right_kind) return fail(no_such_token());
    return token;
}

struct StoredNode {
    Node node;
    std::string token;
};

Result<StoredNode> read_node(const sql::Statement& row) {
    StoredNode stored;
    EC_ASSIGN(stored.node.id, NodeId::parse(row.text(0)));
    EC_ASSIGN(stored.node.key, crypto::PublicKey::from_bytes(row.text(1)));
    EC_ASSIGN(stored.node.kind, parse_node_kind(row.text(2)));
    EC_ASSIGN(stored.node.state, parse_node_state(row.text(3)));
    stored.node.account = row.text(4);
    stored.node.label = row.text(5);
    stored.node.enrolled_ms = row.integer(6);
    stored.token = row.text(7);
    return stored;
}

Result<std::optional<StoredNode>> look_up(sql::Database& database, const NodeId& id) {
    EC_ASSIGN(sql::Statement* const row,
              database.cached(fmt::format("SELECT {} FROM node WHERE id = ?1", kNodeColumns)));
    EC_TRY(row->bind(id.text()));
    EC_ASSIGN(const bool found, row->step());
    if (!found) return std::nullopt;
    EC_ASSIGN(StoredNode stored, read_node(*row));
    EC_TRY(row->step());
    return stored;
}

Status note(sql::Database& database, const AuditEntry& entry) {
    return database.run(
        "INSERT INTO node_audit (at_ms, actor, subject, action, was, became, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, "
        "?7)",
        entry.at_ms, entry.actor, entry.subject, entry.action, entry.was, entry.became, entry.reason);
}

/// A key that is enrolled: the same node for whoever asks again with its token, else an error.
Result<Node> known_node(StoredNode stored, std::string_view token) {
    if (stored.node.state == NodeState::revoked)
        return fail(ErrorCode::denied, "this node's key was revoked", "join with a new key");
    if (stored.token != token)
        return fail(ErrorCode::conflict, "this node's key is enrolled already", "it needs no other token");
    return std::move(stored.node);
}

bool allowed(NodeState from, NodeState to) {
    switch (to) {
        case NodeState::pending:
            return false;
        case NodeState::approved:
            return from == NodeState::pending || from == NodeState::suspended;
        case NodeState::suspended:
            return from == NodeState::approved;
        case NodeState::revoked:
            return true;
    }
    return false;
}

/// What a request to join comes to: the node that it is already, or the token that lets it in.
struct Joining {
    std::optional<Node> known;
    Token token;
};

Result<Joining> judge(sql::Database& database, const EnrolRequest& request, std::int64_t now_ms) {
    if (!presentable(request.label, kMostLabel))
        return fail_field("label", fmt::format("label: a line of text of at most {} bytes", kMostLabel));
    const TokenText text = parse_token(request.token.reveal());
    Joining joining;
    EC_ASSIGN(joining.token, judge_token(database, text, request.kind, now_ms));
    EC_ASSIGN(std::optional<StoredNode> stored, look_up(database, NodeId::of(request.key)));
    // Before what a token has left: whoever lost the answer asks again.
    if (stored && (stored->token == text.id || !joining.token.expired)) {
        EC_ASSIGN(joining.known, known_node(*std::move(stored), text.id));
        return joining;
    }
    if (joining.token.expired || joining.token.used_up) return fail(no_such_token());
    return joining;
}

Error no_such_node(const NodeId& id) {
    return {ErrorCode::not_found, fmt::format("there is no node {}", id.text()), {}};
}

}  // namespace

bool is_account(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == ':' || c == '-';
    });
}

std::span<const sql::Migration> identity_migrations() {
    static const sql::Migration kSteps[] = {
        {.number = 1, .name = "nodes", .sql = embedded::nodes_001_sql, .down = embedded::nodes_001_down_sql}};
    return kSteps;
}

Result<Secret> Registry::create_token(const TokenWish& wish, std::int64_t now_ms, std::string_view by) {
    if (!is_account(wish.account))
        return fail(ErrorCode::invalid_argument, "an account is 1 to 64 characters of a-z, 0-9, '.', '_', ':' and '-'");
    if (wish.uses < 1 || wish.uses > kMostUses)
        return fail(ErrorCode::invalid_argument, fmt::format("a token is good for 1 to {} nodes", kMostUses));
    if (wish.life < std::chrono::seconds(1) || wish.life > kLongestLife)
        return fail(ErrorCode::invalid_argument, "a token lives for a second at least and a day at most");
    if (!presentable(by, kMostLabel)) return fail(ErrorCode::invalid_argument, "this is no name of who makes a token");
    EC_TRY(database_.run("DELETE FROM join_token WHERE expires_ms < ?1", now_ms - kKeptMs));

    std::string random = crypto::random_bytes(kSecretBytes);
    const Secret bytes(std::move(random));
    const Secret secret(crypto::base64url(bytes.reveal()));
    std::string id;
    do {
        id = new_token_id();
        EC_TRY(database_.run(
            "INSERT INTO join_token (id, secret_hash, kind, account, uses_left, approved, created_ms, expires_ms) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (id) DO NOTHING",
            id, sql::Blob{crypto::sha256(secret.reveal()).bytes()}, name(wish.kind), wish.account, wish.uses,
            wish.approved, now_ms, now_ms + std::chrono::milliseconds(wish.life).count()));
    } while (database_.changed_rows() != 1);
    EC_TRY(note(database_, {.at_ms = now_ms,
                            .actor = std::string(by),
                            .subject = id,
                            .action = "token.create",
                            .was = "",
                            .became = fmt::format("{} of {}, {} uses, {} s{}", name(wish.kind), wish.account, wish.uses,
                                                  wish.life.count(), wish.approved ? ", approved" : ""),
                            .reason = ""}));
    return Secret(fmt::format("{}{}_{}", kPrefix, id, secret.reveal()));
}

Status Registry::admits(const EnrolRequest& request, std::int64_t now_ms) {
    EC_TRY(judge(database_, request, now_ms));
    return {};
}

Result<Node> Registry::enrol(const EnrolRequest& request, std::int64_t now_ms) {
    EC_ASSIGN(Joining joining, judge(database_, request, now_ms));
    if (joining.known) return *std::move(joining.known);
    const Token& token = joining.token;
    const TokenText text = parse_token(request.token.reveal());
    const NodeId id = NodeId::of(request.key);
    EC_TRY(database_.run("UPDATE join_token SET uses_left = uses_left - 1 WHERE id = ?1 AND uses_left > 0", text.id));
    if (database_.changed_rows() != 1) return fail(no_such_token());
    const Node node{.id = id,
                    .key = request.key,
                    .kind = request.kind,
                    .state = token.approved ? NodeState::approved : NodeState::pending,
                    .account = token.account,
                    .label = request.label,
                    .enrolled_ms = now_ms};
    EC_TRY(
        database_.run("INSERT INTO node (id, public_key, kind, state, account, label, token, enrolled_ms) "
                      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
                      id.text(), sql::Blob{request.key.bytes()}, name(node.kind), name(node.state), node.account,
                      node.label, text.id, now_ms));
    if (database_.changed_rows() != 1) return fail(ErrorCode::conflict, "this key is being enrolled; ask again");
    EC_TRY(note(database_, {.at_ms = now_ms,
                            .actor = id.text(),
                            .subject = id.text(),
                            .action = "node.enrol",
                            .was = "",
                            .became = std::string(name(node.state)),
                            .reason = fmt::format("token {}", text.id)}));
    return node;
}

Result<Node> Registry::find(const NodeId& id) {
    EC_ASSIGN(std::optional<StoredNode> stored, look_up(database_, id));
    if (!stored) return fail(no_such_node(id));
    return std::move(stored->node);
}

Result<std::vector<Node>> Registry::list() {
    EC_ASSIGN(sql::Statement rows,
              database_.prepare(fmt::format("SELECT {} FROM node ORDER BY enrolled_ms, id", kNodeColumns)));
    std::vector<Node> nodes;
    for (;;) {
        EC_ASSIGN(const bool more, rows.step());
        if (!more) return nodes;
        EC_ASSIGN(StoredNode stored, read_node(rows));
        nodes.push_back(std::move(stored.node));
    }
}

Status Registry::set_state(const NodeId& id, NodeState state, std::int64_t now_ms, std::string_view by,
                           std::string_view reason) {
    if (!presentable(by, kMostLabel) || !presentable(reason, kMostReason))
        return fail(ErrorCode::invalid_argument,
                    fmt::format("reason: a line of text of at most {} bytes", kMostReason));
    EC_ASSIGN(const std::optional<StoredNode> stored, look_up(database_, id));
    if (!stored) return fail(no_such_node(id));
    const NodeState was = stored->node.state;
    if (was == state) return {};
    if (!allowed(was, state))
        return fail(ErrorCode::conflict, fmt::format("a node that is {} cannot become {}", name(was), name(state)));
    EC_TRY(database_.run("UPDATE node SET state = ?1 WHERE id = ?2 AND state = ?3", name(state), id.text(), name(was)));
    if (database_.changed_rows() != 1) return fail(ErrorCode::conflict, "somebody else changes this node; look again");
    return note(database_, {.at_ms = now_ms,
                            .actor = std::string(by),
                            .subject = id.text(),
                            .action = "node.state",
                            .was = std::string(name(was)),
                            .became = std::string(name(state)),
                            .reason = std::string(reason)});
}

Result<std::vector<AuditEntry>> Registry::history(std::string_view subject) {
    EC_ASSIGN(sql::Statement rows, database_.prepare("SELECT at_ms, actor, subject, action, was, became, reason FROM "
                                                     "node_audit WHERE subject = ?1 ORDER BY number"));
    EC_TRY(rows.bind(subject));
    std::vector<AuditEntry> entries;
    for (;;) {
        EC_ASSIGN(const bool more, rows.step());
        if (!more) return entries;
        entries.push_back(
            {rows.integer(0), rows.text(1), rows.text(2), rows.text(3), rows.text(4), rows.text(5), rows.text(6)});
    }
}

}  // namespace ec::identity
