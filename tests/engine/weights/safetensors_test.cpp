#include "albert/engine/weights/safetensors.h"

#include <sys/stat.h>

#include "tests/support/files.h"
#include "tests/support/models.h"

namespace albert::testing {
namespace {

TensorFile sample() {
  TensorFile file;
  file.tensors["a.weight"] = HostTensor::of<float>({2, 3}, {1, 2, 3, 4, 5, 6});
  file.tensors["b"] = HostTensor::of<int64_t>({}, {-7});
  file.tensors["c"] = HostTensor::of<double>({1}, {0.1});
  file.tensors["empty"] = HostTensor(DType::kF32, {0, 4});
  file.tensors["half"] = HostTensor::of<float>({3}, {1.5, -2, 65504}).to(DType::kF16);
  file.tensors["brain"] = HostTensor::of<float>({2}, {1, 3.140625}).to(DType::kBF16);
  file.metadata["format"] = "pt";
  return file;
}

TEST(Safetensors, GivesBackWhatWasWritten) {
  const TemporaryFolder folder;
  write_safetensors(folder / "x.safetensors", sample());
  const TensorFile back = read_safetensors(folder / "x.safetensors");
  EXPECT_TRUE(same_bits(back, sample()));
  EXPECT_EQ(back.metadata, sample().metadata);
  EXPECT_EQ(back.tensors.at("empty").shape(), (std::vector<int64_t>{0, 4}));
  EXPECT_EQ(back.tensors.at("half").to(DType::kF32).at<float>(2), 65504.0F);
  const auto source = open_safetensors(folder / "x.safetensors");
  EXPECT_EQ(source->tensors().at("a.weight").shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(source->tensors().size(), sample().tensors.size());
  for (const auto& [name, tensor] : sample().tensors)  // in another order than the file's
    EXPECT_EQ(doubles(source->tensor(name)), doubles(tensor)) << name;
}

TEST(Safetensors, EveryTruncationIsRefused) {
  const TemporaryFolder folder;
  write_safetensors(folder / "x.safetensors", sample());
  const std::string bytes = read_bytes(folder / "x.safetensors");
  for (size_t n = 0; n < bytes.size(); ++n)
    ASSERT_THROW(parse_safetensors("x", bytes.data(), n), Error)
        << n << " of " << bytes.size() << " bytes";
  EXPECT_NO_THROW(parse_safetensors("x", bytes.data(), bytes.size()));
}

TEST(Safetensors, EveryNastyHeaderOfTheCorpusIsRefusedWithOneLine) {
  const std::filesystem::path corpus =
      std::string(ALBERT_SOURCE_DIR) + "/tests/fuzz/corpus/safetensors";
  size_t refused = 0;
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
    const std::string name = entry.path().filename(), bytes = read_bytes(entry.path());
    if (name == "valid" || name == "halves" || name == "empty_tensor") {
      EXPECT_NO_THROW(parse_safetensors(name, bytes.data(), bytes.size())) << name;
      continue;
    }
    const Refusal r = refusal_of([&] { parse_safetensors(name, bytes.data(), bytes.size()); });
    EXPECT_EQ(r.code, ErrorCode::kBadData) << name;
    EXPECT_EQ(r.what.rfind(name + ":", 0), 0U) << r.what;  // names the file first
    ++refused;
  }
  EXPECT_GE(refused, 15U);
}

TEST(Safetensors, OnlyRegularFilesAreRead) {
  const TemporaryFolder folder;
  EXPECT_EQ(refusal_of([&] { read_safetensors(folder / "nothing"); }).code,
            ErrorCode::kMissingInput);
  EXPECT_EQ(refusal_of([&] { read_safetensors(folder.path()); }).code, ErrorCode::kBadData);
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(refusal_of([&] { read_safetensors(folder / "pipe"); }).code, ErrorCode::kBadData);
}

TEST(HostTensor, ConvertsEveryHalf) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    HostTensor half(DType::kF16, {1});
    const auto word = static_cast<uint16_t>(bits);
    std::memcpy(half.raw(), &word, 2);
    const HostTensor wide = half.to(DType::kF32);
    const float value = wide.at<float>(0);
    uint16_t back;
    std::memcpy(&back, wide.to(DType::kF16).raw(), 2);
    if (std::isnan(value))
      ASSERT_EQ(back & 0x7c00, 0x7c00) << bits;
    else
      ASSERT_EQ(back, word) << value;
  }
}

}  // namespace
}  // namespace albert::testing
