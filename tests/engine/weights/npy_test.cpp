#include "albert/engine/weights/npy.h"

#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace albert::testing {
namespace {

// numpy.save() of version 1.0: the header's length counts all but these ten bytes.
std::string npy(const std::string& dict, const std::string& data, bool is_long = false) {
  std::string header = dict + "\n", prefix = std::string("\x93NUMPY", 6);
  prefix += is_long ? std::string("\x02\x00", 2) : std::string("\x01\x00", 2);
  prefix += static_cast<char>(header.size());
  prefix += '\0';
  if (is_long) prefix += std::string(2, '\0');
  return prefix + header + data;
}

std::string floats(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), 4 * values.size()};
}

TEST(Npy, RowsComeBackInParts) {
  TemporaryFolder folder;
  NpyWriter writer(folder / "a.npy", 2);
  writer.write(HostTensor::of<float>({2, 2}, {1, 2, 3, 4}));
  EXPECT_FALSE(std::filesystem::exists(folder / "a.npy"));
  writer.write(HostTensor::of<float>({1, 2}, {5, 6}));
  writer.publish();
  const std::string bytes = read_bytes(folder / "a.npy");
  EXPECT_EQ(bytes.size(), 128U + 24) << "data begin at a multiple of 64";
  EXPECT_NE(bytes.find("'shape': (3, 2)"), std::string::npos);
  EXPECT_EQ(bytes[127], '\n');
  NpyReader reader(folder / "a.npy");
  EXPECT_EQ(reader.rows(), 3);
  EXPECT_EQ(reader.columns(), 2);
  EXPECT_EQ(reader.read(2).at<float>(3), 4);
  EXPECT_EQ(reader.read(2).at<float>(1), 6);
  EXPECT_EQ(reader.read(2).dim(0), 0);
}

TEST(Npy, OtherFloatsAndHeadersAreRead) {
  TemporaryFolder folder;
  const double wide[] = {0.5, -3};
  const std::string f64(reinterpret_cast<const char*>(wide), sizeof wide);
  for (const bool is_long : {false, true}) {
    write_bytes(folder / "a.npy",
                npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1), }", f64, is_long));
    const HostTensor rows = NpyReader(folder / "a.npy").read(9);
    EXPECT_EQ(rows.at<float>(0), 0.5F);
    EXPECT_EQ(rows.at<float>(1), -3.0F);
  }
}

TEST(Npy, WhatIsNoMatrixOfFloatsIsRefused) {
  TemporaryFolder folder;
  const std::string two = floats({1, 2});
  const auto dict = [](const std::string& type, const std::string& order,
                       const std::string& shape) {
    return "{'descr': '" + type + "', 'fortran_order': " + order + ", 'shape': (" + shape + "), }";
  };
  const std::string whole = npy(dict("<f4", "False", "1, 2"), two);
  write_bytes(folder / "a.npy", whole);
  EXPECT_EQ(NpyReader(folder / "a.npy").read(1).at<float>(1), 2);
  for (const std::string& bytes :
       {std::string(), std::string("\x93NUMPY"), whole.substr(0, 30), whole + "x",
        whole.substr(0, whole.size() - 1), "x" + whole.substr(1),
        npy(dict("<i4", "False", "1, 2"), two), npy(dict("<f4", "True", "1, 2"), two),
        npy(dict(">f4", "False", "1, 2"), two), npy(dict("<f4", "False", "2,"), two),
        npy(dict("<f4", "False", "2"), two), npy(dict("<f4", "False", ""), two),
        npy(dict("<f4", "False", "1, 1, 2"), two), npy(dict("<f4", "False", "-1, 2"), two),
        npy(dict("<f4", "False", "2, 0"), ""),
        npy(dict("<f4", "False", "4611686018427387904, 4"), two)}) {
    write_bytes(folder / "a.npy", bytes);
    const Refusal r = refusal_of([&] { NpyReader(folder / "a.npy"); });
    EXPECT_EQ(r.code, ErrorCode::kBadData) << bytes;
    EXPECT_TRUE(r.says("a.npy")) << r.what;
  }
  EXPECT_EQ(refusal_of([&] { NpyReader(folder / "none.npy"); }).code, ErrorCode::kMissingInput);
}

}  // namespace
}  // namespace albert::testing
