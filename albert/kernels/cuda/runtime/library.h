#pragma once
// NVIDIA's libraries, found when the program runs: one that was built with CUDA starts where they
// are not.
#include <string>
#include <utility>
#include <vector>

namespace albert::kernels {

// Where a library may lie. The names are sonames, the preferred first: {"libcublasLt.so.13",
// "libcublasLt.so.12"}.
struct LibraryPlaces {
  std::string folders;  // ALBERT_CUDA_LIBS: folders, or site-packages of Python, by colons
  std::string toolkit;  // CUDA_HOME, or /usr/local/cuda
};
LibraryPlaces library_places();  // as the environment has them

// What dlopen() is asked for, in turn: each name in `folders` and in what PyTorch's wheels put
// there, then where the system looks (LD_LIBRARY_PATH among it), then in the toolkit.
std::vector<std::string> library_candidates(const std::vector<std::string>& names,
                                            const LibraryPlaces& places);

// An open library; closed with the object.
class CudaLibrary {
 public:
  // Error(kNoDevice) saying what was looked for and what would work.
  CudaLibrary(const std::string& title, const std::vector<std::string>& names,
              const LibraryPlaces& places = library_places());
  ~CudaLibrary();
  CudaLibrary(const CudaLibrary&) = delete;
  CudaLibrary& operator=(const CudaLibrary&) = delete;

  const std::string& path() const { return path_; }  // as dlopen() took it

  // A function by its name; Error(kNoDevice) where the library is too old to have it.
  template <class Function>
  Function* function(const char* name) const {
    return reinterpret_cast<Function*>(address(name));
  }

 private:
  void* address(const char* name) const;

  std::string title_, path_;
  void* handle_ = nullptr;
};

// What is found of NVIDIA's libraries: {"cuBLASLt", "13.1.0"}, ..; "not found", or why not, in
// place of a version.
std::vector<std::pair<std::string, std::string>> cuda_library_versions();

// 130100: "13.1.0", as the libraries count.
std::string library_version_text(size_t version);

}  // namespace albert::kernels
