#pragma once
// Objects of HDF5 files (HDF5 File Format Specification 3.0, section IV). Not installed.
#include <string>
#include <vector>

#include "albert/engine/weights/placed_bytes.h"
#include "albert/engine/weights/weight_source.h"

namespace albert {

// Reads the structures of a file. They do not overlap in a file that HDF5 wrote, so together they
// are no larger than the file: Error(kBadData) beyond that ends cycles and bombs of any kind.
class Hdf5Structures {
 public:
  explicit Hdf5Structures(const PlacedBytes& file) : file_(file), left_(file.size) {}

  // `n` bytes of a structure, which lies within the file.
  std::vector<std::byte> read(uint64_t address, uint64_t n, const char* what);
  // A text of at most `most` bytes that ends with a zero.
  std::string text(uint64_t address, uint64_t most, const char* what);
  const PlacedBytes& file() const { return file_; }

 private:
  void check(uint64_t address, uint64_t n, const char* what) const;
  void charge(uint64_t address, uint64_t n, const char* what);

  const PlacedBytes& file_;
  uint64_t left_;
};

// A dataset whose data lie in one piece at `offset`, or a group, whose links are in a B-tree and
// their names in a heap.
struct Hdf5Object {
  bool is_group = false;
  TensorInfo info;
  uint64_t offset = 0;
  uint64_t tree = 0, heap = 0;
};

// `place` begins messages. Error(kBadData) naming what is not read: compressed and chunked data,
// types other than little-endian floats and integers, objects of other versions than 1; and for
// data whose size is not the shape's or that are not within the file.
Hdf5Object read_hdf5_object(Hdf5Structures& structures, const std::string& place, uint64_t address);

}  // namespace albert
