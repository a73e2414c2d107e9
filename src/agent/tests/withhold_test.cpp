#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ec/agent/withhold.hpp>

namespace ec::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Put together at run time, so that no scanner takes this file for a leak.
std::string made(std::string_view prefix, std::string_view body) { return std::string(prefix).append(body); }

const std::string kBody36 = "9aB3xK7qLm2Zr5Tv8Yw1Cd4Ef6Gh0JnPsUi9";  // 36 letters and digits
const std::string kRandom40 = "wJ4lrX7tnF2mI9K8MDENG3bPx5Rfi1CYq6zKvT0A";

TEST(WithheldByName, TakesFilesThatExistToHoldSecrets) {
    for (const char* path : {".env",
                             "app/.env.local",
                             ".ENV",
                             "prod.env",
                             "server.pem",
                             "a/b/tls.key",
                             "store.p12",
                             "id_rsa",
                             "id_ed25519.old",
                             ".netrc",
                             ".git-credentials",
                             ".aws/credentials",
                             "x/.ssh/config",
                             "credentials.json",
                             "credentials",
                             "config/secrets.yml",
                             "secrets.toml",
                             "service-account-prod.json",
                             "client_secret_12.json",
                             "terraform.tfstate",
                             ".kube/config",
                             ".pgpass"}) {
        EXPECT_TRUE(withheld_by_name(path)) << path;
    }
}

TEST(WithheldByName, LeavesCodeAndExamplesAlone) {
    for (const char* path : {".env.example", "env.py", "environment.ts", "src/secrets.py", "credentials.go",
                             "credentials.md", "id_rsa.pub", "keys.ts", "key.js", "monkey", "ssh/config.py",
                             "src/aws/client.py", "", "/", "package.json", "secretary.txt", ".envrc-notes/readme"}) {
        EXPECT_FALSE(withheld_by_name(path)) << path;
    }
}

struct Case {
    std::string text;
    std::string secret;
    std::string kind;
};

TEST(Redact, FindsTokensOfKnownShape) {
    const std::vector<Case> cases = {
        {"key AKIA", made("AKIA", "IOSFODNN7EXAMPL3"), "api key"},
        {"x = ", made("ghp_", kBody36), "access token"},
        {"git clone https://", made("github_pat_", kBody36), "access token"},
        {"", made("sk-proj-", kBody36), "api key"},
        {"--header ", made("sk-ant-api03-", kBody36), "api key"},
        {"slack ", made("xoxb-", "123456789012-abcDEF123456"), "access token"},
        {"maps?key=", made("AIza", "SyD4x8Kq2LmN7pRtVw9YbCdEfGhJ3kMn5Qs"), "api key"},
        {"//packages.example/:_authToken=", made("npm_", kBody36), "access token"},
        {"cookie: ", made("eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"),
         "access token"},
        {"{\"msg\":\"failed\\n", made("glpat-", "x9Yz3Ab7Cd1Ef5Gh2Ij8"), "access token"},
        {"hub ", made("hf_", "QwErTyUiOpAsDfGhJkLzXcVbNm12345678"), "access token"},
    };
    for (const Case& one : cases) {
        const std::string secret = one.secret;
        const std::string text = (one.text == "key AKIA" ? "key " : one.text) + secret + "\nnext line";
        std::vector<Withheld> found;
        const std::string out = redact(text, &found);
        EXPECT_THAT(out, Not(HasSubstr(secret.substr(secret.size() - 12)))) << text;
        EXPECT_THAT(out, HasSubstr(placeholder(one.kind))) << out;
        EXPECT_THAT(out, HasSubstr("next line"));
        ASSERT_EQ(found.size(), 1U) << out;
        EXPECT_EQ(found[0].kind, one.kind);
        EXPECT_EQ(found[0].line, 1);
    }
}

TEST(Redact, FindsValuesGivenToNamesOfSecrets) {
    for (const std::string& text :
         {std::string("password = \"hunter2secret!\""), std::string("DB_PASSWORD=hunter2secret99"),
          std::string("password = 'hunter2<secret>'"), std::string("\"apiKey\": \"k3y9f8a7d6\""),
          std::string("password: str = 'c0rrect-horse9'"), std::string("client_secret => 'a8f5f167f44f4964'"),
          std::string("export API_TOKEN=a8f5f167f44f4964e6c9"),
          std::string("Authorization: Bearer a8f5f167f44f4964e6c9"), std::string("<password>hunter2secret!</password>"),
          std::string("postgres://app:hunter2secret@db/x"), std::string("deploy --password hunter2secret99 --yes"),
          std::string(R"({"body":"{\"password\":\"hunter2secret9\"}"})"),
          std::string("auth.secretKey := \"a8f5f167f44f4964\"")}) {
        EXPECT_THAT(redact(text), HasSubstr("[withheld: ")) << text;
        EXPECT_THAT(redact(text), Not(HasSubstr("hunter2"))) << text;
    }
}

