#pragma once
// Not installed.
#include <filesystem>
#include <string>

#include "albert/base/atomic_file.h"
#include "albert/engine/host_tensor.h"
#include "albert/engine/weights/placed_bytes.h"

namespace albert {

// Rows of f32 as numpy.load() reads them, written as they come: how many they are is known in the
// end. The file is there complete or not at all. Error(kIo).
class NpyWriter {
 public:
  NpyWriter(const std::filesystem::path& path, int64_t columns);
  void write(const HostTensor& rows);  // [n, columns] f32
  void publish();

 private:
  AtomicFile file_;
  int64_t columns_, rows_ = 0;
};

// A matrix that numpy.save() wrote, read row by row: floats of 2, 4 or 8 bytes in C order.
// Error(kMissingInput), Error(kIo), Error(kBadData) "PATH: .." for what is no such file or has
// another size than its header says.
class NpyReader {
 public:
  explicit NpyReader(const std::filesystem::path& path) : NpyReader(open_bytes(path)) {}
  explicit NpyReader(PlacedBytes file);

  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }
  // The next rows, `most` at most, [n, columns] f32; n is 0 behind the last.
  HostTensor read(int64_t most);

 private:
  std::string read_header();
  [[noreturn]] void broken(const std::string& found, const std::string& wanted) const;

  PlacedBytes file_;
  uint64_t data_ = 0;  // where the first row begins
  DType dtype_ = DType::kF32;
  int64_t rows_ = 0, columns_ = 0, at_ = 0;
};

}  // namespace albert
