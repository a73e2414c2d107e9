#include <gtest/gtest.h>

#include <ec/core/fs.hpp>
#include <ec/identity/registry.hpp>
#include <ec/sql/testing/postgres.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <thread>

namespace ec::identity {
namespace {

constexpr std::int64_t kNow = 1'800'000'000'000;

crypto::PublicKey new_key() { return crypto::SecretKey::generate()->public_key(); }

enum class Store { file, memory, postgres };

/// One server for all cases of this program.
sql::testing::Postgres* server(std::string& why_not) {
    static const Result<std::unique_ptr<sql::testing::Postgres>> kServer = sql::testing::Postgres::start();
    if (kServer) return kServer->get();
    why_not = kServer.error().message;
    return nullptr;
}

class NodeRegistry : public testing::TestWithParam<Store> {
protected:
    void SetUp() override {
        if (GetParam() == Store::postgres) {
            std::string why_not;
            sql::testing::Postgres* const postgres = server(why_not);
            if (postgres == nullptr) GTEST_SKIP() << why_not;
            url_ = postgres->fresh().value();
        }
        database_.emplace(open());
        registry_.emplace(*database_);
        const Status made = sql::migrate(*database_, "identity", identity_migrations());
        ASSERT_TRUE(made) << made.error().message;
    }
    /// Another connection, but for what is in memory.
    [[nodiscard]] sql::Database open() const {
        constexpr std::chrono::seconds kPatience(60);  // with the others on a busy machine
        if (GetParam() == Store::postgres) return sql::Database::connect(url_, {.lock_timeout = kPatience}).value();
        if (GetParam() == Store::memory) return sql::Database::open_in_memory().value();
        return sql::Database::open(folder_.path() / "nodes.db", {.busy_timeout = kPatience}).value();
    }

    Secret token(const TokenWish& wish) {
        auto made = registry_->create_token(wish, kNow, "operator");
        EXPECT_TRUE(made) << made.error().message;
        return *std::move(made);
    }
    Secret token(unsigned uses = 1) { return token({.account = "anna", .uses = uses}); }
    /// In a transaction that is rolled back after an error, as the coordinator does.
    Result<Node> enrol(const Secret& with, const crypto::PublicKey& key, std::int64_t now = kNow,
                       NodeKind kind = NodeKind::worker) {
        auto transaction = sql::Transaction::begin(*database_).value();
        auto node = registry_->enrol({.token = with, .key = key, .kind = kind, .label = "a machine"}, now);
        if (node) {
            EXPECT_TRUE(transaction.commit());
        }
        return node;
    }
    Status set(const NodeId& id, NodeState state) { return registry_->set_state(id, state, kNow, "operator", "why"); }

