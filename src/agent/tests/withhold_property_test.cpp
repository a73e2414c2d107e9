#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <ec/agent/instructions.hpp>
#include <ec/agent/withhold.hpp>

namespace ec::agent {
namespace {

/// Texts made of what the scanner looks for, in any order.
std::string any_material() {
    const std::vector<std::string> pieces = {"-----BEGIN ", "PRIVATE KEY",
                                             "-----",       "-----END ",
                                             "\n",          "\r\n",
                                             "password",    "=",
                                             ": ",          "\"",
                                             "'",           "token",
                                             "AKIA",        "eyJ",
                                             ".",           "A1b2C3d4E5f6G7h8",
                                             "\\n",         "://a:b@",
                                             "[withheld: ", "api key]",
                                             "\x1b[",       "\xe2\x80\x8b",
                                             "\xff",        " ",
                                             "/",           "<",
                                             "--"};
    std::string out;
    for (const std::string& piece : *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(pieces)))
        out += piece;
    return out + *rc::gen::string<std::string>();
}

RC_GTEST_PROP(WithholdProperty, ARedactedTextThatNobodyEditedIsRestored, ()) {
    const std::string text = any_material();
    const std::string redacted = redact(text);
    RC_ASSERT(restore_withheld(redacted, text).value() == text);
    RC_ASSERT(std::ranges::count(redacted, '\n') == std::ranges::count(text, '\n'));
}

RC_GTEST_PROP(WithholdProperty, FindsAreInOrderAndDoNotOverlap, ()) {
    const std::string text = any_material();
    std::size_t end = 0;
    for (const Withheld& one : scan("", text)) {
        RC_ASSERT(one.begin >= end);
        RC_ASSERT(one.end > one.begin);
        RC_ASSERT(one.end <= text.size());
        end = one.end;
    }
}

RC_GTEST_PROP(PlainTextProperty, NothingIsLeftToTakeOut, ()) {
    const std::string once = plain_text(any_material());
    RC_ASSERT(plain_text(once) == once);
    RC_ASSERT(once.find('\x1b') == std::string::npos);
}

}  // namespace
}  // namespace ec::agent
