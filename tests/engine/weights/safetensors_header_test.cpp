// Each check of a header by a header that is wrong in that one way, and by what the error says of
// it.
#include "albert/engine/weights/safetensors_layout.h"
#include "tests/support/files.h"

namespace albert::testing {
namespace {

std::string u8(const std::string& shape, const std::string& offsets) {
  return R"({"dtype": "U8", "shape": )" + shape + R"(, "data_offsets": )" + offsets + "}";
}
std::string header(const std::string& a, const std::string& b = "") {
  return "{\"a\": " + a + (b.empty() ? "" : ", \"b\": " + b) + "}";
}

struct Case {
  std::string header, says;
};

TEST(SafetensorsHeader, EachFaultIsNamed) {  // over 8 bytes of data
  const std::vector<Case> cases = {
      {header(u8("[4]", "[0, 4]")), "the tensors end at byte 4 of the data, which has 8"},
      {header(u8("[5]", "[0, 5]"), u8("[4]", "[4, 8]")),
       "begin at 4, inside another tensor that ends at 5"},
      {header(u8("[3]", "[0, 3]"), u8("[4]", "[4, 8]")), "begin at 4, after a gap from 3"},
      {header(u8("[9]", "[0, 9]")), "data_offsets [0, 9] go beyond the 8 bytes of data"},
      {header(u8("[8]", "[8, 0]")), "data_offsets [8, 0] end before they begin"},
      {header(u8("[7]", "[0, 8]")), "shape [7] of u8 takes 7 bytes, data_offsets give 8"},
      {header(u8("[9]", "[0, 8]")), "shape [9] of u8 takes 9 bytes, data_offsets give 8"},
      {header(u8("[4294967296, 4294967296]", "[0, 8]")), "impossible shape"},
      {header(u8("[18446744073709551615]", "[0, 8]")), "impossible dimension 18446744073709551615"},
      {header(u8("[-8]", "[0, 8]")), "shape: found the number -8"},
      {header(u8("[8.0]", "[0, 8]")), "shape: found the number 8.0"},
      {header(u8("8", "[0, 8]")), "shape: found the number 8, wanted a list"},
      {header(u8("[8]", "[0, 4, 8]")), "found 3 values, wanted [begin, end]"},
      {header(u8("[8]", "[0, 18446744073709551616]")), "data_offsets: found the number"},
      {header(R"({"dtype": "U8", "shape": [8]})"), "has no data_offsets"},
      {header(R"({"dtype": "I16", "shape": [4], "data_offsets": [0, 8]})"),
       "dtype: found \"I16\", wanted one of"},
      {header(R"({"dtype": "U8", "shape": [8], "data_offsets": [0, 8], "x": 1})"),
       "unknown key \"x\""},
      {header("7"), "found the number 7, wanted an object"},
      {R"({"": )" + u8("[8]", "[0, 8]") + "}", "a name is 1 to 4096 bytes"},
      {R"({"a\u0000b": )" + u8("[8]", "[0, 8]") + "}", "tensor \"a\\x00b\": a name is"},
      {R"({"__metadata__": {"format": 1}})",
       "__metadata__: \"format\": found the number 1, wanted a string"},
      {R"({"__metadata__": []})", "__metadata__: found a list, wanted an object"},
      {" {}", "a safetensors header begins with {"},
      {header(u8("[8]", "[0, 8]")) + "x", "header:1:"}};
  for (const auto& [text, says] : cases) {
    const Refusal r = refusal_of([&, t = text] { parse_safetensors_header("f", t, 8); });
    EXPECT_EQ(r.code, ErrorCode::kBadData) << text;
    EXPECT_TRUE(r.says(says)) << r.what << "\n  for " << text;
    EXPECT_EQ(r.what.rfind("f: ", 0), 0U) << r.what;
  }
}

TEST(SafetensorsHeader, TensorsMayComeInAnyOrderAndBeEmpty) {
  const SafetensorsLayout layout =
      parse_safetensors_header("f",
                               R"({"b": )" + u8("[2, 2]", "[4, 8]") + R"(, "c": )" +
                                   u8("[0]", "[4, 4]") + R"(, "a": )" + u8("[4]", "[0, 4]") + "}  ",
                               8);
  ASSERT_EQ(layout.entries.size(), 3U);
  EXPECT_EQ(layout.entries[0].name + layout.entries[1].name + layout.entries[2].name, "acb");
}

TEST(SafetensorsHeader, ItsLengthIsCheckedAgainstTheFile) {
  const auto says = [](uint64_t length, uint64_t file_size) {
    return refusal_of([&] {
             safetensors_header_size("f", std::as_bytes(std::span(&length, 1)), file_size);
           })
        .what;
  };
  EXPECT_EQ(says(93, 100),
            "f: byte 8: the header needs 93 bytes, 92 are left: is the file truncated?");
  EXPECT_EQ(says(100'000'001, UINT64_MAX),
            "f: byte 0: header length is 100000001, may be at most 100000000");
  const uint64_t length = 92;
  EXPECT_EQ(safetensors_header_size("f", std::as_bytes(std::span(&length, 1)), 100), 92U);
}

}  // namespace
}  // namespace albert::testing
