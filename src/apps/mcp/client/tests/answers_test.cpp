#include "../answers.hpp"

#include <gtest/gtest.h>

namespace ec::apps::mcp {
namespace {

json::Value value(const std::string& text) { return json::parse(text).value(); }

TEST(Answers, TextFollowsTextAndOtherPartsAreNamed) {
    const auto outcome = decode_outcome(value(R"({"content":[
        {"type":"text","text":"one\u001b[2J\u202e"},
        {"type":"image","data":"AAAA","mimeType":"image/png"},
        {"type":"resource","resource":{"uri":"file:///a","text":"inside"}},
        {"type":"resource","resource":{"uri":"file:///b","blob":"AAAA","mimeType":"x/y"}},
        {"type":"resource_link","uri":"file:///c","name":"c"}]})"));
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->ok);
    EXPECT_EQ(outcome->text,
              "one\n[image, image/png: not shown]\n[file:///a]\ninside\n[file:///b, x/y: not shown]\n[see file:///c]");
}

TEST(Answers, AStructuredResultCountsWhereThereIsNoText) {
    EXPECT_EQ(decode_outcome(value(R"({"structuredContent":{"a":1},"content":[]})"))->text, R"({"a":1})");
    EXPECT_EQ(decode_outcome(value(R"({"structuredContent":{"a":1},"content":[{"type":"text","text":"t"}]})"))->text,
              "t");
    EXPECT_FALSE(decode_outcome(value(R"({"isError":true,"content":[{"type":"text","text":"no"}]})"))->ok);
}

TEST(Answers, RefusesWhatIsNoResultAndCutsWhatIsTooLong) {
    for (const char* bad : {"7", "[]", R"({"content":7})", R"({"content":[7]})"})
        EXPECT_FALSE(decode_outcome(value(bad)));
    const auto huge = decode_outcome(
        json::Object{{"content", json::Array{json::Object{{"type", "text"}, {"text", std::string(3U << 20, 'x')}}}}});
    ASSERT_TRUE(huge);
    EXPECT_LE(huge->text.size(), (1U << 20) + 3);
}

const std::string kForm = R"({"message":"Who are you?","requestedSchema":{"type":"object","properties":{
    "name":{"type":"string","default":"John"},"age":{"type":"integer","default":30},"score":{"type":"number","default":95.5},
    "ok":{"type":"boolean","default":true},"tags":{"type":"array","default":["a"]},"free":{"type":"string"}},
    "required":["name"]}})";

TEST(Answers, AFormIsAnsweredByItsDefaultsWhereTheyDo) {
    auto form = decode_elicitation(value(kForm).as_object());
    ASSERT_TRUE(form) << form.error().message;
    EXPECT_TRUE(form->answered_by_defaults());
    EXPECT_EQ(json::write(form->defaults), R"({"name":"John","age":30,"score":95.5,"ok":true,"tags":["a"]})");
    form->fields.back().required = true;
    EXPECT_FALSE(form->answered_by_defaults());
}

TEST(Answers, ADefaultOfTheWrongKindIsNone) {
    const auto form = decode_elicitation(
        value(R"({"message":"m","requestedSchema":{"properties":{"age":{"type":"integer","default":"x"}}}})")
            .as_object());
    ASSERT_TRUE(form);
    EXPECT_TRUE(form->defaults.empty());
}

TEST(Answers, RefusesFormsThatCannotBeShown) {
    for (const char* bad : {R"({"message":"m","mode":"url","url":"https://a.example"})", R"({"message":"m"})",
                            R"({"requestedSchema":{"properties":{"a":{"type":"object"}}}})",
                            R"({"requestedSchema":{"properties":{"a":7}}})",
                            R"({"requestedSchema":{"properties":{"a\u202e":{"type":"string"}}}})"}) {
        EXPECT_FALSE(decode_elicitation(value(bad).as_object())) << bad;
    }
}

TEST(Answers, APersonsWordsFillTheFormAndNothingElse) {
    const auto form = decode_elicitation(value(kForm).as_object()).value();
    EXPECT_EQ(fill_in(form, R"({"age":31,"free":"x"})")->at("age"), 31);
    EXPECT_EQ(fill_in(form, R"({"age":31,"free":"x"})")->at("name"), "John");
    for (const char* bad : {"", "no", "[]", R"({"age":"x"})", R"({"other":1})"})
        EXPECT_FALSE(fill_in(form, bad)) << bad;
    auto strict = form;
    strict.fields.back().required = true;
    EXPECT_FALSE(fill_in(strict, "{}"));
}

}  // namespace
}  // namespace ec::apps::mcp
