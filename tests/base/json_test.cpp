#include <functional>

#include "albert/base/json.h"

#include "tests/support/files.h"

namespace albert::testing {
namespace {

std::string complaint(const std::string& text, const JsonLimits& limits = {}) {
  const Refusal r = refusal_of([&] { parse_json("f.json", text, limits); });
  EXPECT_EQ(r.code, ErrorCode::kBadData);
  return r.what;
}

TEST(Json, SaysWhereTheMistakeIs) {
  EXPECT_EQ(complaint("{\"a\": 1,\n  \"b\": x}").rfind("f.json:2:8: ", 0), 0U)
      << complaint("{\"a\": 1,\n  \"b\": x}");
  EXPECT_EQ(complaint("[1, 2").rfind("f.json:1:", 0), 0U);
  EXPECT_EQ(complaint("").rfind("f.json:1:1: ", 0), 0U) << complaint("");
  EXPECT_EQ(complaint("{}\n{}").rfind("f.json:2:1: ", 0), 0U) << complaint("{}\n{}");
}

TEST(Json, KeysGivenTwiceAreRefused) {
  EXPECT_NE(complaint(R"({"a": 1, "b": 2, "a": 3})").find("\"a\" is there twice"),
            std::string::npos);
  EXPECT_NE(complaint(R"({"x": {"a": 1, "\u0061": 3}})").find("\"a\" is there twice"),
            std::string::npos);
  EXPECT_NO_THROW(parse_json("f", R"({"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]})"));
}

TEST(Json, DepthAndNumberOfValuesAreLimited) {
  const std::string at_limit = std::string(64, '[') + std::string(64, ']');
  EXPECT_NO_THROW(parse_json("f", at_limit));
  EXPECT_NE(complaint('[' + at_limit + ']').find("64 levels"), std::string::npos);
  EXPECT_NE(complaint(std::string(1'000'000, '[')).find("64 levels"), std::string::npos);
  EXPECT_NE(complaint("[1, 2, 3]", {.max_values = 3}).find("more than 3 values"),
            std::string::npos);
}

TEST(Json, OnlyStrictJsonInUtf8) {
  for (const std::string text :
       {"[NaN]", "[1e999]", "[01]", "{'a': 1}", "[1,]", "// no\n[]", "[\"\xff\"]", "[\"\xc0\xaf\"]",
        "[\"\xed\xa0\x80\"]", "[\"\\ud800\"]", "[\"a\nb\"]"})
    complaint(text);
  EXPECT_EQ(complaint(std::string("[1]\n\0more", 9)), "f.json:2:1: a zero byte");
}

TEST(Json, ALineOfAFileIsNamedByItsNumber) {
  const Refusal r = refusal_of([] { parse_json_line("f.jsonl", 12, R"({"a": x})"); });
  EXPECT_EQ(r.what.rfind("f.jsonl:12:7: ", 0), 0U) << r.what;
  EXPECT_NE(refusal_of([] { parse_json_line("f", 1, "{} {}"); }).what.find("f:1:4: "),
            std::string::npos);
}

TEST(Json, AByteOrderMarkIsSkippedAndOrderIsKeptOnRequest) {
  EXPECT_EQ(parse_json("f", "\xEF\xBB\xBF[1]").size(), 1U);
  EXPECT_EQ(parse_ordered_json("f", R"({"b": 1, "a": 2})").dump(), R"({"b":1,"a":2})");
}

TEST(JsonView, SaysWhichKeyHoldsWhat) {
  const auto document = parse_json("f", R"({"a": {"b": [1, "x", null]}, "n": null, "t": true})");
  const JsonView file("f.json", document);
  const auto complaint_of = [](const std::function<void()>& f) {
    const Refusal r = refusal_of(f);
    EXPECT_EQ(r.code, ErrorCode::kBadData);
    return r.what;
  };
  EXPECT_EQ(file.at("a").at("b").item(0).integer(), 1);
  EXPECT_EQ(complaint_of([&] { file.at("a").at("b").item(1).integer(); }),
            "f.json: a.b[1]: found the string \"x\", wanted an integer");
  EXPECT_EQ(complaint_of([&] { file.at("a").at("c"); }), "f.json: a.c: is missing");
  EXPECT_EQ(complaint_of([&] { file.at("t").string(); }), "f.json: t: found true, wanted a string");
  EXPECT_EQ(complaint_of([&] { file.at("t").at("x"); }), "f.json: t: found true, wanted an object");
  EXPECT_FALSE(file.find("n").has_value());
  EXPECT_EQ(file.integer_or("n", 7), 7);
  EXPECT_EQ(complaint_of([&] { file.boolean_or("a", true); }),
            "f.json: a: found an object, wanted true or false");
}

}  // namespace
}  // namespace albert::testing
