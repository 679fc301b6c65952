#pragma once
// Opens NVIDIA's libraries at run time, so that a program built with CUDA starts without them.
#include <string>
#include <utility>
#include <vector>

namespace albert::kernels {

// The places where a library may lie. The names are sonames, the preferred first:
// {"libcublasLt.so.13", "libcublasLt.so.12"}.
struct LibraryPlaces {
  std::string folders;  // ALBERT_CUDA_LIBS: folders, or site-packages of Python, by colons
  std::string toolkit;  // CUDA_HOME, or /usr/local/cuda
};
LibraryPlaces library_places();  // reads the environment

// Lists the paths for dlopen(), in order: each name in `folders` and where PyTorch's wheels put it
// there, then in the system's paths (LD_LIBRARY_PATH included), then in the toolkit.
std::vector<std::string> library_candidates(const std::vector<std::string>& names,
                                            const LibraryPlaces& places);

// An open library. It stays loaded when the object is gone: NVIDIA's libraries have threads and
// code on the GPU, and do not promise to survive being unloaded.
class CudaLibrary {
 public:
  // Error(kNoDevice) says where it was looked for and what would work.
  CudaLibrary(const std::string& title, const std::vector<std::string>& names,
              const LibraryPlaces& places = library_places());
  ~CudaLibrary();
  CudaLibrary(const CudaLibrary&) = delete;
  CudaLibrary& operator=(const CudaLibrary&) = delete;

  const std::string& path() const { return path_; }  // the path that dlopen() accepted

  // Returns a function by its name; Error(kNoDevice) if the library is too old to have it.
  template <class Function>
  Function* function(const char* name) const {
    return reinterpret_cast<Function*>(address(name));
  }

 private:
  void* address(const char* name) const;

  std::string title_, path_;
  void* handle_ = nullptr;
};

// Lists NVIDIA's libraries and their versions: {"cuBLASLt", "13.1.0"}, ..; in place of a version
// "not found", or why it does not open.
std::vector<std::pair<std::string, std::string>> cuda_library_versions();

// 130100 is "13.1.0" in the libraries' numbering.
std::string library_version_text(size_t version);

}  // namespace albert::kernels
