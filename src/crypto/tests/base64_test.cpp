#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <ec/crypto/base64.hpp>

namespace ec::crypto {
namespace {

// RFC 4648 section 10.
TEST(Base64, GivesTheTextsOfTheRfc) {
    const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"}};
    for (const auto& [bytes, text] : vectors) {
        EXPECT_EQ(base64(bytes), text);
        EXPECT_EQ(from_base64(text), bytes);
        const std::string bare = text.substr(0, text.find('='));
        EXPECT_EQ(base64url(bytes), bare);
        EXPECT_EQ(from_base64url(bare), bytes);
    }
}

TEST(Base64, HasItsOwnLastTwoSignsInUrls) {
    EXPECT_EQ(base64("\xfb\xff\xfe"), "+//+");
    EXPECT_EQ(base64url("\xfb\xff\xfe"), "-__-");
    EXPECT_FALSE(from_base64("-__-"));
    EXPECT_FALSE(from_base64url("+//+"));
}

TEST(Base64, RefusesWhatItWouldNotWrite) {
    for (const std::string text : {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm9v=", "Zm 9v", "Zm9v\n", " Zm9v",
                                   "Zm9v!", "=", "====", "Zg==Zg==", "Zg=A"})
        EXPECT_FALSE(from_base64(text)) << text;
    for (const std::string text : {"Z", "Zg==", "Zh", "Zm9", "Zm8=", "Zm9v\n", "Zm9vé"})
        EXPECT_FALSE(from_base64url(text)) << text;
    EXPECT_FALSE(from_base64(std::string("Zm9v\0", 5)));
    EXPECT_EQ(from_base64("Zg").error().code, ErrorCode::corrupt);
}

RC_GTEST_PROP(Base64, ReadsWhatItWrote, (const std::string& bytes)) {
    RC_ASSERT(from_base64(base64(bytes)).value() == bytes);
    RC_ASSERT(from_base64url(base64url(bytes)).value() == bytes);
    RC_ASSERT(base64(bytes).size() == (bytes.size() + 2) / 3 * 4);
}

}  // namespace
}  // namespace ec::crypto
