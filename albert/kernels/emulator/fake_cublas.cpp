#include "albert/kernels/emulator/fake_cublas.h"

#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "albert/kernels/dtype.h"

namespace albert::kernels {

using namespace cublas_lt;  // NOLINT: this file is one

struct cublas_lt::HandleOpaque {};
struct cublas_lt::DescOpaque {
  ComputeType compute;
  int32_t transpose_first = 0, transpose_second = 0;
  uint32_t epilogue = kDefault;
  void *bias = nullptr, *aux = nullptr;
  int64_t aux_stride = 0;
};
struct cublas_lt::LayoutOpaque {
  DataType type;
  int64_t rows, cols, stride;
};
struct cublas_lt::PreferenceOpaque {
  uint64_t workspace_bytes = 0;
  uint32_t reductions = 7, alignment[4] = {256, 256, 256, 256};
};

namespace simt {
namespace {

constexpr uint64_t kMagic = 0x414c42455254;
constexpr size_t kWorkspace = 512;  // bytes that an algorithm of this fake wants

template <class T>
Status set(T& to, const void* from, size_t bytes) {
  if (!from || bytes != sizeof to) return kInvalidValue;
  std::memcpy(&to, from, bytes);
  return kSuccess;
}

Status set_attribute(Desc desc, DescAttribute attribute, const void* from, size_t bytes) {
  switch (attribute) {
    case kTransposeA: return set(desc->transpose_first, from, bytes);
    case kTransposeB: return set(desc->transpose_second, from, bytes);
    case kEpilogue: return set(desc->epilogue, from, bytes);
    case kBiasPointer: return set(desc->bias, from, bytes);
    case kAuxPointer: return set(desc->aux, from, bytes);
    case kAuxStride: return set(desc->aux_stride, from, bytes);
  }
  return kInvalidValue;
}

Status set_preference(Preference preference, PreferenceAttribute attribute, const void* from,
                      size_t bytes) {
  if (attribute == kMaxWorkspaceBytes) return set(preference->workspace_bytes, from, bytes);
  if (attribute == kReductionSchemeMask) return set(preference->reductions, from, bytes);
  if (attribute < kMinAlignmentA || attribute > kMinAlignmentD) return kInvalidValue;
  return set(preference->alignment[attribute - kMinAlignmentA], from, bytes);
}

double load(const void* from, DataType type, size_t i) {
  switch (type) {
    case kR32F: return static_cast<double>(static_cast<const float*>(from)[i]);
    case kR64F: return static_cast<const double*>(from)[i];
    case kR16BF:
      return static_cast<double>(static_cast<float>(static_cast<const BFloat16*>(from)[i]));
    case kR16F:
      return static_cast<double>(static_cast<float>(static_cast<const Float16*>(from)[i]));
  }
  return NAN;
}

void store(void* to, DataType type, size_t i, double value) {
  switch (type) {
    case kR32F: static_cast<float*>(to)[i] = static_cast<float>(value); return;
    case kR64F: static_cast<double*>(to)[i] = value; return;
    case kR16BF: static_cast<BFloat16*>(to)[i] = BFloat16(static_cast<float>(value)); return;
    case kR16F: static_cast<Float16*>(to)[i] = Float16(static_cast<float>(value)); return;
  }
}

// The library has the tanh form of GELU.
double gelu_inner(double x) { return 0.79788456080286535588 * (x + 0.044715 * x * x * x); }
double gelu(double x) { return 0.5 * x * (1 + std::tanh(gelu_inner(x))); }
double gelu_slope(double x) {
  const double t = std::tanh(gelu_inner(x));
  return 0.5 * (1 + t) +
         0.5 * x * (1 - t * t) * 0.79788456080286535588 * (1 + 3 * 0.044715 * x * x);
}

struct Call {
  DescOpaque desc;
  LayoutOpaque first, second, d;
  double alpha, beta;
  const void *a, *b;
  void* out;
  void* workspace;
  size_t workspace_bytes;

