// Files of torch.save as sources of weights: both containers, views, shards and folders.
#include "albert/engine/weights/torch_weights.h"

#include <map>

#include "tests/support/files.h"
#include "tests/support/torch_files.h"

namespace albert::testing {
namespace {

using namespace pickle;

const std::vector<float> kSix{1, 2, 3, 4, 5, 6};

std::vector<double> doubles(const HostTensor& tensor) {
  const HostTensor wide = tensor.to(DType::kF64);
  return {wide.data<double>(), wide.data<double>() + wide.size()};
}

std::string six() { return storage("0", 6); }

// The format before PyTorch 1.6.
std::string legacy(const std::string& value,
                   const std::vector<std::pair<std::string, std::string>>& storages, size_t element,
                   const std::string& little = "\x88") {
  std::string keys = "](", data;
  for (const auto& [key, bytes] : storages) {
    keys += text(key);
    data += little_endian<uint64_t>(bytes.size() / element) + bytes;
  }
  return std::string("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15) +
         file("M\xe9\x03") + file(dict({{"little_endian", little}})) + file(value) +
         file(keys + "e") + data;
}

class TorchWeights : public ::testing::Test {
 protected:
  std::unique_ptr<const WeightSource> open(const std::string& bytes) {
    write_bytes(folder_ / "x.bin", bytes);
    return open_torch(folder_ / "x.bin");
  }
  std::vector<double> values(const std::string& bytes, const std::string& name = "a") {
    return doubles(open(bytes)->tensor(name));
  }
  void expect_refused(const std::string& bytes, const std::string& says) {
    const Refusal r = refusal_of([&] { values(bytes); });
    EXPECT_EQ(r.code, ErrorCode::kBadData) << says;
    EXPECT_TRUE(r.says("x.bin: ")) << r.what;
    EXPECT_TRUE(r.says(says)) << r.what << "\n  wanted " << says;
  }
  const TemporaryFolder folder_;
};

TEST_F(TorchWeights, ViewsOfOneStorageInBothContainers) {
  const std::string value = dict({{"a", tensor(six(), 0, {2, 3}, {3, 1})},
                                  {"columns", tensor(six(), 0, {3, 2}, {1, 3})},
                                  {"tail", tensor(six(), 4, {2}, {1})},
                                  {"odd", tensor(six(), 1, {3}, {2})},
                                  {"one", tensor(six(), 5, {}, {})},
                                  {"row", tensor(six(), 3, {1, 3}, {77, 1})},
                                  {"none", tensor(six(), 0, {0, 4}, {4, 1})}});
  const std::map<std::string, std::vector<double>> wanted{{"a", {1, 2, 3, 4, 5, 6}},
                                                          {"columns", {1, 4, 2, 5, 3, 6}},
                                                          {"tail", {5, 6}},
                                                          {"odd", {2, 4, 6}},
                                                          {"one", {6}},
                                                          {"row", {4, 5, 6}},
                                                          {"none", {}}};
  for (const std::string& bytes : {torch_archive(value, {{"0", bytes_of(kSix)}}),
                                   legacy(value, {{"0", bytes_of(kSix)}}, sizeof(float))}) {
    const auto source = open(bytes);
    ASSERT_EQ(source->tensors().size(), wanted.size());
    for (const auto& [name, numbers] : wanted)
      EXPECT_EQ(doubles(source->tensor(name)), numbers) << name;
    for (const auto& [name, numbers] : wanted)
      EXPECT_EQ(doubles(source->tensor(name)), numbers) << name;
    EXPECT_EQ(source->tensors().at("columns").shape, (std::vector<int64_t>{3, 2}));
    EXPECT_NO_THROW(source->check_unchanged());
  }
}

// The magic number's own pickle begins with its protocol, from 4 on within a frame.
TEST_F(TorchWeights, TheOlderFormatInEveryProtocol) {
  const std::string bytes =
      legacy(dict({{"a", tensor(six(), 0, {6}, {1})}}), {{"0", bytes_of(kSix)}}, sizeof(float));
  const std::string frame = "\x95" + little_endian<uint64_t>(13);
  for (const std::string& start :
       {std::string("\x80\x03"), "\x80\x04" + frame, std::string("\x80\x04"), "\x80\x05" + frame})
    EXPECT_EQ(values(start + bytes.substr(2)).back(), 6);
  expect_refused("\x80\x04" + frame + std::string(40, '.'), "wanted a file that torch.save wrote");
}

TEST_F(TorchWeights, EveryTypeOfStorage) {
  const std::map<std::string, DType> types{
      {"FloatStorage", DType::kF32}, {"DoubleStorage", DType::kF64},
      {"HalfStorage", DType::kF16},  {"BFloat16Storage", DType::kBF16},
      {"LongStorage", DType::kI64},  {"IntStorage", DType::kI32},
      {"ByteStorage", DType::kU8},   {"BoolStorage", DType::kU8}};
  for (const auto& [name, dtype] : types) {
    const HostTensor values = HostTensor::of<double>({3, 2}, {0, 1, 1, 0, 1, 1}).to(dtype);
    const std::string bytes(static_cast<const char*>(values.raw()), values.bytes());
    const auto source = open(torch_archive(
        dict({{"a", tensor(storage("0", 6, name), 0, {2, 3}, {1, 2})}}), {{"0", bytes}}));
    EXPECT_EQ(source->tensors().at("a").dtype, dtype) << name;
    EXPECT_EQ(doubles(source->tensor("a")), (std::vector<double>{0, 1, 1, 1, 0, 1})) << name;
  }
}

TEST_F(TorchWeights, StoragesAreWhatThePickleSays) {
  const std::string value = dict({{"a", tensor(six(), 0, {6}, {1})}});
  const std::string data = bytes_of(kSix);
  expect_refused(torch_archive(value, {{"1", data}}), "found no entry \"m/data/0\"");
  expect_refused(torch_archive(value, {{"0", data + "x"}}),
                 "found 25 bytes, wanted 6 elements of f32");
  expect_refused(torch_archive(value, {{"0", data.substr(4)}}),
                 "found 20 bytes, wanted 6 elements");
  const std::string pickled = file(value);
  expect_refused(zip_of({{"m/data.pkl", pickled + "x"}, {"m/data/0", data}}),
                 "found 1 bytes behind");
  expect_refused(zip_of({{"m/data.pkl", pickled}, {"n/data.pkl", pickled}, {"m/data/0", data}}),
                 "found 2 entries NAME/data.pkl, wanted one");
  expect_refused(zip_of({{"data.pkl", pickled}}), "found 0 entries NAME/data.pkl");
  expect_refused(zip_of({{"m/data.pkl", pickled}, {"m/byteorder", "big"}, {"m/data/0", data}}),
                 "found another byte order, wanted little");
  EXPECT_EQ(
      values(zip_of(
          {{"m/data.pkl", pickled, true}, {"m/byteorder", "little"}, {"m/data/0", data, true}})),
      std::vector<double>(kSix.begin(), kSix.end()));
  expect_refused(zip_of({{"m/data.pkl", file(dict({{"a", tensor(six(), 0, {3, 2}, {1, 3})}}))},
                         {"m/data/0", data, true}}),
                 "found a view with strides of a deflated entry");
  expect_refused("nothing", "byte 0: found \"noth\", wanted a file that torch.save wrote");
  expect_refused("", "byte 0: found \"\", wanted");
}

TEST_F(TorchWeights, AFlippedBitIsFoundWhenItsTensorIsRead) {
  const std::string value = dict({{"a", tensor(six(), 5, {1}, {1})}});
  std::string bytes = torch_archive(value, {{"0", bytes_of(kSix)}});
  bytes[bytes.find(bytes_of(kSix))] ^= 1;
  expect_refused(bytes, "entry \"m/data/0\": found data with the CRC");
}

TEST_F(TorchWeights, LegacyFilesThatLie) {
  const std::string value = dict({{"a", tensor(six(), 0, {6}, {1})}});
  const std::string data = bytes_of(kSix);
  expect_refused(legacy(value, {{"0", data}}, 4, "\x89"),
                 "found another byte order, wanted little");
  expect_refused(legacy(value, {}, 4), "found another list of storages");
  expect_refused(legacy(value, {{"1", data}}, 4),
                 "found the storage 1, wanted each of the tensors' once");
  const std::string both = "}(" + text("a") + tensor(six(), 0, {6}, {1}) + text("b") +
                           tensor(storage("1", 6), 0, {6}, {1}) + "u";
  expect_refused(legacy(both, {{"0", data}, {"0", data}}, 4), "found the storage 0, wanted each");
  expect_refused(legacy(value, {{"0", data}}, 4) + "x", "found 1 bytes behind the last storage");
  expect_refused(legacy(value, {{"0", data + "xxxx"}}, 4),
                 "storage 0: found 7 elements in 28 bytes");
  const std::string good = legacy(value, {{"0", data}}, 4);
  for (size_t n = 15; n < good.size(); ++n) ASSERT_THROW(open(good.substr(0, n)), Error) << n;
}

// Pickles of more than the first part that is read of a legacy file.
TEST_F(TorchWeights, LegacyPicklesMayBeLong) {
  const std::string value = "}(" + text("long") + text(std::string(3 << 20, 'x')) + text("a") +
                            tensor(six(), 0, {6}, {1}) + "u";
  EXPECT_EQ(values(legacy(value, {{"0", bytes_of(kSix)}}, 4)).back(), 6);
}

}  // namespace
}  // namespace albert::testing
