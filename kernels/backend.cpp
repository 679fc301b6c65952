#include "kernels/backend.h"

#include <sched.h>
#include <sys/mman.h>

#include <cstdlib>
#include <string>

#include "kernels/matmul_onednn.h"

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

// The CPU; or, in a build for tests, the emulated card, whose memory is the CPU's.
class HostBackend final : public Backend {
 public:
  HostBackend(Device device, int threads, Isa isa)
      : device_(device), threads_(threads), isa_(isa), matmul_(make_matmul_context()) {}

  Stream stream() override { return {device_, isa_, threads_, matmul_.get(), profile_, nullptr}; }

  void* allocate(size_t bytes) override {
    if (bytes == 0) return nullptr;
    void* block = mmap(nullptr, page_rounded(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED)
      fail(ErrorCode::kOutOfMemory, "cannot get ", bytes, " bytes of memory; use a smaller batch");
    return block;
  }
  void release(void* block, size_t bytes) noexcept override {
    if (block) munmap(block, page_rounded(bytes));
  }

 private:
  Device device_;
  int threads_;
  Isa isa_;
  MatmulContextPtr matmul_;
};

// Addresses nobody may touch, for planning: what the CPU would allocate, without the memory.
class MetaBackend final : public Backend {
 public:
  explicit MetaBackend(Isa isa) : isa_(isa), matmul_(make_matmul_context()) {}
  Stream stream() override { return {.device = Device::kMeta, .isa = isa_, .matmul = matmul_.get()}; }
  void* allocate(size_t bytes) override { return bytes == 0 ? nullptr : reinterpret_cast<void*>(4096); }
  void release(void*, size_t) noexcept override {}

 private:
  Isa isa_;
  MatmulContextPtr matmul_;
};

}  // namespace

Isa detect_isa() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
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

std::unique_ptr<Backend> make_backend(const BackendOptions& options) {
#if !defined(ALBERT_CUDA_EMULATED)
  if (options.device == Device::kCuda) fail(ErrorCode::kNoDevice, "built without CUDA: --device cpu works");
#endif
  if (options.isa > detect_isa())
    fail(ErrorCode::kNoDevice, "this machine runs ", name_of(detect_isa()), ", not ", name_of(options.isa));
  if (options.device == Device::kMeta) return std::make_unique<MetaBackend>(options.isa);
  ALBERT_CHECK(options.threads >= 0 && options.threads <= 4096, "threads ", options.threads);
  const int threads = options.threads > 0 ? options.threads : default_threads();
  return std::make_unique<HostBackend>(options.device, threads, options.isa);
}

}  // namespace albert::kernels
