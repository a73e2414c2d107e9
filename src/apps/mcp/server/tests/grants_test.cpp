#include "mcp/server/grants.hpp"

#include <gtest/gtest.h>

namespace ec::apps::mcp {
namespace {

using namespace std::chrono_literals;

// RFC 7636, appendix B.
constexpr const char* kVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
constexpr const char* kChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
constexpr const char* kBack = "http://127.0.0.1:1234/back";
constexpr const char* kHere = "http://127.0.0.1:4320/mcp";

class GrantsTest : public testing::Test {
protected:
    std::string code(const Scopes& scopes = {"mcp:read", "mcp:run"}) {
        const auto asked = grants_.ask({client_.id, kBack, "s", true, kChallenge, scopes, kHere});
        return grants_.allow(asked->id, asked->code)->code;
    }
    OAuthResult<Tokens> redeem(const std::string& code, const std::string& verifier = kVerifier) {
        return grants_.redeem(code, client_.id, kBack, verifier, kHere);
    }

    ManualClock clock_;
    Grants grants_{clock_, "the-token-of-the-person"};
    Client client_ = *grants_.add_client("a client", {kBack});
    Client other_ = *grants_.add_client("another", {kBack});
};

TEST_F(GrantsTest, ACodeBecomesTokensForWhoeverHasTheVerifier) {
    const auto tokens = redeem(code());
    ASSERT_TRUE(tokens);
    const auto bearer = grants_.admit(tokens->access);
    ASSERT_TRUE(bearer);
    EXPECT_EQ(bearer->scopes, (Scopes{"mcp:read", "mcp:run"}));
    EXPECT_FALSE(grants_.admit(tokens->refresh));
    EXPECT_FALSE(grants_.admit(""));
    EXPECT_NE(tokens->access, tokens->refresh);
}

TEST_F(GrantsTest, ACodeThatIsUsedTwiceEndsAllThatCameOfIt) {
    const std::string once = code();
    const auto tokens = redeem(once);
    ASSERT_TRUE(tokens);
    EXPECT_EQ(redeem(once).error().code, "invalid_grant");
    EXPECT_FALSE(grants_.admit(tokens->access));
    EXPECT_EQ(grants_.refresh(tokens->refresh, client_.id, {}, "").error().code, "invalid_grant");
}

TEST_F(GrantsTest, ACodeIsOneClientsAndOneAddressesAndOneTry) {
    std::string each = code();
    EXPECT_FALSE(grants_.redeem(each, other_.id, kBack, kVerifier, kHere));
    EXPECT_FALSE(redeem(each));
    each = code();
    EXPECT_FALSE(grants_.redeem(each, client_.id, "http://127.0.0.1:1234/back2", kVerifier, kHere));
    EXPECT_FALSE(redeem(each));
    each = code();
    EXPECT_FALSE(redeem(each, std::string(43, 'a')));
    EXPECT_FALSE(redeem(each));
    each = code();
    EXPECT_FALSE(redeem(each, ""));
    EXPECT_FALSE(redeem(each, kChallenge));
    EXPECT_EQ(grants_.redeem(code(), client_.id, kBack, kVerifier, "http://elsewhere/mcp").error().code,
              "invalid_target");
}

TEST_F(GrantsTest, CodesAndTokensGetOld) {
    const std::string old = code();
    clock_.advance(Grants::kCodeLives);
    EXPECT_FALSE(redeem(old));
    const auto tokens = redeem(code());
    ASSERT_TRUE(tokens);
    clock_.advance(Grants::kAccessLives - 1ns);
    EXPECT_TRUE(grants_.admit(tokens->access));
    clock_.advance(1ns);
    EXPECT_FALSE(grants_.admit(tokens->access));
    EXPECT_TRUE(grants_.refresh(tokens->refresh, client_.id, {}, ""));
    const auto later = redeem(code());
    clock_.advance(Grants::kRefreshLives);
    EXPECT_FALSE(grants_.refresh(later->refresh, client_.id, {}, ""));
}

TEST_F(GrantsTest, ARefreshTokenIsExchangedOnceAndNeverForMore) {
    const auto first = redeem(code({"mcp:read"}));
    ASSERT_TRUE(first);
    EXPECT_EQ(grants_.refresh(first->refresh, client_.id, {"mcp:run"}, "").error().code, "invalid_scope");
    const auto second = grants_.refresh(first->refresh, client_.id, {}, kHere);
    ASSERT_TRUE(second);
    EXPECT_FALSE(grants_.admit(first->access));
    EXPECT_TRUE(grants_.admit(second->access));
    EXPECT_FALSE(grants_.refresh(first->refresh, client_.id, {}, ""));
    EXPECT_FALSE(grants_.admit(second->access));
}

TEST_F(GrantsTest, AnotherClientsRefreshTokenEndsItsGrant) {
    const auto tokens = redeem(code());
    EXPECT_FALSE(grants_.refresh(tokens->refresh, other_.id, {}, ""));
    EXPECT_FALSE(grants_.refresh(tokens->refresh, client_.id, {}, ""));
}

TEST_F(GrantsTest, OnlyTheOwnerRevokes) {
    const auto tokens = redeem(code());
    grants_.revoke(tokens->refresh, other_.id);
    EXPECT_TRUE(grants_.admit(tokens->access));
    grants_.revoke(tokens->access, client_.id);
    EXPECT_FALSE(grants_.admit(tokens->access));
}

TEST_F(GrantsTest, ThePersonTypesTheCodeOrTheToken) {
    auto asked = grants_.ask({client_.id, kBack, "", false, kChallenge, {}, kHere});
    EXPECT_TRUE(grants_.allow(asked->id, " " + asked->code + " "));
    EXPECT_EQ(grants_.allow(asked->id, asked->code).error(), Grants::Wrong::gone);
    asked = grants_.ask({client_.id, kBack, "", false, kChallenge, {}, kHere});
    EXPECT_TRUE(grants_.allow(asked->id, "the-token-of-the-person"));
    asked = grants_.ask({client_.id, kBack, "", false, kChallenge, {}, kHere});
    clock_.advance(Grants::kAskLives);
    EXPECT_EQ(grants_.allow(asked->id, asked->code).error(), Grants::Wrong::gone);
}

TEST_F(GrantsTest, WhoeverGuessesTooOftenHasToBeginAgain) {
    const auto asked = grants_.ask({client_.id, kBack, "", false, kChallenge, {}, kHere});
    for (unsigned i = 1; i < Grants::kTries; ++i)
        EXPECT_EQ(grants_.allow(asked->id, i % 2 == 0 ? "" : "00000-00000").error(), Grants::Wrong::code);
    EXPECT_EQ(grants_.allow(asked->id, "00000-00000").error(), Grants::Wrong::gone);
    EXPECT_EQ(grants_.allow(asked->id, asked->code).error(), Grants::Wrong::gone);
}

TEST_F(GrantsTest, ManyStrangersDoNotPushOutAClientThatWasLetIn) {
    const auto tokens = redeem(code());
    for (std::size_t i = 0; i < 2 * Grants::kMostClients; ++i) {
        clock_.advance(1ns);
        ASSERT_TRUE(grants_.add_client("stranger", {kBack}));
    }
    EXPECT_TRUE(grants_.client(client_.id));
    EXPECT_FALSE(grants_.client(other_.id));
    EXPECT_TRUE(grants_.admit(tokens->access));
}

TEST(RedirectAddresses, AreOfThisMachineOrHttps) {
    for (const char* good : {"http://127.0.0.1:1/x", "http://localhost/x", "http://localhost:8080", "http://[::1]:9/",
                             "https://example.org/back?x=1", "https://example.org:444/"})
        EXPECT_TRUE(may_redirect_to(good)) << good;
    for (const char* bad : {"",
                            "http://example.org/",
                            "http://127.0.0.1.example.org/",
                            "http://127.0.0.1@example.org/",
                            "http://user@127.0.0.1/",
                            "https://example.org/#x",
                            "javascript:alert(1)",
                            "data:text/html,x",
                            "file:///etc/passwd",
                            "cursor://x",
                            "//example.org",
                            "https://",
                            "https://:8/",
                            "http://localhost:99999999/",
                            "http://localhost:1x/",
                            "https://ex ample.org/",
                            "https://example.org/\r\nx",
                            "https://example.org/\"x",
                            "https://example.org\\@127.0.0.1/",
                            "https://a;script-src/",
                            "http://LOCALHOST.evil/",
                            "http://2130706433/",
                            "http://0/",
                            "http://[::1].example.org/"})
        EXPECT_FALSE(may_redirect_to(bad)) << bad;
    EXPECT_FALSE(may_redirect_to("https://example.org/" + std::string(4000, 'a')));
}

TEST(ScopeLists, AreWordsOfRfc6749) {
    EXPECT_EQ(*parse_scopes("b a  a"), (Scopes{"a", "b"}));
    EXPECT_EQ(scope_text({"b", "a"}), "a b");
    EXPECT_TRUE(parse_scopes("")->empty());
    EXPECT_FALSE(parse_scopes("a\"b"));
    EXPECT_FALSE(parse_scopes("a\nb"));
    EXPECT_FALSE(parse_scopes("\xc3\xa4"));
}

}  // namespace
}  // namespace ec::apps::mcp
