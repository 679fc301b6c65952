#include "albert/engine/weights/hdf5.h"

#include "tests/support/files.h"
#include "tests/support/hdf5_files.h"
#include "tests/support/models.h"
#include "tests/support/placed.h"

namespace albert::testing {
namespace {

using Children = Hdf5Writer::Children;

std::map<std::string, Hdf5Dataset> read(const std::string& bytes) {
  return read_hdf5(placed("f.h5", bytes));
}
void expect_refused(const std::string& bytes, const std::string& says) {
  const Refusal r = refusal_of([&] { read(bytes); });
  EXPECT_EQ(r.code, ErrorCode::kBadData) << says;
  EXPECT_TRUE(r.says("f.h5") && r.says(says)) << r.what << "\n  wanted " << says;
}
// A file whose root group holds one object "x" with these messages.
std::string with_object(const std::vector<std::string>& messages) {
  Hdf5Writer writer;
  return writer.finish(writer.group({{"x", writer.object(messages)}}));
}
HostTensor two() { return HostTensor::of<float>({2}, {1, 2}); }

TEST(Hdf5, GivesEveryDatasetByItsPath) {
  std::map<std::string, HostTensor> tensors;
  for (int i = 0; i < 50; ++i)
    tensors["a/group/number " + std::to_string(i)] = HostTensor::of<float>({1}, {float(i)});
  tensors["b/f64"] = HostTensor::of<double>({2, 1}, {3, 4});
  tensors["b/f16"] = HostTensor(DType::kF16, {3});
  tensors["i64"] = HostTensor::of<int64_t>({}, {7});
  tensors["none"] = HostTensor(DType::kF32, {0, 4});
  const std::string bytes = hdf5_of(tensors);
  const auto datasets = read(bytes);
  ASSERT_EQ(datasets.size(), tensors.size());
  for (const auto& [path, tensor] : tensors) {
    EXPECT_EQ(datasets.at(path).info.dtype, tensor.dtype()) << path;
    EXPECT_EQ(datasets.at(path).info.shape, tensor.shape()) << path;
    EXPECT_EQ(bytes.substr(datasets.at(path).offset, tensor.bytes()),
              std::string(static_cast<const char*>(tensor.raw()), tensor.bytes()));
  }
}

TEST(Hdf5, EveryTruncationIsRefused) {
  const std::string bytes = hdf5_of({{"a/b", two()}, {"c", two()}});
  for (size_t n = 0; n < bytes.size(); ++n)
    ASSERT_EQ(refusal_of([&] { read(bytes.substr(0, n)); }).code, ErrorCode::kBadData) << n;
  expect_refused(bytes.substr(0, bytes.size() - 1), "is the file truncated?");
  expect_refused(std::string(200, 'x'), "byte 0: found no HDF5 file");
}

TEST(Hdf5, GroupsWithinThemselvesAndNestedOnesEnd) {
  Hdf5Writer writer;
  uint64_t deep = writer.dataset(two());
  for (int i = 0; i < 20; ++i) deep = writer.group({{"g", deep}});
  expect_refused(writer.finish(deep), "found groups more than 16 deep");

  // The group's only link is turned to the group itself.
  Hdf5Writer other;
  const std::string mark = "\x77\x77\x77\x77\x77\x77\x77\x77";
  const uint64_t root = other.group({{"g", 0x7777777777777777}});
  std::string cyclic = other.finish(root);
  cyclic.replace(cyclic.find(mark), 8, Hdf5Writer::number(root, 8));
  expect_refused(cyclic, "it holds itself or overlaps");
}

TEST(Hdf5, GroupsThatManyOthersHoldTakeNoTime) {
  Hdf5Writer writer;
  uint64_t group = writer.dataset(two());
  for (int depth = 0; depth < 12; ++depth) {
    Children same;
    for (int i = 0; i < 100; ++i) same["g" + std::to_string(i)] = group;
    group = writer.group(same);
  }
  expect_refused(writer.finish(group), "it holds itself or overlaps");
}

TEST(Hdf5, ShapesThatLieAreRefused) {
  const std::string f32 = Hdf5Writer::type_message(DType::kF32);
  const auto says = [&](const std::vector<int64_t>& shape, uint64_t address, uint64_t size,
                        const std::string& wanted) {
    expect_refused(with_object({Hdf5Writer::shape_message(shape), f32,
                                Hdf5Writer::layout_message(address, size)}),
                   wanted);
  };
  says({1 << 30, 1 << 20}, 96, 8, "found 8 bytes, wanted 4503599627370496, which shape");
  says({1 << 30, 1 << 30, 1 << 30}, 96, 8, "found the impossible shape");
  says({-1}, 96, 8, "may be at most 9223372036854775807");
  says({1 << 20}, 96, 4 << 20, "found 4194304 bytes from byte 96 on, wanted them within ");
  says({2}, UINT64_MAX, 8, "from byte 18446744073709551615 on, wanted them within ");
  says(std::vector<int64_t>(17, 1), 96, 4, "17 dimensions, wanted version 1 or 2 and at most 16");
}

TEST(Hdf5, WhatIsNotReadIsNamed) {
  const std::string shape = Hdf5Writer::shape_message({2}),
                    type = Hdf5Writer::type_message(DType::kF32),
                    layout = Hdf5Writer::layout_message(96, 8);
  const auto says = [](const std::vector<std::string>& messages, const std::string& wanted) {
    expect_refused(with_object(messages), wanted);
  };
  says({shape, type}, "\"x\": found neither a group nor data with a shape and a type");
  says({shape, shape, type, layout}, "found two messages of one kind");
  says({shape, type, layout, Hdf5Writer::message(11, "gzip")}, "found compressed data");
  says({shape, type, Hdf5Writer::message(7, "x"), layout}, "found data in another file");
  says({shape, type, Hdf5Writer::message(8, "\3\2" + std::string(16, '\0'))},
       "found data of layout 2 in version 3, wanted them in one piece");
  says({Hdf5Writer::message(2, ""), type}, "found a group of HDF5 1.8");
  std::string big = type;
  big[9] = '\x21';  // big-endian
  says({shape, big, layout}, "found data of another type, wanted one of f32, f64");
  std::string shared = shape;
  shared[4] = '\2';
  says({shared, type, layout}, "found a shared message of kind 1");
  std::string newer = hdf5_of({{"a", two()}});
  newer[8] = '\3';
  expect_refused(newer, "found a superblock of version 3, wanted 0");
}

TEST(Hdf5, NamesThatAreNoPathsAreRefused) {
  Hdf5Writer writer;
  const uint64_t x = writer.dataset(two());
  for (const std::string& name :
       {std::string("a/b"), std::string("a\nb"), std::string(513, 'a'), std::string()}) {
    Hdf5Writer copy = writer;
    const Refusal r = refusal_of([&] { read(copy.finish(copy.group({{name, x}}))); });
    EXPECT_EQ(r.code, ErrorCode::kBadData) << name;
  }
}

}  // namespace
}  // namespace albert::testing
