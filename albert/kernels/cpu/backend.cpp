#include "albert/kernels/cpu/backend.h"

#include <sys/mman.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

#include "albert/base/cores.h"
#include "albert/kernels/cpu/matmul_onednn.h"
#include "albert/kernels/cpu/thread_pool.h"

namespace albert::kernels {
namespace {

// More threads than cores would only wait for each other.
int threads_for(int wanted) {
  const int cores = usable_cores();
  if (wanted > 0) return std::min(wanted, cores);
  const char* text = std::getenv("OMP_NUM_THREADS");
  const int threads = text ? std::atoi(text) : 0;
  return threads > 0 ? std::min(threads, cores) : cores;
}

#if defined(__x86_64__)
// AVX-VNNI, which not every compiler's __builtin_cpu_supports knows.
bool has_avx_vnni() {
  constexpr unsigned kFeatures = 7, kSecondPage = 1, kAvxVnni = 1U << 4;
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(kFeatures, kSecondPage, &a, &b, &c, &d) != 0 && (a & kAvxVnni) != 0;
}
#endif

size_t page_rounded(size_t bytes) { return (bytes + 4095) / 4096 * 4096; }

class CpuBackend final : public Backend {
 public:
  CpuBackend(int threads, Isa isa, bool vnni)
      : threads_(threads),
        isa_(isa),
        vnni_(vnni),
        pool_(threads > 1 ? std::make_unique<ThreadPool>(threads - 1) : nullptr),
        matmul_(make_onednn_context()) {}

  Stream stream() override {
    return {.isa = isa_,
            .vnni = vnni_,
            .threads = threads_,
            .pool = pool_.get(),
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
  bool vnni_;
  std::unique_ptr<ThreadPool> pool_;
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

bool detect_vnni([[maybe_unused]] Isa isa) {
#if defined(__x86_64__)
  if (isa == Isa::kAvx512) return __builtin_cpu_supports("avx512vnni");
  if (isa == Isa::kAvx2) return has_avx_vnni();
#endif
  return false;
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
  return std::make_unique<CpuBackend>(threads_for(options.threads), options.isa,
                                      options.vnni && detect_vnni(options.isa));
}

}  // namespace albert::kernels
