// TensorFlow's checkpoints of format V1.
#include "albert/engine/weights/tf_v1.h"

#include "tests/support/files.h"
#include "tests/support/models.h"
#include "tests/support/tf_v1_files.h"

namespace albert::testing {
namespace {

std::unique_ptr<const WeightSource> opened(const std::vector<V1File>& files, TableForm form = {}) {
  std::vector<PlacedBytes> bytes;
  for (const V1File& file : files)
    bytes.push_back(placed("part " + std::to_string(bytes.size()), file.bytes(form)));
  return join_tf_v1("c", std::move(bytes));
}
// Of opening the files, or of reading all of their tensors.
Refusal refusal_of_v1(const std::vector<V1File>& files) {
  return refusal_of([&] {
    const auto source = opened(files);
    for (const auto& [name, info] : source->tensors()) (void)source->tensor(name);
  });
}

HostTensor counted(std::vector<int64_t> shape, float first = 0) {
  HostTensor t(DType::kF32, std::move(shape));
  for (int64_t i = 0; i < t.size(); ++i) t.data<float>()[i] = first + static_cast<float>(i);
  return t;
}

TEST(TfV1, GivesTensorsOfEveryTypeFromSmallAndCompressedBlocks) {
  for (const bool as_content : {false, true}) {
    V1File file;
    std::map<std::string, HostTensor> tensors;
    for (const DType dtype : {DType::kF32, DType::kF64, DType::kBF16, DType::kF16, DType::kI32,
                              DType::kI64, DType::kU8})
      tensors["t" + std::to_string(tensors.size())] = counted({2, 30}).to(dtype);
    tensors["scalar"] = HostTensor::of<int64_t>({}, {777});
    tensors["negative"] = HostTensor::of<int64_t>({2}, {-1, -777});
    tensors["empty"] = HostTensor(DType::kF32, {0, 4});
    for (const auto& [name, tensor] : tensors) file.put(name, tensor, as_content);
    for (const TableForm form : {TableForm{}, TableForm{64, 2, true}}) {
      const auto source = opened({file}, form);
      EXPECT_EQ(source->tensors().size(), tensors.size());
      for (const auto& [name, tensor] : tensors) {
        EXPECT_EQ(source->tensors().at(name).dtype, tensor.dtype()) << name;
        EXPECT_EQ(source->tensors().at(name).shape, tensor.shape()) << name;
        EXPECT_EQ(doubles(source->tensor(name)), doubles(tensor)) << name;
      }
    }
  }
}

TEST(TfV1, PutsPartitionedTensorsOfSeveralFilesTogether) {
  std::vector<V1File> files(2);
  const TensorInfo info{DType::kF32, {300, 3}};
  const TensorSlice first{{0, 75}, {}}, second{{75, 125}, {}}, third{{200, 100}, {0, 3}};
  files[0].announce("words", info, {first, third});
  files[0].put_slice("words", first, counted({75, 3}));
  files[0].put_slice("words", third, counted({100, 3}, 600));
  files[1].announce("words", info, {second});
  files[1].put_slice("words", second, counted({125, 3}, 225));
  files[1].put("bias", counted({4}));
  const auto source = opened(files);
  EXPECT_EQ(source->tensors().size(), 2U);
  EXPECT_EQ(doubles(source->tensor("words")), doubles(counted({300, 3})));
  EXPECT_EQ(doubles(source->tensor("bias")), doubles(counted({4})));
}

TEST(TfV1, RefusesWhatIsNotAsAnnounced) {
  const auto refusal = [](const TensorInfo& info, const std::vector<TensorSlice>& slices,
                          const HostTensor& values) {
    V1File file;
    file.announce("w", info, slices);
    if (!slices.empty()) file.put_slice("w", slices[0], values);
    return refusal_of_v1({file});
  };
  const TensorInfo info{DType::kF32, {4}};
  const TensorSlice whole{{}};
  EXPECT_TRUE(refusal(info, {whole}, counted({3})).says("found 12 bytes of values, wanted 16"));
  EXPECT_TRUE(refusal(info, {whole}, counted({5})).says("more values than the 16 bytes"));
  EXPECT_TRUE(
      refusal(info, {whole}, counted({4}).to(DType::kF64)).says("of another type than f32"));
  EXPECT_TRUE(refusal(info, {}, counted({4})).says("found slices of 0 bytes, wanted 16"));
  EXPECT_TRUE(refusal(info, {whole, {{1, 2}}}, counted({4})).says("slices 0 and 1 that overlap"));
  EXPECT_TRUE(refusal(info, {{{0, 3}}}, counted({3})).says("slices of 12 bytes, wanted 16"));
  EXPECT_TRUE(refusal(info, {{{2, 3}}}, counted({3})).says("slice of 3 elements from 2 on"));
  EXPECT_TRUE(refusal(info, {{{}, {}}}, counted({4})).says("found a slice of 2 dimensions"));
  const auto bomb = refusal({DType::kF32, {1 << 30, 1 << 20}}, {{{}, {}}}, counted({4}));
  EXPECT_EQ(bomb.code, ErrorCode::kBadData);
  EXPECT_TRUE(bomb.says("tensor \"w\": found the shape [1073741824,1048576]") ||
              bomb.says("found the shape"))
      << bomb.what;
}

TEST(TfV1, RefusesDataThatAreNotThereHeadersThatAreNotAndFilesThatDisagree) {
  V1File file;
  file.put("w", counted({4}));
  V1File without_data = file;
  without_data.entries.erase(slice_key("w", {{}}));
  EXPECT_TRUE(refusal_of_v1({without_data}).says("tensor \"w\": found 0 values of a slice"));
  V1File without_header = file;
  without_header.entries.erase("");
  EXPECT_TRUE(refusal_of_v1({without_header}).says("part 0: header: found none"));
  V1File twice = file;
  twice.entries[slice_key("w", {{}})] += twice.entries[slice_key("w", {{}})];
  EXPECT_TRUE(refusal_of_v1({twice}).says("found 2 values of a slice, wanted one"));
  V1File other;
  other.put("w", counted({5}));
  EXPECT_TRUE(refusal_of_v1({file, other}).says("part 1: tensor \"w\": found it in two files"));
  EXPECT_TRUE(refusal_of_v1({file, file}).says("slices 0 and 1 that overlap"));
  V1File newer = file;
  newer.entries[""] += bytes_field(1, bytes_field(2, number_field(2, 9)));
  EXPECT_TRUE(refusal_of_v1({newer}).says("for readers of version 9, wanted at most 1"));
  V1File odd;
  odd.put("a\nb", counted({1}));
  EXPECT_TRUE(refusal_of_v1({odd}).says("wanted one without control characters"));
}

TEST(TfV1, NamesOfFilesAreSplit) {
  EXPECT_EQ(v1_name("model.ckpt-777").name, "model.ckpt-777");
  EXPECT_EQ(v1_name("model.ckpt-777-00001-of-00003").name, "model.ckpt-777");
  EXPECT_EQ(v1_name("model.ckpt-777-00001-of-00003").files, 3U);
}

}  // namespace
}  // namespace albert::testing
