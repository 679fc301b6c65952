#include "albert/kernels/cuda/runtime/library.h"

#include <dlfcn.h>

#include <cstdlib>

#include "albert/base/error.h"

namespace albert::kernels {
namespace {

// Lists where a library may lie in a folder: in it, or where NVIDIA's wheels keep it below
// site-packages.
constexpr const char* kInFolder[] = {"", "nvidia/cu13/lib/", "nvidia/cublas/lib/",
                                     "nvidia/cudnn/lib/", "nvidia/nccl/lib/"};

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(by, begin), text.size());
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::string environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value && *value ? value : otherwise;
}

}  // namespace

LibraryPlaces library_places() {
  return {environment("ALBERT_CUDA_LIBS", ""), environment("CUDA_HOME", "/usr/local/cuda")};
}

std::vector<std::string> library_candidates(const std::vector<std::string>& names,
                                            const LibraryPlaces& places) {
  std::vector<std::string> candidates;
  for (const auto& folder : split(places.folders, ':'))
    for (const auto& name : names)
      for (const char* below : kInFolder) candidates.push_back(folder + "/" + below + name);
  for (const auto& name : names) candidates.push_back(name);
  for (const auto& name : names) candidates.push_back(places.toolkit + "/lib64/" + name);
  return candidates;
}

CudaLibrary::CudaLibrary(const std::string& title, const std::vector<std::string>& names,
                         const LibraryPlaces& places)
    : title_(title) {
  for (const auto& candidate : library_candidates(names, places)) {
    handle_ = dlopen(candidate.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    path_ = candidate;
    if (handle_) return;
  }
  std::string wanted;
  for (const auto& name : names) wanted += (wanted.empty() ? "" : " or ") + name;
  fail(ErrorCode::kNoDevice, title, ": no ", wanted, " in ALBERT_CUDA_LIBS, LD_LIBRARY_PATH or ",
       places.toolkit,
       "/lib64: set ALBERT_CUDA_LIBS to its folder (PyTorch's site-packages will do), or use "
       "--device cpu");
}

CudaLibrary::~CudaLibrary() { dlclose(handle_); }

void* CudaLibrary::address(const char* name) const {
  void* found = dlsym(handle_, name);
  if (!found) fail(ErrorCode::kNoDevice, title_, ": ", path_, " is too old, it has no ", name);
  return found;
}

std::string library_version_text(size_t version) {
  return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100);
}

std::vector<std::pair<std::string, std::string>> cuda_library_versions() {
  std::vector<std::pair<std::string, std::string>> versions;
  const auto add = [&](const std::string& title, const std::vector<std::string>& names,
                       const auto& version_of) {
    try {
      const CudaLibrary library(title, names);
      versions.emplace_back(title,
                            library_version_text(version_of(library)) + ", " + library.path());
    } catch (const Error&) {
      versions.emplace_back(title, "not found");
    }
  };
  add("cuBLASLt", {"libcublasLt.so.13", "libcublasLt.so.12"},
      [](const CudaLibrary& l) { return l.function<size_t()>("cublasLtGetVersion")(); });
  add("cuDNN", {"libcudnn.so.9"},
      [](const CudaLibrary& l) { return l.function<size_t()>("cudnnGetVersion")(); });
  add("NCCL", {"libnccl.so.2"}, [](const CudaLibrary& l) {
    int version = 0;
    l.function<int(int*)>("ncclGetVersion")(&version);
    return static_cast<size_t>(version);
  });
  return versions;
}

}  // namespace albert::kernels