  int64_t inner() const { return desc.transpose_first ? first.rows : first.cols; }
  double value(const LayoutOpaque& x, const void* data, int32_t transposed, int64_t row,
               int64_t col) const {
    if (transposed) std::swap(row, col);
    return load(data, x.type, static_cast<size_t>(col * x.stride + row));
  }
  size_t aux_at(int64_t row, int64_t col) const {
    return static_cast<size_t>(col * desc.aux_stride + row);
  }

  std::vector<double> column(int64_t col) const {
    std::vector<double> sum(static_cast<size_t>(d.rows));
    for (int64_t l = 0; l < inner(); ++l) {
      const double right = value(second, b, desc.transpose_second, l, col);
      for (int64_t row = 0; row < d.rows; ++row)
        sum[static_cast<size_t>(row)] += value(first, a, desc.transpose_first, row, l) * right;
    }
    return sum;
  }

  double finished(double x, int64_t row, int64_t col) const {
    if (desc.epilogue & kBias) x += load(desc.bias, d.type, static_cast<size_t>(row));
    if ((desc.epilogue & kDGelu) == kDGelu)
      return x * gelu_slope(load(desc.aux, d.type, aux_at(row, col)));
    if (desc.epilogue & kAux) store(desc.aux, d.type, aux_at(row, col), x);
    if (desc.epilogue & kGelu) return gelu(x);
    if (desc.epilogue & kRelu) return x < 0 ? 0 : x;
    return x;
  }

