// What a pickle may say, and that all else is refused by name and does nothing.
#include "albert/engine/weights/torch_pickle.h"

#include "albert/engine/weights/torch_layout.h"
#include "tests/support/files.h"
#include "tests/support/torch_files.h"

namespace albert::testing {
namespace {

using namespace pickle;

std::map<std::string, TorchTensor> tensors_of(const std::string& bytes, uint64_t room = 1 << 20) {
  ByteReader reader("f", std::as_bytes(std::span(bytes)));
  PickleValues values(room);
  return named_tensors(reader, values, read_torch_pickle(reader, values));
}
std::string two() { return tensor(storage("0", 6), 0, {2, 3}, {3, 1}); }

void expect_refused(const std::string& bytes, const std::string& says) {
  const Refusal r = refusal_of([&] { tensors_of(bytes); });
  EXPECT_EQ(r.code, ErrorCode::kBadData) << says;
  EXPECT_TRUE(r.says(says)) << r.what << "\n  wanted " << says;
  EXPECT_EQ(r.what.rfind("f: byte ", 0), 0U) << r.what;
}

TEST(TorchPickle, GivesTensorsByName) {
  const auto tensors = tensors_of(file(dict({{"a.b", two()}})));
  ASSERT_EQ(tensors.size(), 1U);
  EXPECT_EQ(tensors.at("a.b").shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(tensors.at("a.b").strides, (std::vector<int64_t>{3, 1}));
}

TEST(TorchPickle, EveryWayToWriteADictionary) {
  const std::string far = little_endian<uint32_t>(1U << 28);
  const std::string parameter =
      call(global("torch._utils", "_rebuild_parameter"), tuple({two(), "\x88", ordered_dict()}));
  const std::string python2 =
      call(global("collections", "OrderedDict"), "]](" + text("x") + two() + "ea\x85");
  const std::string by_stack = text("collections") + "\x8c\x0bOrderedDict\x93)R";
  for (const std::string& value :
       {ordered_dict() + text("x") + two() + "s", python2, dict({{"x", parameter}}),
        dict({{"x", two()}}) + dict({{"_metadata", "}"}}) + "b", "}(U\x01x" + two() + "u",
        "}(T" + little_endian<uint32_t>(1) + "x" + two() + "u",
        "}(\x8d" + little_endian<uint64_t>(1) + "x" + two() + "u",
        by_stack + text("x") + two() + "s",
        "}(\x8c\x01x\x94" + two() + "\x95" + little_endian<uint64_t>(9) + "u",
        "}" + text("x") + "r" + far + "Ns" + dict({{"y", "N"}}) + "b(j" + far + two() + "u"})
    EXPECT_TRUE(tensors_of(file(value)).contains("x")) << value;
}

TEST(TorchPickle, DictionariesWithinGiveDottedNamesAndOtherValuesArePassedOver) {
  const std::string state = dict({{"step", "K\x07"},
                                  {"lr", "G" + std::string(8, '\0')},
                                  {"seed", "\x8a\x09" + std::string(9, '\1')},
                                  {"betas", tuple({"J" + little_endian<int32_t>(-1), "N", "\x88"})},
                                  {"on", call(global("torch", "device"), text("cpu") + "\x85")},
                                  {"size", call(global("torch", "Size"), numbers({2}) + "\x85")},
                                  {"type", global("torch", "bfloat16")},
                                  {"tag", "C\x02\xff\xfe"},
                                  {"params", "](K\x01M\x01\x02" + two() + "e"}});
  const auto tensors = tensors_of(file("}(" + text("net") + dict({{"a", two()}}) + text("args") +
                                       state + "K\x03" + dict({{"exp_avg", two()}}) + "u"));
  EXPECT_EQ(tensors.size(), 2U);
  EXPECT_TRUE(tensors.contains("net.a"));
  EXPECT_TRUE(tensors.contains("3.exp_avg"));
}

TEST(TorchPickle, AGlobalThatIsNoPartOfATensorIsRefusedByName) {
  const std::string command = text("touch /tmp/owned") + "\x85";
  for (const auto& [module, name] :
       std::vector<std::pair<std::string, std::string>>{{"os", "system"},
                                                        {"posix", "system"},
                                                        {"builtins", "eval"},
                                                        {"__builtin__", "getattr"},
                                                        {"torch.nn.modules.linear", "Linear"},
                                                        {"numpy.core.multiarray", "_reconstruct"},
                                                        {"torch", "CharStorage"},
                                                        {"torch._utils", "_rebuild_qtensor"},
                                                        {"collections", "defaultdict"},
                                                        {"torch.os", "system"},
                                                        {"torch", "os.system"}}) {
    const std::string says =
        "found the global " + module + "." + name + ", wanted tensors alone, as in a state_dict()";
    expect_refused(file(dict({{"x", call(global(module, name), command)}})), says);
    expect_refused(file(text(module) + text(name) + "\x93" + command + "R"), says);
  }
}

TEST(TorchPickle, EveryOpcodeThatTensorsDoNotNeedIsRefused) {
  const std::string known =
      "(.)NJKMGUTXCB]aets}huqjrcRbQ\x80\x88\x89\x8a\x85\x86\x87\x8c\x8d\x93\x94\x95";
  for (int op = 0; op < 256; ++op) {
    const std::string byte(1, static_cast<char>(op));
    if (known.find(byte) != std::string::npos) continue;
    expect_refused("\x80\x02" + dict({{"x", two()}}) + byte + std::string(64, '\0'),
                   "wanted those of a dictionary of tensors");
  }
}

struct Case {
  std::string value, says;
};

TEST(TorchPickle, EachFaultIsNamed) {
  const std::string whole = storage("0", 6);
  const std::vector<Case> cases = {
      {"]", "found a list, wanted a dictionary of tensors"},
      {two(), "found a tensor, wanted a dictionary of tensors"},
      {"}", "found no tensor"},
      {"", "found an opcode without its operand"},
      {"}}", "found values behind the pickle's own"},
      {"}(", "found an opcode without its operand"},
      {"}u", "found an opcode without its mark"},
      {"](K\x01u", "found items for a list, wanted a dictionary"},
      {"}K\x01"
       "a",
       "found items for a dictionary, wanted a list"},
      {"}(K\x01u", "found a key without its value"},
      {"h\x07", "found no memo 7"},
      {"(q\x01", "found an opcode without its operand"},
      {"K\x01)R", "what is called: found an integer, wanted a class"},
      {global("torch", "FloatStorage") + ")R", "found a call of torch.FloatStorage"},
      {global("collections", "OrderedDict") + "]R", "the arguments of a call: found a list"},
      {"]}b", "found attributes of a list"},
      {"}Nb", "found None as attributes, wanted a dictionary"},
      {"}(" + two() + two() + "u", "found a tensor as a name, wanted a text"},
      {"}(" + text("x") + two() + text("x") + two() + "u", "found two tensors \"x\", wanted one"},
      {dict({{"a", dict({{"b", two()}})}, {"a.b", two()}}), "found two tensors \"a.b\""},
      {dict({{"", two()}}), "a name is 1 to 4096 bytes of UTF-8"},
      {dict({{"caf\xe9", two()}}), "tensor \"caf\\xe9\": a name is"},
      {dict({{std::string("a\0b", 3), two()}}), "tensor \"a\\x00b\": a name is"},
      {tuple({text("module")}) + "Q", "found a persistent id of 1"},
      {"K\x01Q", "a persistent id: found an integer, wanted a tuple"},
      {storage("0", 6, "float32"), "found a storage of the type float32"},
      {storage("0", -1), "a storage's elements: found -1, wanted 0 or more"},
      {storage("0", INT64_MAX), "wanted what fits into 63 bits"},
      {"(" + whole + storage("0", 7) + "t",
       "storage \"0\": found 7 elements of f32, wanted 6 of f32"},
      {"(" + whole + storage("0", 6, "IntStorage") + "t",
       "found 6 elements of i32, wanted 6 of f32"},
      {tensor("K\x01", 0, {1}, {1}), "a tensor's storage: found an integer"},
      {tensor(whole, 0, {2, 3}, {1}), "found a tensor of 2 dimensions and 1 strides"},
      {tensor(whole, -1, {1}, {1}), "a tensor's offset: found -1"},
      {tensor(whole, 0, {-1}, {1}), "a tensor's shape: found -1"},
      {tensor(whole, 0, {2}, {-1}), "a tensor's strides: found -1"},
      {tensor(whole, 0, {7}, {1}), "of the shape [7] in a storage of 6 elements"},
      {tensor(whole, 0, {1LL << 40}, {0}), "in a storage of 6 elements, wanted at most those"},
      {tensor(whole, 1, {2, 3}, {3, 1}), "that ends beyond its storage of 6 elements"},
      {tensor(whole, 0, {2, 3}, {4, 1}), "that ends beyond its storage of 6 elements"},
      {tensor(whole, 0, {2}, {INT64_MAX}), "that ends beyond its storage"},
      {tensor(whole, INT64_MAX, {3}, {INT64_MAX}), "that ends beyond its storage"},
      {tensor(whole, 0, {1LL << 32, 1LL << 32}, {1, 1}), "impossible shape"}};
  for (const auto& [value, says] : cases) expect_refused(file(value), says);
  expect_refused("}.", "found no pickle of protocol 2 or later");
  expect_refused("\x80\x01}.", "found protocol 1, wanted 2 to 5");
  expect_refused("\x80\x02X" + little_endian<uint32_t>(0xffffffff),
                 "a text needs 4294967295 bytes");
  expect_refused(
      "\x80\x02"
      "cos",
      "a module has no end");
}

TEST(TorchPickle, EveryTruncationIsRefused) {
  const std::string bytes = file(dict({{"x", two()}, {"y", two()}}));
  for (size_t n = 0; n < bytes.size(); ++n)
    ASSERT_THROW(tensors_of(bytes.substr(0, n)), Error) << n;
}

// 2^30 values and more out of few bytes, by a memo that each level uses twice.
TEST(TorchPickle, SharedAndEndlessDictionariesAreLookedIntoOnce) {
  std::string value = "}q\x01" + text("x") + two() + "s";
  for (int level = 1; level < 15; ++level) {
    const std::string below(1, static_cast<char>(level)), own(1, static_cast<char>(level + 1));
    value = "}q" + own + "(" + text("a") + value + text("b") + "h" + below + "u";
  }
  EXPECT_EQ(tensors_of(file(value)).size(), 1U);
  EXPECT_EQ(tensors_of(file("}q\x01" + text("x") + two() + "s" + text("x.me") + "h\x01s")).size(),
            1U);
}

TEST(TorchPickle, WhatValuesTakeIsBounded) {
  const std::string says = "found more values than a file of this size may have";
  const std::string deep(300'000, '}');
  for (const std::string& value :
       {std::string(1 << 20, 'N'), std::string(1 << 20, '('), deep,
        "}" + std::string(300'000, '\x85'), std::string(1 << 20, ')'), std::string(1 << 20, ']')})
    expect_refused(file(value), says);
  std::string memos = "N";
  for (uint32_t i = 0; i < 100'000; ++i) memos += "r" + little_endian<uint32_t>(i * 42949U);
  expect_refused(file(memos), says);
  std::string nested = two();
  for (int i = 0; i < 20; ++i) nested = dict({{"a", nested}});
  expect_refused(file(nested), "found dictionaries more than 16 deep");
}

}  // namespace
}  // namespace albert::testing