    TempDir folder_ = TempDir::create().value();
    std::string url_;
    std::optional<sql::Database> database_;
    std::optional<Registry> registry_;
};

TEST_P(NodeRegistry, LetsANodeInWithATokenAndWaitsForAPerson) {
    const crypto::PublicKey key = new_key();
    const auto node = enrol(token(), key);
    ASSERT_TRUE(node) << node.error().message;
    EXPECT_EQ(node->id, NodeId::of(key));
    EXPECT_EQ(node->key, key);
    EXPECT_EQ(node->kind, NodeKind::worker);
    EXPECT_EQ(node->state, NodeState::pending);
    EXPECT_EQ(node->account, "anna");
    EXPECT_EQ(node->label, "a machine");
    EXPECT_EQ(node->enrolled_ms, kNow);
    const auto found = registry_->find(node->id);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->key, key);
    EXPECT_EQ(found->account, "anna");
    EXPECT_EQ(registry_->list()->size(), 1U);
    EXPECT_EQ(registry_->find(NodeId::of(new_key())).error().code, ErrorCode::not_found);
}

TEST_P(NodeRegistry, LetsNodesOfAnApprovedTokenWorkAtOnce) {
    EXPECT_EQ(enrol(token({.account = "local", .approved = true}), new_key())->state, NodeState::approved);
}

TEST_P(NodeRegistry, TakesATokenAsOftenAsItIsGoodFor) {
    const Secret three = token(3);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(enrol(three, new_key()));
    EXPECT_EQ(enrol(three, new_key()).error().code, ErrorCode::denied);
    EXPECT_EQ(registry_->list()->size(), 3U);
}

TEST_P(NodeRegistry, GivesTheSameNodeToTheSameKeyAndTokenAgain) {
    const crypto::PublicKey key = new_key();
    const Secret one = token();
    const auto node = enrol(one, key);
    const auto again = enrol(one, key, kNow + 5);
    ASSERT_TRUE(node && again);
    EXPECT_EQ(again->id, node->id);
    EXPECT_EQ(again->enrolled_ms, kNow);
    // Also when the token has expired since: the answer to the first time may have been lost.
    EXPECT_TRUE(enrol(one, key, kNow + 24 * 3600 * 1000));
    const Secret two = token(2);
    ASSERT_TRUE(enrol(two, new_key()));
    const crypto::PublicKey second = new_key();
    ASSERT_TRUE(enrol(two, second));
    EXPECT_TRUE(enrol(two, second));
}

TEST_P(NodeRegistry, KeepsTheAccountOfAKeyThatIsEnrolled) {
    const crypto::PublicKey key = new_key();
    ASSERT_TRUE(enrol(token(), key));
    const Secret thief = token({.account = "mallory"});
    EXPECT_EQ(enrol(thief, key).error().code, ErrorCode::conflict);
    EXPECT_EQ(registry_->find(NodeId::of(key))->account, "anna");
    // And the other token is not used up by that.
    EXPECT_TRUE(enrol(thief, new_key()));
}

TEST_P(NodeRegistry, NeverLetsARevokedKeyInAgain) {
    const crypto::PublicKey key = new_key();
    const Secret first = token(2);
    ASSERT_TRUE(enrol(first, key));
    ASSERT_TRUE(set(NodeId::of(key), NodeState::revoked));
    EXPECT_EQ(enrol(first, key).error().code, ErrorCode::denied);
    const Secret other = token();
    EXPECT_EQ(enrol(other, key).error().code, ErrorCode::denied);
    EXPECT_EQ(registry_->find(NodeId::of(key))->state, NodeState::revoked);
    EXPECT_TRUE(enrol(other, new_key()));
    EXPECT_TRUE(enrol(first, new_key()));
}

TEST_P(NodeRegistry, RefusesEveryBadTokenInTheSameWords) {
    const Secret used = token();
    ASSERT_TRUE(enrol(used, new_key()));
    const std::string good(token().reveal());
    std::string other_secret = good;
    other_secret.back() = other_secret.back() == 'A' ? 'E' : 'A';
    std::string other_id = good;
    other_id[4] = other_id[4] == 'a' ? 'b' : 'a';
    std::string id_of_no_text = good;
    id_of_no_text[5] = '\xff';
    const std::string bad[] = {std::string(used.reveal()),
                               other_secret,
                               other_id,
                               id_of_no_text,
                               "",
                               "ecn_",
                               "ecn__",
                               good + "A",
                               good.substr(1),
                               good.substr(0, good.size() - 1),
                               std::string(good.size(), '_'),
                               std::string("ecn_' OR 1=1 --"),
                               std::string(1 << 20, 'x'),
                               std::string("ecn_\0\0\0\0\0\0\0\0_", 13) + std::string(43, '\0')};
    const std::string words = enrol(Secret("nothing"), new_key()).error().message;
    for (const std::string& text : bad) {
        const auto node = enrol(Secret(text), new_key());
        ASSERT_FALSE(node);
        EXPECT_EQ(node.error().code, ErrorCode::denied);
        EXPECT_EQ(node.error().message, words);
    }
    const auto wrong_kind = enrol(Secret(good), new_key(), kNow, NodeKind::coordinator);
    EXPECT_EQ(wrong_kind.error().message, words);
    const auto expired = enrol(Secret(good), new_key(), kNow + 3'600'000);
    EXPECT_EQ(expired.error().message, words);
    EXPECT_EQ(registry_->list()->size(), 1U);
    EXPECT_TRUE(enrol(Secret(good), new_key(), kNow + 3'599'999));
}

TEST_P(NodeRegistry, KeepsNoSecretOfAToken) {
    const std::string text(token().reveal());
    auto rows = database_->prepare("SELECT * FROM join_token").value();
    ASSERT_TRUE(rows.step().value());
    for (int column = 0; column < 8; ++column)
        EXPECT_EQ(rows.text(column).find(text.substr(13)), std::string::npos) << column;
    EXPECT_EQ(text.size(), 4U + 8 + 1 + 43);
    EXPECT_NE(token().reveal(), text);
}

TEST_P(NodeRegistry, RefusesWishesThatMakeNoSense) {
    const TokenWish good{.account = "anna"};
    const auto refused = [&](auto change) {
        TokenWish wish = good;
        change(wish);
        const auto made = registry_->create_token(wish, kNow, "operator");
        return !made && made.error().code == ErrorCode::invalid_argument;
    };
    EXPECT_TRUE(registry_->create_token(good, kNow, "operator"));
    for (const std::string account : {"", "Anna", "a b", "anna\n", "a/b", "é"})
        EXPECT_TRUE(refused([&](TokenWish& wish) { wish.account = account; })) << account;
    EXPECT_TRUE(refused([](TokenWish& wish) { wish.account = std::string(65, 'a'); }));
    EXPECT_FALSE(refused([](TokenWish& wish) { wish.account = "coordinator-fee:default_1.x"; }));
    EXPECT_TRUE(refused([](TokenWish& wish) { wish.uses = 0; }));
    EXPECT_TRUE(refused([](TokenWish& wish) { wish.uses = ~0U; }));
    EXPECT_TRUE(refused([](TokenWish& wish) { wish.life = std::chrono::seconds(0); }));
    EXPECT_TRUE(refused([](TokenWish& wish) { wish.life = std::chrono::seconds(-5); }));
    EXPECT_TRUE(refused([](TokenWish& wish) { wish.life = std::chrono::hours(24) + std::chrono::seconds(1); }));
    EXPECT_TRUE(refused([](TokenWish& wish) { wish.life = std::chrono::seconds::max(); }));
}

TEST_P(NodeRegistry, RefusesLabelsThatAreNoLineOfText) {
    const Secret one = token();
    for (const std::string& label : {std::string(121, 'a'), std::string("a\nb"), std::string("\x1b[31m"),
                                     std::string("\xff"), std::string("a\0b", 3)}) {
        const auto node = registry_->enrol({.token = one, .key = new_key(), .label = label}, kNow);
        EXPECT_EQ(node.error().code, ErrorCode::invalid_argument);
    }
    EXPECT_TRUE(registry_->enrol({.token = one, .key = new_key(), .label = "Ännas Rechner"}, kNow));
}

TEST_P(NodeRegistry, AllowsTheStepsOfTheStatesAndNoOthers) {
    using enum NodeState;
    const std::vector<NodeState> all{pending, approved, suspended, revoked};
    const std::map<NodeState, std::vector<NodeState>> ways{
        {pending, {}}, {approved, {approved}}, {suspended, {approved, suspended}}, {revoked, {revoked}}};
    const std::set<std::pair<NodeState, NodeState>> good{{pending, approved},   {pending, revoked},
                                                         {approved, suspended}, {approved, revoked},
                                                         {suspended, approved}, {suspended, revoked}};
    for (const NodeState from : all) {
        for (const NodeState to : all) {
            const NodeId id = enrol(token(), new_key())->id;
            for (const NodeState step : ways.at(from)) ASSERT_TRUE(set(id, step));
            const Status done = set(id, to);
            const bool stays = from == to;
            EXPECT_EQ(done.has_value(), stays || good.contains({from, to})) << name(from) << " " << name(to);
            if (!done) {
                EXPECT_EQ(done.error().code, ErrorCode::conflict);
            }
            EXPECT_EQ(registry_->find(id)->state, done ? to : from);
        }
    }
    EXPECT_EQ(set(NodeId::of(new_key()), approved).error().code, ErrorCode::not_found);
}

TEST_P(NodeRegistry, TellsWhoDidWhatToANode) {
    const NodeId id = enrol(token(), new_key())->id;
    ASSERT_TRUE(set(id, NodeState::approved));
    ASSERT_TRUE(set(id, NodeState::approved));
    ASSERT_FALSE(set(id, NodeState::pending));
    ASSERT_TRUE(registry_->set_state(id, NodeState::revoked, kNow + 1, "uid 1000", "sold"));
    const auto history = registry_->history(id.text());
    ASSERT_TRUE(history);
    ASSERT_EQ(history->size(), 3U);
    EXPECT_EQ(history->at(0).action, "node.enrol");
    EXPECT_EQ(history->at(0).became, "pending");
    EXPECT_EQ(history->at(1).was, "pending");
    EXPECT_EQ(history->at(1).became, "approved");
    EXPECT_EQ(history->at(1).actor, "operator");
    EXPECT_EQ(history->at(2).at_ms, kNow + 1);
    EXPECT_EQ(history->at(2).actor, "uid 1000");
    EXPECT_EQ(history->at(2).reason, "sold");
    // What the token was good for is told under the name that the enrolment gives.
    const std::string made = history->at(0).reason.substr(6);
    EXPECT_EQ(registry_->history(made)->at(0).became, "worker of anna, 1 uses, 3600 s");
    EXPECT_EQ(registry_->set_state(id, NodeState::revoked, kNow, "operator", std::string(501, 'x')).error().code,
              ErrorCode::invalid_argument);
}

TEST_P(NodeRegistry, DropsTokensLongAfterTheyExpired) {
    token();
    constexpr std::int64_t kMonth = 31LL * 24 * 3600 * 1000;
    ASSERT_TRUE(registry_->create_token({.account = "anna"}, kNow + kMonth, "operator"));
    auto rows = database_->prepare("SELECT COUNT(*) FROM join_token").value();
    ASSERT_TRUE(rows.step().value());
    EXPECT_EQ(rows.integer(0), 1);
}

TEST_P(NodeRegistry, GivesATokenForOneNodeToExactlyOneOfMany) {
    if (GetParam() == Store::memory) GTEST_SKIP() << "a database in memory has one connection";
    for (int round = 0; round < 5; ++round) {
        const Secret one = token();
        std::atomic<int> in{0};
        std::atomic<int> denied{0};
        {
            std::vector<std::jthread> nodes;
            for (int i = 0; i < 4; ++i) {
                nodes.emplace_back([&] {
                    sql::Database own = open();
                    // Where rows are locked, and not the whole database, they really meet.
                    auto transaction = sql::Transaction::begin(own, sql::Writers::several).value();
                    const auto node = Registry(own).enrol({.token = one, .key = new_key(), .label = ""}, kNow);
                    if (node && transaction.commit())
                        ++in;
                    else if (!node && node.error().code == ErrorCode::denied)
                        ++denied;
                });
            }
        }
        EXPECT_EQ(in, 1);
        EXPECT_EQ(denied, 3);
        EXPECT_EQ(registry_->list()->size(), static_cast<std::size_t>(round + 1));
    }
}

TEST_P(NodeRegistry, MakesOneNodeOfAKeyThatJoinsTwiceAtOnce) {
    if (GetParam() == Store::memory) GTEST_SKIP() << "a database in memory has one connection";
    const Secret many = token(10);
    const crypto::PublicKey key = new_key();
    std::atomic<int> in{0};
    std::atomic<int> told_to_ask_again{0};
    {
        std::vector<std::jthread> tries;
        for (int i = 0; i < 4; ++i) {
            tries.emplace_back([&] {
                sql::Database own = open();
                auto transaction = sql::Transaction::begin(own, sql::Writers::several).value();
                const auto node = Registry(own).enrol({.token = many, .key = key, .label = ""}, kNow);
                if (node && transaction.commit())
                    ++in;
                else if (!node && node.error().code == ErrorCode::conflict)
                    ++told_to_ask_again;
            });
        }
    }
    EXPECT_GE(in, 1);
    EXPECT_EQ(in + told_to_ask_again, 4);
    EXPECT_EQ(registry_->list()->size(), 1U);
    EXPECT_TRUE(enrol(many, key));
    // One use is gone, and nine are left.
    for (int i = 0; i < 9; ++i) EXPECT_TRUE(enrol(many, new_key()));
    EXPECT_FALSE(enrol(many, new_key()));
}

TEST_P(NodeRegistry, ComesAndGoesWithItsSchema) {
    ASSERT_TRUE(enrol(token(), new_key()));
    const Status down = sql::migrate_to(*database_, "identity", identity_migrations(), 0);
    ASSERT_TRUE(down) << down.error().message;
    ASSERT_TRUE(sql::migrate(*database_, "identity", identity_migrations()));
    EXPECT_TRUE(registry_->list()->empty());
}

INSTANTIATE_TEST_SUITE_P(Stores, NodeRegistry, testing::Values(Store::file, Store::memory, Store::postgres),
                         [](const auto& one) {
                             return one.param == Store::file     ? "File"
                                    : one.param == Store::memory ? "Memory"
                                                                 : "Postgres";
                         });

}  // namespace
}  // namespace ec::identity
