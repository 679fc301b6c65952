#pragma once
// Keeps cuBLASLt's choice for each matmul on a GPU on disk, from run to run.
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "albert/kernels/cuda/cublas/lt.h"

namespace albert::kernels {

class CublasChoices {
 public:
  // Choices of this GPU and library version. Damaged lines of `file`, and a file of another GPU or
  // version, are ignored; with an empty path nothing is read or written.
  CublasChoices(std::filesystem::path file, const std::string& gpu, size_t version);

  std::optional<cublas_lt::Algo> find(const std::string& matmul) const;
  void add(const std::string& matmul, const cublas_lt::Algo& algo);
  // Adds the new choices to the file, through a temporary name. A file that cannot be written only
  // makes the next run start slower and is no error.
  void save() const noexcept;

 private:
  using Entries = std::map<std::string, cublas_lt::Algo>;
  Entries read() const;
  void write(const Entries& entries) const;

  std::filesystem::path file_;
  std::string header_;
  Entries kept_, added_;
};

// $XDG_CACHE_HOME/albert/cublaslt-130100-NVIDIA-H200.txt, or under ~/.cache; empty where there is
// neither.
std::filesystem::path cublas_choices_file(const std::string& gpu, size_t version);

}  // namespace albert::kernels
