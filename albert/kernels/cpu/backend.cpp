#include "albert/kernels/cpu/backend.h"

#include <sched.h>
#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "albert/kernels/cpu/matmul_onednn.h"

namespace albert::kernels {
namespace {

int usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

int default_threads() {
  if (const char* text = std::getenv("OMP_NUM_THREADS")) {
    const int threads = std::atoi(text);
    if (threads > 0) return threads;
  }
  return usable_cores();
}

size_t page_rounded(size_t bytes) { return (bytes + 4095) / 4096 * 4096; }

class CpuBackend final : public Backend {
 public:
  CpuBackend(int threads, Isa isa) : threads_(threads), isa_(isa), matmul_(make_onednn_context()) {}

  Stream stream() override {
    return {.isa = isa_,
            .threads = threads_,
            .matmul = matmul_.get(),
            .profile = profile_,
            .observer = observer_};
  }
  std::string description() const override {
    return std::string("CPU, ") + name_of(isa_) + ", " + std::to_string(threads_) +
           (threads_ == 1 ? " thread" : " threads");
  }

  void* allocate(size_t bytes) override {
    if (bytes == 0) return nullptr;
    void* block = mmap(nullptr, page_rounded(bytes), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED)
      fail(ErrorCode::kOutOfMemory, "cannot get ", bytes, " bytes of memory; use a smaller batch");
    return block;
  }
  void release(void* block, size_t bytes) noexcept override {
    if (block) munmap(block, page_rounded(bytes));
  }

  // Kernels are done when they return: nothing is queued.
  bool host_accessible() const override { return true; }
  void copy_to_device(void* device, const void* host, size_t bytes) override {
    std::memcpy(device, host, bytes);
  }
  void copy_to_host(void* host, const void* device, size_t bytes) override {
    std::memcpy(host, device, bytes);
  }
  void clear(void* device, size_t bytes) override { std::memset(device, 0, bytes); }
  void synchronize() override {}

 private:
  int threads_;
  Isa isa_;
  OneDnnContextPtr matmul_;
};

}  // namespace

Isa detect_isa() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return Isa::kAvx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Isa::kAvx2;
#endif
  return Isa::kGeneric;
}

const char* name_of(Isa isa) {
  switch (isa) {
    case Isa::kGeneric: return "generic";
    case Isa::kAvx2: return "avx2";
    case Isa::kAvx512: return "avx512";
  }
  return "?";
}

std::unique_ptr<Backend> make_cpu_backend(const BackendOptions& options) {
  return std::make_unique<CpuBackend>(options.threads > 0 ? options.threads : default_threads(),
                                      options.isa);
}

}  // namespace albert::kernels
