#include "apps/bench/ceiling.h"

#include <omp.h>

#include <cstring>
#include <vector>

#include "albert/kernels/cpu/onednn.h"
#include "apps/bench/timing.h"

namespace albert::bench {
namespace {

using dnnl::memory;
using kernels::MatmulShape;

constexpr int kRounds = 5;

// Sets the threads oneDNN uses, for as long as it lives.
class Threads {
 public:
  explicit Threads(int threads) : before_(omp_get_max_threads()) { omp_set_num_threads(threads); }
  ~Threads() { omp_set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

bool multiplies_bf16() {
  return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core_bf16) ==
         dnnl_cpu_isa_avx512_core_bf16;
}

memory::desc operand(int64_t rows, int64_t cols, bool transposed, memory::data_type type) {
  return {{rows, cols}, type, transposed ? memory::dims{1, rows} : memory::dims{cols, 1}};
}

memory filled(const memory::desc& description, const dnnl::engine& engine) {
  memory m(description, engine);
  auto* bytes = static_cast<unsigned char*>(m.get_data_handle());
  // 0x3c00..0x3cff in every half: about 0.01 as f32 and as bf16, and never a denormal
  for (size_t i = 0; i < description.get_size(); ++i)
    bytes[i] = i % 2 == 1 ? 0x3c : static_cast<unsigned char>(i * 7);
  return m;
}

double rate_of(const MatmulShape& shape, int threads, double seconds) {
  const Threads use(threads);
  const auto type = shape.dtype == DType::kBF16 && multiplies_bf16() ? memory::data_type::bf16
                                                                     : memory::data_type::f32;
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  const auto a = operand(shape.m, shape.k, shape.transpose_a, type);
  const auto b = shape.packed ? memory::desc({shape.k, shape.n}, type, memory::format_tag::any)
                              : operand(shape.k, shape.n, shape.transpose_b, type);
  const auto c = operand(shape.m, shape.n, false, type);
  const auto description = kernels::cpu::plan_matmul(engine, a, b, nullptr, c);
  const dnnl::matmul primitive(description);
  std::unordered_map<int, memory> arguments{
      {DNNL_ARG_SRC, filled(description.src_desc(), engine)},
      {DNNL_ARG_WEIGHTS, filled(description.weights_desc(), engine)},
      {DNNL_ARG_DST, filled(description.dst_desc(), engine)}};
  return measure_rate(kRounds, seconds,
                      [&] {
                        primitive.execute(stream, arguments);
                        stream.wait();
                        return shape.flops();
                      })
      .median();
}

class CpuCeiling final : public Ceiling {
 public:
  CpuCeiling(int threads, double seconds) : threads_(threads), seconds_(seconds) {}

  std::string library() const override { return "oneDNN"; }
  MatmulShape large() const override { return {.m = 2048, .n = 2048, .k = 2048, .packed = true}; }

  double copy_bytes() override {
    constexpr size_t kBytes = size_t{256} << 20;
    std::vector<char> from(kBytes, 1), to(kBytes, 2);
    const auto threads = static_cast<size_t>(threads_);
    return measure_rate(kRounds, seconds_,
                        [&] {
#pragma omp parallel for num_threads(threads_)
                          for (size_t i = 0; i < threads; ++i) {
                            const size_t begin = kBytes * i / threads,
                                         end = kBytes * (i + 1) / threads;
                            std::memcpy(to.data() + begin, from.data() + begin, end - begin);
                          }
                          return 2.0 * static_cast<double>(kBytes);
                        })
        .median();
  }

 private:
  double rate_of(const MatmulShape& shape) override {
    return bench::rate_of(shape, threads_, seconds_);
  }

  int threads_;
  double seconds_;
};

}  // namespace

double Ceiling::matmul_flops(const MatmulShape& shape) {
  MatmulShape plain = shape;  // without the epilogue, whose cost is ours to hide
  plain.bias = false;
  plain.activation = kernels::Activation::kIdentity;
  const auto at = rates_.find(plain);
  return at != rates_.end() ? at->second : rates_[plain] = rate_of(plain);
}

double Ceiling::seconds_of(const std::map<MatmulShape, kernels::KernelUse>& matmuls) {
  double seconds = 0;
  for (const auto& [shape, use] : matmuls)
    seconds += static_cast<double>(use.calls) * shape.flops() / matmul_flops(shape);
  return seconds;
}

std::unique_ptr<Ceiling> make_cpu_ceiling(int threads, double seconds) {
  return std::make_unique<CpuCeiling>(threads, seconds);
}

std::unique_ptr<Ceiling> make_ceiling(const ModelOptions& device, double seconds) {
  auto backend = kernels::make_backend(device.backend);
  if (device.backend.device == Device::kCpu)
    return make_cpu_ceiling(backend->stream().threads, seconds);
  return make_backend_ceiling(std::move(backend), device.precision, seconds);
}

}  // namespace albert::bench
