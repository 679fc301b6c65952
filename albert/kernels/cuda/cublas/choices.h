#pragma once
// Keeps cuBLASLt's choice for each matmul on a GPU on disk, from run to run.
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "albert/kernels/cuda/cublas/lt.h"

namespace albert::kernels {

struct CublasChoice {
  cublas_lt::Algo algo;
  bool timed = false;  // whether it was the fastest of cuBLASLt's candidates; else it was the first
};

class CublasChoices {
 public:
  // Choices of this GPU and library version. Damaged lines of `file`, and a file of another GPU or
  // version, are ignored; with an empty path nothing is read or written.
  CublasChoices(std::filesystem::path file, const std::string& gpu, size_t version);

  std::optional<CublasChoice> find(const std::string& matmul) const;
  void add(const std::string& matmul, const CublasChoice& choice);
  // Adds the new choices to the file, through a temporary name. False where it cannot be written:
  // then the next run chooses again.
  bool save() const noexcept;

 private:
  using Entries = std::map<std::string, CublasChoice>;
  Entries read() const;
  bool write(const Entries& entries) const;

  std::filesystem::path file_;
  std::string header_;
  Entries kept_, added_;
};

// $XDG_CACHE_HOME/albert/cublaslt-130100-NVIDIA-H200.txt, or under ~/.cache; empty where there is
// neither.
std::filesystem::path cublas_choices_file(const std::string& gpu, size_t version);

}  // namespace albert::kernels