  void run() const {
    std::memset(workspace, 0xff, std::min(workspace_bytes, kWorkspace));
    std::vector<double> bias_gradient(static_cast<size_t>(d.rows));
    for (int64_t col = 0; col < d.cols; ++col) {
      const std::vector<double> sums = column(col);
      for (int64_t row = 0; row < d.rows; ++row) {
        const auto at = static_cast<size_t>(col * d.stride + row);
        const double before = beta != 0 ? beta * load(out, d.type, at) : 0;
        const double x = finished(alpha * sums[static_cast<size_t>(row)] + before, row, col);
        store(out, d.type, at, x);
        bias_gradient[static_cast<size_t>(row)] += x;
      }
    }
    if (desc.epilogue != kDGeluBiasGradient) return;
    for (size_t row = 0; row < bias_gradient.size(); ++row)
      store(desc.bias, d.type, row, bias_gradient[row]);
  }
};

bool aligned(const void* address, uint64_t to) {
  return reinterpret_cast<uintptr_t>(address) % to == 0;
}

// Checks that shapes and the operands of the epilogue fit.
bool fits(const DescOpaque& desc, const LayoutOpaque& a, const LayoutOpaque& b,
          const LayoutOpaque& d) {
  const int64_t rows = desc.transpose_first ? a.cols : a.rows,
                inner = desc.transpose_first ? a.rows : a.cols;
  const int64_t cols = desc.transpose_second ? b.rows : b.cols,
                inner_b = desc.transpose_second ? b.cols : b.rows;
  if (rows != d.rows || cols != d.cols || inner != inner_b || inner < 1 || a.type != b.type)
    return false;
  if (a.stride < a.rows || b.stride < b.rows || d.stride < d.rows) return false;
  if (desc.compute == kCompute64F && (a.type != kR64F || desc.epilogue != kDefault)) return false;
  if ((desc.epilogue & (kBias | 16)) && !desc.bias) return false;
  if (!(desc.epilogue & kAux)) return true;
  return desc.aux && aligned(desc.aux, 16) && desc.aux_stride % 8 == 0 && desc.aux_stride >= d.rows;
}

void at_once(void*, const std::function<void()>& work) { work(); }

double scalar(const DescOpaque& desc, const void* value) {
  return desc.compute == kCompute64F ? *static_cast<const double*>(value)
                                     : static_cast<double>(*static_cast<const float*>(value));
}

}  // namespace

FakeCublas::FakeCublas() : FakeCublas(at_once) {}
FakeCublas::FakeCublas(Submit submit) : submit_(std::move(submit)) {}

template <class T>
Status FakeCublas::made(T* address, T value) {
  ++alive;
  *address = value;
  return kSuccess;
}

template <class T>
std::function<Status(T)> FakeCublas::destroyer() {
  return [this](T value) {
    --alive;
    delete value;
    return kSuccess;
  };
}

Functions FakeCublas::functions() {
  Functions f;
  f.get_version = [this] { return version; };
  f.get_status_string = [](Status status) {
    return status == kNotSupported ? "not supported" : "invalid value";
  };
  add_descriptors(f);
  add_algorithms(f);
  f.matmul = [this](Handle, Desc desc, const void* alpha, const void* a, Layout first,
                    const void* b, Layout second, const void* beta, const void* c, Layout, void* d,
                    Layout layout, const Algo* algo, void* workspace, size_t bytes, void* stream) {
    const bool algo_fits = algo->data[0] == kMagic && algo->data[1] <= bytes &&
                           aligned(a, algo->data[2]) && aligned(b, algo->data[2]) &&
                           aligned(d, algo->data[2]);
    if (!algo_fits || c != d || !fits(*desc, *first, *second, *layout)) return kInvalidValue;
    if (no_kernel.count(desc->epilogue)) return kNotSupported;
    ++matmuls;
    algorithm = algo->data[3];
    const Call call{*desc, *first, *second,   *layout, scalar(*desc, alpha), scalar(*desc, beta), a,
                    b,     d,      workspace, bytes};
    submit_(stream, [call] { call.run(); });
    return kSuccess;
  };
  return f;
}

void FakeCublas::add_descriptors(Functions& f) {
  f.create = [this](Handle* handle) { return made(handle, new HandleOpaque); };
  f.destroy = destroyer<Handle>();
  f.matmul_desc_create = [this](Desc* desc, ComputeType compute, DataType scale) {
    if ((compute == kCompute64F) != (scale == kR64F)) return kNotSupported;
    return made(desc, new DescOpaque{compute});
  };
  f.matmul_desc_destroy = destroyer<Desc>();
  f.matmul_desc_set_attribute = set_attribute;
  f.matrix_layout_create = [this](Layout* layout, DataType type, uint64_t rows, uint64_t cols,
                                  int64_t stride) {
    return made(layout, new LayoutOpaque{type, static_cast<int64_t>(rows),
                                         static_cast<int64_t>(cols), stride});
  };
  f.matrix_layout_destroy = destroyer<Layout>();
  f.matmul_preference_create = [this](Preference* preference) {
    return made(preference, new PreferenceOpaque);
  };
  f.matmul_preference_destroy = destroyer<Preference>();
  f.matmul_preference_set_attribute = set_preference;
}

// What comes first is not for this matmul, as with the library; two candidates are.
void FakeCublas::add_algorithms(Functions& f) {
  f.matmul_algo_get_heuristic = [this](Handle, Desc desc, Layout a, Layout b, Layout, Layout d,
                                       Preference preference, int wanted, HeuristicResult* results,
                                       int* found) {
    ++heuristics;
    *found = 0;
    if (no_algorithm.count(desc->epilogue) || !fits(*desc, *a, *b, *d)) return kNotSupported;
    const size_t workspace = preference->workspace_bytes >= kWorkspace ? kWorkspace : 0;
    if (wanted < 3) return kInvalidValue;
    results[0] = {{}, 0, kNotSupported, 0, {}};
    for (uint64_t i = 1; i <= 2; ++i)
      results[i] = {{{kMagic, workspace, preference->alignment[0], i}}, workspace, kSuccess, 1, {}};
    *found = 3;
    return kSuccess;
  };
  f.matmul_algo_check = [this](Handle, Desc desc, Layout a, Layout b, Layout, Layout d,
                               const Algo* algo, HeuristicResult* result) {
    ++checks;
    if (algo->data[0] != kMagic || !fits(*desc, *a, *b, *d)) return kInvalidValue;
    result->workspace_bytes = algo->data[1];
    return kSuccess;
  };
}

}  // namespace simt
}  // namespace albert::kernels
