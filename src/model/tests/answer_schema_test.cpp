// Which schemas of an answer are taken.
#include "embedded/host/answer_schema.hpp"

#include <gtest/gtest.h>

namespace ec::model::embedded {
namespace {

TEST(AnswerSchemas, ThatPeopleWriteAreTaken) {
    for (const char* schema : {
             "{}",
             "true",
             R"({"type":"object","properties":{"a":{"type":"string","pattern":"^[a-z]+-(19|20)\\d{2}$"}}})",
             R"({"type":"object","properties":{"pattern":{"type":"string"},"maxItems":{"type":"integer"}}})",
             R"({"type":"array","items":{"$ref":"#/$defs/node"},"maxItems":100,)"
             R"("$defs":{"node":{"type":"object","properties":{"next":{"$ref":"#/$defs/node"}}}}})",
             R"({"anyOf":[{"const":1},{"enum":["a",null]},{"type":["string","null"],"format":"date-time"}]})",
             R"({"allOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{"type":"object","properties":{"b":{"type":"number"}}}}})",
         }) {
        const auto grammar = schema_grammar(schema);
        ASSERT_TRUE(grammar) << schema << grammar.error().message;
        EXPECT_NE(grammar->find("root ::="), std::string::npos) << *grammar;
    }
}

TEST(AnswerSchemas, ThatWouldHurtAreRefused) {
    std::string chain = R"({"$ref":"#/$defs/a0","$defs":{)";
    for (int i = 0; i < 30; ++i) {
        const std::string next = R"({"$ref":"#/$defs/a)" + std::to_string(i + 1) + "\"}";
        chain += "\"a" + std::to_string(i) + R"(":{"allOf":[)" + next + "," + next + "]},";
    }
    chain += R"("a30":{"type":"object"}}})";
    std::string many = R"({"enum":[0)";
    for (int i = 0; i < 5000; ++i) many += ",1";
    many += "]}";
    for (const std::string& schema :
         {std::string(), std::string("null"), std::string("\"x\""), std::string("{\"a\":}"), chain, many,
          std::string(R"({"pattern":"((a{1,50}){1,50}){1,50}"})"), std::string(R"({"pattern":"(a|)*"})"),
          std::string(R"({"pattern":"(a?)*"})"), std::string(R"({"pattern":"((a?))+"})"),
          std::string(R"({"pattern":"()*"})"), std::string(R"({"pattern":"a{1,100000}"})"),
          R"({"pattern":")" + std::string(300, 'a') + "\"}", std::string(R"({"minItems":-1})"),
          std::string(R"({"items":{"maxItems":1e9}})"), std::string(R"({"$ref":"file:///etc/passwd"})")}) {
        const Status status = check_schema(schema);
        ASSERT_FALSE(status) << schema.substr(0, 80);
        EXPECT_EQ(status.error().code, ErrorCode::invalid_argument);
    }
}

TEST(AnswerSchemas, OfCallsNameTheToolsThatMayBeCalled) {
    const auto grammar =
        call_grammar({{"read", "", R"({"type":"object","properties":{"p":{"type":"string"}}})"},
                      {"tree", "", R"({"properties":{"n":{"$ref":"#/$defs/n"}},"$defs":{"n":{"type":"null"}}})"},
                      {"list", "", ""}});
    ASSERT_TRUE(grammar) << grammar.error().message;
    for (const char* name : {"read", "tree", "list"}) EXPECT_NE(grammar->find(name), std::string::npos) << *grammar;
}

}  // namespace
}  // namespace ec::model::embedded