TEST(Redact, LeavesCodeAboutSecretsAlone) {
    for (const std::string& text :
         {std::string("password = get_password(user)"), std::string("password = os.environ['DB_PASSWORD']"),
          std::string("token = tokens[i + 1]"), std::string("const apiKey = process.env.API_KEY;"),
          std::string("if password == \"letmein123\":"), std::string("password: \"your-password-1\""),
          std::string("\"token\": \"access_token\""), std::string("secret: <your secret 1>"),
          std::string("API_KEY=${API_KEY}"), std::string("def token(self, value2): ..."),
          std::string("password: { type: 'string', min: 8 }"), std::string("type Token = string | undefined;"),
          std::string("password = user.password2_hash"), std::string("http://localhost:8080/a@b"),
          std::string("secret = config.secrets[0].value"), std::string("npm_config_registry=https://packages.example/"),
          std::string("sk-learn-model-selection-and-more-utils")}) {
        EXPECT_EQ(redact(text, nullptr, "a.py"), text);
        EXPECT_EQ(redact(text), text);
    }
}

TEST(Redact, TakesRandomStringsButNoHashesOrIdentifiers) {
    EXPECT_EQ(redact("k = '" + kRandom40 + "'"), "k = '[withheld: random string]'");
    for (const std::string& text :
         {std::string("sha = 'da39a3ee5e6b4b0d3255bfef95601890afd80709'"),
          std::string("id = '123e4567-e89b-12d3-a456-426614174000'"),
          std::string("\"integrity\": \"sha512-" + kRandom40 + kRandom40 + "abcdef==\""),
          std::string("AbstractSingletonProxyFactoryBeanConfigurer2Impl"),
          std::string("src/components/Button/ButtonGroup2/index.Test3.tsx"),
          std::string("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ4lrX7tnF2mI9K8MDENG3bPx5Rf me@host"),
          std::string("url(data:image/png;base64," + kRandom40 + ")"),
          std::string("test_that_the_2nd_thing_Works_with_Python3_And_9_Others")}) {
        EXPECT_EQ(redact(text), text);
    }
    EXPECT_EQ(redact("\"h1\": \"" + kRandom40 + "\"", nullptr, "web/package-lock.json"),
              "\"h1\": \"" + kRandom40 + "\"");
}

TEST(Redact, TakesAPrivateKeyWholeAndNoCertificate) {
    const std::string lines = kRandom40 + "\n" + kRandom40 + "\n";
    const std::string head = made("-----BEGIN RSA PRIV", "ATE KEY-----\n");
    const std::string tail = made("-----END RSA PRIV", "ATE KEY-----");
    EXPECT_EQ(redact("a\n" + head + lines + tail + "\nb"), "a\n[withheld: private key]\n\n\n\nb");
    EXPECT_EQ(redact("a\n" + head + lines), "a\n[withheld: private key]\n\n\n");
    const std::string certificate = "-----BEGIN CERTIFICATE-----\n" + lines + "-----END CERTIFICATE-----\n";
    EXPECT_EQ(redact(certificate), certificate);
    const std::string around =
        "'-----BEGIN CERTIFICATE-----'\npassword = 'hunter2secret'; (x)\n'-----END CERTIFICATE-----'";
    EXPECT_THAT(redact(around), Not(HasSubstr("hunter2")));
    const std::string constants = "A = '" + head.substr(0, head.size() - 1) + "'\nB = '" + tail + "'\n";
    EXPECT_EQ(redact(constants), constants);
    const std::string check = "if \"" + head.substr(0, head.size() - 1) + "\" in text:";
    EXPECT_EQ(redact(check, nullptr, "a.py"), check);
}

TEST(Redact, SaysWhereAndNeverWhat) {
    std::vector<Withheld> found;
    redact("a\nb\npassword='hunter2secret'\n", &found, "app/settings.py");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].path, "app/settings.py");
    EXPECT_EQ(found[0].line, 3);
    EXPECT_EQ(found[0].kind, "password");
}

TEST(Redact, IsStableWhenRepeated) {
    const std::string text =
        "password='hunter2secret'\nTOKEN=" + kRandom40 + "\nk " + made("ghp_", kBody36) + "\nurl http://u:p4ssw0rd9@h/";
    const std::string once = redact(text);
    EXPECT_NE(once, text);
    EXPECT_EQ(redact(once), once);
}

