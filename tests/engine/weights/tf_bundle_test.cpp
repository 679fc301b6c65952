#include "albert/engine/weights/tf_bundle.h"

#include "tests/support/files.h"
#include "tests/support/models.h"
#include "tests/support/tf_bundles.h"

namespace albert::testing {
namespace {

// Opened from memory, as a file "c.index".
std::unique_ptr<const WeightSource> opened(const Bundle& bundle, TableForm form = {}) {
  BundleIndex index = read_bundle_index(placed("c.index", table_of(bundle.entries, form)));
  return join_tf_bundle("c.index", std::move(index), [&](uint64_t shard) {
    return placed("shard " + std::to_string(shard), bundle.shards.at(shard));
  });
}
Refusal refusal_of_bundle(const Bundle& bundle) {
  return refusal_of([&] { opened(bundle); });
}

HostTensor counted(std::vector<int64_t> shape, float first = 0) {
  HostTensor t(DType::kF32, std::move(shape));
  for (int64_t i = 0; i < t.size(); ++i) t.data<float>()[i] = first + static_cast<float>(i);
  return t;
}

TEST(TfBundle, GivesTensorsOfEveryTypeFromSeveralShards) {
  std::map<std::string, HostTensor> tensors;
  size_t i = 0;
  for (const DType dtype :
       {DType::kF32, DType::kF64, DType::kBF16, DType::kF16, DType::kI32, DType::kI64, DType::kU8})
    tensors["t" + std::to_string(i++)] = counted({2, 3}).to(dtype);
  tensors["scalar"] = HostTensor::of<int64_t>({}, {777});
  tensors["empty"] = HostTensor(DType::kF32, {0, 4});
  Bundle bundle(3);
  for (const auto& [name, tensor] : tensors) bundle.put(name, tensor, i++ % 3);
  for (const TableForm form : {TableForm{}, TableForm{32, 2, true}}) {
    const auto source = opened(bundle, form);
    EXPECT_EQ(source->tensors().size(), tensors.size());
    for (const auto& [name, tensor] : tensors) {
      EXPECT_EQ(source->tensors().at(name).dtype, tensor.dtype()) << name;
      EXPECT_EQ(source->tensors().at(name).shape, tensor.shape()) << name;
      EXPECT_EQ(doubles(source->tensor(name)), doubles(tensor)) << name;
    }
  }
}

TEST(TfBundle, PutsPartitionedTensorsTogether) {
  Bundle bundle(2);
  const HostTensor whole = counted({300, 3});
  for (const auto& [begin, rows] : {std::pair{0, 75}, {75, 125}, {200, 1}, {201, 99}})
    bundle.put_rows("words", counted({rows, 3}, static_cast<float>(3 * begin)), begin, begin % 2);
  bundle.put_whole("words", DType::kF32, {300, 3});
  const auto source = opened(bundle);
  EXPECT_EQ(source->tensors().size(), 1U);
  EXPECT_EQ(doubles(source->tensor("words")), doubles(whole));
}

TEST(TfBundle, PutsColumnsTogether) {
  Bundle bundle;
  BundleEntry whole{{DType::kF32, {2, 3}}, 0, 0, 0, 0, {}};
  whole.slices = {{{0, -1}, {0, 2}}, {{0, -1}, {2, 1}}};
  bundle.put(slice_key("w", whole.slices[0]), HostTensor::of<float>({2, 2}, {0, 1, 3, 4}));
  bundle.put(slice_key("w", whole.slices[1]), HostTensor::of<float>({2, 1}, {2, 5}));
  bundle.entries["w"] = entry_message(whole);
  EXPECT_EQ(doubles(opened(bundle)->tensor("w")), doubles(counted({2, 3})));
}

// What TensorFlow 2.15 wrote for rows 75 to 149, row 150, and the rest of [300, 16].
TEST(TfBundle, KeysOfSlicesAreTensorFlows) {
  const auto key = [](int64_t begin, int64_t rows) {
    return slice_key("w", {{begin, rows}, {0, 16}});
  };
  EXPECT_EQ(key(0, 75), std::string("\0w\0\1\1\2\x80\xc0K\x80\x90", 11));
  EXPECT_EQ(key(75, 75), std::string("\0w\0\1\1\2\xc0K\xc0K\x80\x90", 12));
  EXPECT_EQ(key(150, 1), std::string("\0w\0\1\1\2\xc0\x96\x81\x80\x90", 11));
  EXPECT_EQ(key(151, 149), std::string("\0w\0\1\1\2\xc0\x97\xc0\x95\x80\x90", 12));
  EXPECT_EQ(slice_key(std::string("\0\xff", 2), {{0, -1}}),
            std::string("\0\0\xff\xff\0\0\1\1\1\x80\x7f", 11));
  EXPECT_EQ(slice_key("", {{64, 8191}, {8192, int64_t{1} << 62}}),
            std::string("\0\0\1\1\2\xc0\x40\xdf\xff\xe0\x20\0\xff\xc0\x40\0\0\0\0\0\0\0", 22));
}

TEST(TfBundle, DamagedDataAreRefusedWhenRead) {
  Bundle bundle;
  bundle.put("a", counted({4}));
  bundle.put_rows("p", counted({1, 2}), 0);
  bundle.put_whole("p", DType::kF32, {1, 2});
  bundle.shards[0][5] ^= 1;
  const auto source = opened(bundle);
  EXPECT_NO_THROW(source->tensor("p"));
  const Refusal r = refusal_of([&] { source->tensor("a"); });
  EXPECT_EQ(r.code, ErrorCode::kBadData);
  EXPECT_TRUE(r.says("c.index: tensor \"a\": found checksum ") && r.says(" in shard 0, wanted "))
      << r.what;
}

TEST(TfBundle, EntriesThatLieAreRefused) {
  const auto says = [](const BundleEntry& entry, const std::string& wanted) {
    Bundle bundle;
    bundle.put("a", counted({3}));
    bundle.entries["b"] = entry_message(entry);
    const Refusal r = refusal_of_bundle(bundle);
    EXPECT_EQ(r.code, ErrorCode::kBadData);
    EXPECT_TRUE(r.says("c.index: tensor \"b\": ") && r.says(wanted)) << r.what << "\n" << wanted;
  };
  const TensorInfo two{DType::kF32, {2}};
  says({two, 0, 4, 8, 0, {}}, "found data from byte 4 on, wanted them behind those of another");
  says({two, 0, 8, 8, 0, {}}, "found 8 bytes from byte 8 on, wanted them within the 12 of shard 0");
  says({two, 0, UINT64_MAX - 3, 8, 0, {}}, "bytes from byte 18446744073709551612 on");
  says({two, 1, 0, 8, 0, {}}, "found data file 1, wanted one of 1, counted from 0");
  says({two, 0, 0, 4, 0, {}}, "found 4 bytes, wanted 8, which shape [2] of f32 takes");
  says({{DType::kF32, {1 << 30, 1 << 30, 1 << 30}}, 0, 0, 8, 0, {}}, "found the impossible shape");
  says({{DType::kF32, {-1}}, 0, 0, 8, 0, {}}, "a dimension: found -1, wanted 0 or more");
  says({{DType::kF32, std::vector<int64_t>(17, 1)}, 0, 0, 4, 0, {}}, "found over 16 dimensions");
  says({two, 0, 0, 0, 0, {{{0, 1}, {0, 1}}}}, "found a slice of 2 dimensions, wanted 1");
  says({two, 0, 0, 0, 0, {{{0, 1}}}}, "found no data of slice 0 of 1");
  says({two, 0, 0, 0, 0, std::vector<TensorSlice>(1025, {{0, 1}})}, "found over 1024 slices");
}

TEST(TfBundle, SlicesThatDoNotCoverTheirTensorOnceAreRefused) {
  const auto says = [](std::vector<std::pair<int64_t, int64_t>> slices, const std::string& wanted) {
    Bundle bundle;
    for (const auto& [begin, rows] : slices) bundle.put_rows("p", counted({rows}), begin);
    bundle.put_whole("p", DType::kF32, {4});
    const Refusal r = refusal_of_bundle(bundle);
    EXPECT_TRUE(r.says(wanted)) << r.what;
  };
  says({{0, 2}}, "found slices of 8 bytes, wanted 16");
  says({{0, 3}, {2, 2}}, "found slices 0 and 1 that overlap");
  says({{0, 2}, {0, 2}}, "found slices 0 and 1 that overlap");
  says({{3, 2}, {0, 2}}, "found a slice of 2 elements from 3 on, wanted it within 4");
  Bundle alone;
  alone.put_rows("p", counted({2}), 0);
  EXPECT_TRUE(refusal_of_bundle(alone).says(" of no tensor"));
}

TEST(TfBundle, WhatIsNotReadIsNamed) {
  const auto says = [](const std::string& key, const std::string& message,
                       const std::string& wanted) {
    Bundle bundle;
    bundle.entries[key] = message;
    const Refusal r = refusal_of_bundle(bundle);
    EXPECT_EQ(r.code, ErrorCode::kBadData);
    EXPECT_TRUE(r.says(wanted)) << r.what;
  };
  says("s", number_field(1, 7), "tensor \"s\": dtype: found TensorFlow's type 7, wanted one of 1");
  says("s", number_field(5, 4), "found no dtype");
  says("s", number_field(1, 1) + bytes_field(2, number_field(3, 1)), "a shape that is not known");
  says("s", bytes_field(1, "f"), "field 1: found wire type 2, wanted 0");
  says("s", varint(1 << 3 | 3), "found a field of wire type 3, wanted 0, 1, 2 or 5");
  says("s", "\x0a\x05", "a field needs 5 bytes, 0 are left");
  says("_CHECKPOINTABLE_OBJECT_GRAPH", "", "found a checkpoint of Keras's objects");
  says("a\nb", number_field(1, 1), "found the name \"a\\x0ab\", wanted one without control");
  says("", number_field(1, 1) + number_field(2, 1), "the data of a big-endian machine");
  says("", number_field(1, 1) + bytes_field(3, number_field(2, 2)), "for readers of version 2");
  says("", "", "found 0 data files, wanted 1 to 99999");
  Bundle headless;
  headless.entries.erase("");
  EXPECT_TRUE(refusal_of_bundle(headless).says("c.index: found no header"));
  headless.entries["a"] = number_field(1, 1);
  EXPECT_TRUE(refusal_of_bundle(headless).says("c.index: found no header"));
}

TEST(TfBundle, TooManySlicesAreRefused) {
  Bundle bundle;
  const BundleEntry partitioned{
      {DType::kF32, {1024}}, 0, 0, 0, 0, std::vector<TensorSlice>(1024, {{0, 1}})};
  for (int i = 0; i < 16; ++i) bundle.entries["t" + std::to_string(i)] = entry_message(partitioned);
  EXPECT_TRUE(refusal_of_bundle(bundle).says("found over 16384 tensors and slices"));
}

TEST(TfBundle, TooManyTensorsAreRefused) {
  Bundle bundle;
  for (int i = 0; i < 16384; ++i)
    bundle.entries["t" + std::to_string(i)] = entry_message({{DType::kF32, {0}}, 0, 0, 0, 0, {}});
  EXPECT_TRUE(refusal_of_bundle(bundle).says("found over 16384 tensors"));
  bundle.entries.erase("t0");
  EXPECT_EQ(opened(bundle)->tensors().size(), 16383U);
}

TEST(TfBundle, AMissingDataFileIsNamed) {
  const TemporaryFolder folder;
  Bundle bundle(2);
  bundle.put("a", counted({2}), 0);
  bundle.put("b", counted({2}, 5), 1);
  bundle.write(folder / "m");
  EXPECT_EQ(doubles(open_tf_bundle(folder / "m.index")->tensor("b")), doubles(counted({2}, 5)));
  std::filesystem::remove(folder / "m.data-00001-of-00002");
  const Refusal r = refusal_of([&] { open_tf_bundle(folder / "m.index"); });
  EXPECT_EQ(r.code, ErrorCode::kMissingInput);
  EXPECT_TRUE(r.says("m.data-00001-of-00002: no such file, but m.index names it")) << r.what;
}

}  // namespace
}  // namespace albert::testing
