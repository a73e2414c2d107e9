#include "web.hpp"

#include <gtest/gtest.h>

namespace ec::apps {
namespace {

TEST(Forms, AreDecodedOnceAndKnowWhatIsThereTwice) {
    const Form form = *Form::parse("a=1+2&b=%C3%A4%2&c&a%20=x&&=&d=%26%3d");
    EXPECT_EQ(form.value("a"), "1 2");
    EXPECT_EQ(form.value("b"), "\xc3\xa4%2");
    EXPECT_TRUE(form.has("c"));
    EXPECT_EQ(form.value("c"), "");
    EXPECT_EQ(form.value("a "), "x");
    EXPECT_EQ(form.value("d"), "&=");
    EXPECT_FALSE(form.has("e"));
    EXPECT_EQ(form.repeated(), "");
    EXPECT_EQ(Form::parse("a=1&b=2&%61=3")->repeated(), "a");
    std::string many;
    for (std::size_t i = 0; i <= Form::kMostFields; ++i) many += "x=1&";
    EXPECT_FALSE(Form::parse(many));
}

TEST(PercentEncoding, ReadsBack) {
    std::string all;
    for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
    EXPECT_EQ(Form::parse("x=" + percent_encoded(all))->value("x"), all);
}

TEST(BearerTokens, AreWhatFollowsTheScheme) {
    const auto token = [](std::string field) {
        net::ServerRequest request;
        request.headers = {{"authorization", std::move(field)}};
        return bearer_token(request);
    };
    EXPECT_EQ(token("Bearer x"), "x");
    EXPECT_EQ(token("bearer x"), "x");
    EXPECT_EQ(token("Bearer"), "");
    EXPECT_EQ(token("Basic x"), "");
    EXPECT_EQ(token(""), "");
}

TEST(OtherPages, AreKnownByWhatBrowsersSay) {
    const auto foreign = [](net::Headers headers) {
        net::ServerRequest request;
        request.headers = std::move(headers);
        request.headers.emplace_back("host", "127.0.0.1:4320");
        return from_other_page(request);
    };
    EXPECT_FALSE(foreign({}));
    EXPECT_FALSE(foreign({{"origin", "http://127.0.0.1:4320"}, {"sec-fetch-site", "same-origin"}}));
    EXPECT_FALSE(foreign({{"sec-fetch-site", "none"}}));
    for (const char* origin : {"null", "http://127.0.0.1", "https://127.0.0.1:4320", "http://evil.example",
                               "http://127.0.0.1:4320.evil.example", "http://localhost:4320"})
        EXPECT_TRUE(foreign({{"origin", origin}})) << origin;
    EXPECT_TRUE(foreign({{"sec-fetch-site", "cross-site"}}));
    EXPECT_TRUE(foreign({{"sec-fetch-site", "same-site"}}));
}

TEST(Pages, EscapeWhatStrangersSay) { EXPECT_EQ(html_escaped("<a b='c'>\"&"), "&lt;a b=&#39;c&#39;&gt;&quot;&amp;"); }

}  // namespace
}  // namespace ec::apps