TEST(Redact, TakesAnyBytesInLinearTime) {
    for (const std::string& unit :
         {std::string("-----BEGIN "), std::string("-----BEGIN X-----"), made("-----BEGIN PRIV", "ATE KEY-----A"),
          std::string("token="), std::string("password: "), std::string("://a:"), std::string("A1b"),
          std::string("\xff\0\x80", 3), std::string("[withheld: "), std::string("eyJ."), std::string("sk-")}) {
        std::string text;
        while (text.size() < 500'000) text += unit;
        EXPECT_LE(redact(text).size(), text.size() * 6) << unit;
    }
    EXPECT_EQ(redact(""), "");
    EXPECT_EQ(redact(std::string(10'000'000, 'a')).size(), 10'000'000U);
}

TEST(RestoreWithheld, PutsSecretsBackIntoAnEditedText) {
    const std::string original = "password='hunter2secret'\nx = 1\nk = '" + kRandom40 + "'  # see [withheld: secret]\n";
    std::string edited = redact(original);
    edited.replace(edited.find("x = 1"), 5, "x = 2\ny = 3");
    EXPECT_EQ(restore_withheld(edited, original).value(),
              "password='hunter2secret'\nx = 2\ny = 3\nk = '" + kRandom40 + "'  # see [withheld: secret]\n");
    EXPECT_EQ(restore_withheld(redact(original), original).value(), original);
}

TEST(RestoreWithheld, PutsAKeyOfSeveralLinesBack) {
    const std::string key = made("-----BEGIN PRIV", "ATE KEY-----\n") + kRandom40 + "\n" + kRandom40 + "\n" +
                            made("-----END PRIV", "ATE KEY-----");
    const std::string original = "KEY = \"\"\"" + key + "\"\"\"\nx = 1\n";
    std::string edited = redact(original);
    EXPECT_EQ(std::ranges::count(edited, '\n'), std::ranges::count(original, '\n'));
    EXPECT_EQ(restore_withheld(edited, original).value(), original);
    edited.replace(edited.find("x = 1"), 5, "x = 2");
    EXPECT_EQ(restore_withheld(edited, original).value(), "KEY = \"\"\"" + key + "\"\"\"\nx = 2\n");
}

TEST(RestoreWithheld, IsNotMisledByHalfAPlaceholder) {
    const std::string original =
        "# [withheld: \npassword='[withheld: ' + 'x'\nk '" + kRandom40 + "' [withheld: " + kRandom40 + "]\n";
    EXPECT_EQ(restore_withheld(redact(original), original).value(), original);
}

TEST(RestoreWithheld, RefusesEditsThatLoseOrInventAPlaceholder) {
    const std::string original = "password='hunter2secret'\n";
    EXPECT_EQ(restore_withheld("x\n", original).error().code, ErrorCode::conflict);
    EXPECT_EQ(restore_withheld(redact(original) + redact(original), original).error().code, ErrorCode::conflict);
    EXPECT_EQ(restore_withheld("x = '[withheld: api key]'\n", "x = 1\n").error().code, ErrorCode::conflict);
}

TEST(RestoreWithheld, PutsKnownValuesBackBesideWhatLooksLikeASecret) {
    const SecretValues values = {"zebrapianoten7"};
    const std::string original = "MODE = \"zebrapianoten7\"\npassword='hunter2secret'\nx = 1\nb = '7netonaiparbez'\n";
    std::string edited = redact(original, nullptr, "m.py", values);
    EXPECT_THAT(edited, Not(HasSubstr("zebra")));
    edited.replace(edited.find("x = 1"), 5, "x = 2");
    EXPECT_EQ(restore_withheld(edited, original, "m.py", values).value(),
              "MODE = \"zebrapianoten7\"\npassword='hunter2secret'\nx = 2\nb = '7netonaiparbez'\n");
}

TEST(RestoreWithheld, KeepsTheLinesOfAValueThatIsSpreadOverSome) {
    const SecretValues values = {"zebrapianoten7"};
    const std::string original = "data = '7a6562726170\n69616e6f74656e37'\nx = 1\n";
    std::string edited = redact(original, nullptr, "m.py", values);
    EXPECT_EQ(std::ranges::count(edited, '\n'), 3);
    edited.replace(edited.find("x = 1"), 5, "x = 2");
    EXPECT_EQ(restore_withheld(edited, original, "m.py", values).value(),
              "data = '7a6562726170\n69616e6f74656e37'\nx = 2\n");
}

TEST(RestoreWithheld, RefusesThePlaceholderOfAValueThatIsNotThere) {
    const std::string edited = "x = '" + placeholder("value of a secret") + "'\n";
    EXPECT_EQ(restore_withheld(edited, "x = 1\n").error().code, ErrorCode::conflict);
    EXPECT_EQ(restore_withheld(edited, "").error().code, ErrorCode::conflict);
}

}  // namespace
}  // namespace ec::agent
