#include "albert/kernels/cuda/cublas/context.h"

#include <functional>
#include <utility>

#include "albert/kernels/matmul.h"
#include "albert/kernels/profile.h"
#include "albert/kernels/row_ops.h"

namespace albert::kernels {

using namespace cublas_lt;  // NOLINT: this file is about it

namespace {

constexpr size_t kMaxPlans = 4096;
constexpr int kCandidates = 8;

// Owns a descriptor of the library.
template <class T>
class Owned {
 public:
  explicit Owned(const std::function<Status(T)>& destroy) : destroy_(&destroy) {}
  ~Owned() {
    if (value_) (*destroy_)(value_);
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  T* address() { return &value_; }
  T get() const { return value_; }

 private:
  const std::function<Status(T)>* destroy_;
  T value_ = nullptr;
};

}  // namespace

struct CublasContext::Plan {
  explicit Plan(const Functions& f)
      : operation(f.matmul_desc_destroy),
        first(f.matrix_layout_destroy),
        second(f.matrix_layout_destroy),
        d(f.matrix_layout_destroy) {}
  Owned<Desc> operation;
  Owned<Layout> first, second, d;
  std::optional<Algo> algo;  // none: cuBLASLt offers no algorithm
};

CublasContext::CublasContext(Functions library, CublasOptions options)
    : library_(std::move(library)),
      options_(std::move(options)),
      choices_(options_.choices_file, options_.gpu, library_.get_version()) {
  const Status status = library_.create(&handle_);
  if (status != kSuccess)
    fail(ErrorCode::kNoDevice, "cuBLASLt ", library_.get_version(), " does not start on ",
         options_.gpu, ": ", library_.get_status_string(status));
}

CublasContext::~CublasContext() {
  choices_.save();
  plans_.clear();
  library_.destroy(handle_);
}

void CublasContext::check(Status status, const char* what) const {
  if (status != kSuccess)
    fail(ErrorCode::kInternal, "cuBLASLt: ", what, ": ", library_.get_status_string(status));
}

bool CublasContext::run(CublasMatmul matmul, const CublasOperands& o, const Stream& s) {
  matmul.workspace_bytes = s.workspace_bytes;
  matmul.alignment = common_alignment({o.a, o.b, o.c, o.bias, o.aux});
  Plan& plan = plan_of(matmul, o, s);
  if (!plan.algo) return false;
  const Status status = queue(plan, *plan.algo, matmul, o, s);
  if (matmul.epilogue != kDefault && (status == kNotSupported || status == kInvalidValue)) {
    plan.algo.reset();
    return false;
  }
  if (status != kSuccess) check(status, ("matmul " + text_of(matmul)).c_str());
  return true;
}

Status CublasContext::queue(const Plan& plan, const Algo& algo, const CublasMatmul& matmul,
                            const CublasOperands& o, const Stream& s) {
  const Desc operation = plan.operation.get();
  if (o.bias)
    check(library_.matmul_desc_set_attribute(operation, kBiasPointer, &o.bias, sizeof o.bias),
          "bias");
  if (o.aux)
    check(library_.matmul_desc_set_attribute(operation, kAuxPointer, &o.aux, sizeof o.aux),
          "kept values");
  const bool wide = matmul.in == DType::kF64;
  const double one = 1, sum = o.accumulate ? 1 : 0;
  const float one_f32 = 1, sum_f32 = o.accumulate ? 1 : 0;
  const void *alpha = &one_f32, *beta = &sum_f32;
  if (wide) alpha = &one, beta = &sum;
  return library_.matmul(handle_, operation, alpha, o.b, plan.first.get(), o.a, plan.second.get(),
                         beta, o.c, plan.d.get(), o.c, plan.d.get(), &algo, s.workspace,
                         s.workspace_bytes, s.queue);
}

CublasContext::Plan& CublasContext::plan_of(const CublasMatmul& matmul,
                                            const CublasOperands& operands, const Stream& s) {
  if (const auto at = plans_.find(matmul); at != plans_.end()) return *at->second;
  if (plans_.size() >= kMaxPlans) plans_.clear();
  return *plans_.emplace(matmul, make_plan(matmul, operands, s)).first->second;
}

std::unique_ptr<CublasContext::Plan> CublasContext::make_plan(const CublasMatmul& matmul,
                                                              const CublasOperands& o,
                                                              const Stream& s) {
  auto plan = std::make_unique<Plan>(library_);
  const ColumnMajor m = column_major(matmul);
  const DataType in = type_of(matmul.in), out = type_of(matmul.out);
  check(library_.matmul_desc_create(plan->operation.address(), compute_type_of(matmul),
                                    matmul.in == DType::kF64 ? kR64F : kR32F),
        "operation");
  const auto set = [&](DescAttribute attribute, const auto& value) {
    check(
        library_.matmul_desc_set_attribute(plan->operation.get(), attribute, &value, sizeof value),
        "attribute");
  };
  set(kTransposeA, m.first.transposed ? kTransposed : kPlain);
  set(kTransposeB, m.second.transposed ? kTransposed : kPlain);
  set(kEpilogue, matmul.epilogue);
  if (o.bias) set(kBiasPointer, o.bias);  // the choice may depend on their alignment
  if (o.aux) set(kAuxPointer, o.aux), set(kAuxStride, matmul.n);
  const auto lay_out = [&](Owned<Layout>& layout, const ColumnMajor::Matrix& x, DataType type) {
    check(library_.matrix_layout_create(layout.address(), type, static_cast<uint64_t>(x.rows),
                                        static_cast<uint64_t>(x.cols), x.rows),
          "layout");
  };
  lay_out(plan->first, m.first, in);
  lay_out(plan->second, m.second, in);
  lay_out(plan->d, m.d, out);
  choose(*plan, matmul, o, s);
  return plan;
}

bool CublasContext::usable(const Plan& plan, const CublasMatmul& matmul, const Algo& algo) const {
  HeuristicResult result{};
  return library_.matmul_algo_check(handle_, plan.operation.get(), plan.first.get(),
                                    plan.second.get(), plan.d.get(), plan.d.get(), &algo,
                                    &result) == kSuccess &&
         result.workspace_bytes <= matmul.workspace_bytes;
}

// Takes the choice of an earlier run if it is still usable and as good as it would be made now.
void CublasContext::choose(Plan& plan, const CublasMatmul& matmul, const CublasOperands& o,
                           const Stream& s) {
  const std::string text = text_of(matmul);
  const auto kept = choices_.find(text);
  if (kept && (kept->timed || !options_.tuning) && usable(plan, matmul, kept->algo)) {
    plan.algo = kept->algo;
    return;
  }
  const std::vector<Algo> candidates = candidates_of(plan, matmul);
  if (candidates.empty()) return;
  plan.algo = candidates.front();
  choices_.add(text, {candidates.front()});
  if (!options_.tuning || candidates.size() == 1 || !choices_.save()) return;
  const auto fastest = fastest_of(candidates, plan, matmul, o, s);
  if (!fastest) return;
  choices_.add(text, {*fastest, true});
  if (choices_.save()) plan.algo = fastest;  // where it is not kept, the next run takes the first
}

std::vector<Algo> CublasContext::candidates_of(const Plan& plan, const CublasMatmul& matmul) const {
  Owned<Preference> preference(library_.matmul_preference_destroy);
  check(library_.matmul_preference_create(preference.address()), "preference");
  const auto set = [&](PreferenceAttribute attribute, auto value) {
    check(
        library_.matmul_preference_set_attribute(preference.get(), attribute, &value, sizeof value),
        "preference");
  };
  set(kMaxWorkspaceBytes, uint64_t{matmul.workspace_bytes});
  set(kReductionSchemeMask, kReductionInComputeType);  // split sums in f32, in one order
  for (const auto which : {kMinAlignmentA, kMinAlignmentB, kMinAlignmentC, kMinAlignmentD})
    set(which, static_cast<uint32_t>(matmul.alignment));
  HeuristicResult results[kCandidates] = {};
  int found = 0;
  const Status status = library_.matmul_algo_get_heuristic(
      handle_, plan.operation.get(), plan.first.get(), plan.second.get(), plan.d.get(),
      plan.d.get(), preference.get(), kCandidates, results, &found);
  std::vector<Algo> candidates;
  for (int i = 0; status == kSuccess && i < found; ++i)
    if (results[i].state == kSuccess) candidates.push_back(results[i].algo);
  if (candidates.empty() && matmul.epilogue == kDefault)
    fail(ErrorCode::kInternal, "cuBLASLt ", library_.get_version(), " has no matmul ",
         text_of(matmul), ": ", library_.get_status_string(status));
  return candidates;
}

// Runs the candidates on the operands themselves, which this matmul will overwrite; what it would
// add to is spared.
std::optional<Algo> CublasContext::fastest_of(const std::vector<Algo>& candidates, const Plan& plan,
                                              const CublasMatmul& matmul, CublasOperands o,
                                              const Stream& s) {
  std::shared_ptr<void> spare;
  if (o.accumulate) {
    spare = options_.tuning->memory(static_cast<size_t>(matmul.m * matmul.n) * size_of(matmul.out));
    if (!spare) return std::nullopt;
    o.c = spare.get();
  }
  const size_t best = fastest(*options_.tuning, candidates.size(), [&](size_t i) {
    return queue(plan, candidates[i], matmul, o, s) == kSuccess;
  });
  return best < candidates.size() ? std::optional(candidates[best]) : std::nullopt;
}

namespace cuda {
namespace {

CublasContext& context_of(const Stream& s) {
  ALBERT_CHECK(s.cublas, "a stream without cuBLASLt");
  return *s.cublas;
}

CublasMatmul matmul_of(const Stream& s, Tensor c, Tensor a, const Matmul& o) {
  CublasMatmul p{c.shape[0],    c.shape[1],    a.shape[o.transpose_a ? 0 : 1],
                 o.transpose_a, o.transpose_b, a.dtype,
                 c.dtype};
  p.tf32 = a.dtype == DType::kF32 && context_of(s).tf32();
  return p;
}

MatmulShape shape_of(const CublasMatmul& p, bool bias, Activation activation) {
  return {p.m, p.n, p.k, p.transpose_a, p.transpose_b, false, bias, activation, p.in};
}

// y = activation(x weightT + bias) in one call; kept [rows, out], or empty, gets the activation's
// input.
bool fused_linear(Stream s, Tensor y, Tensor kept, Tensor x, Tensor weight, Tensor bias,
                  Activation activation) {
  const auto epilogue = forward_epilogue(activation, bool(bias), bool(kept));
  if (!epilogue || (kept && !fits_aux(kept.data, kept.shape[1]))) return false;
  CublasMatmul matmul = matmul_of(s, y, x, {.transpose_b = true});
  matmul.epilogue = *epilogue;
  const MatmulShape shape = shape_of(matmul, bool(bias), activation);
  const ProfileScope scope(s, shape);
  return context_of(s).run(matmul, {y.data, x.data, weight.data, bias.data, kept.data}, s);
}

// dx = (dy weight) * activation'(kept), and dbias, in one call.
bool fused_backward(Stream s, Tensor dx, Tensor dbias, Tensor scratch, Tensor dy, Tensor weight,
                    Tensor kept, Activation activation) {
  // cuBLASLt returns the sum over rows in F. In f16 it would overflow long before its terms do.
  const bool sums_rows = dbias && dx.dtype != DType::kF16;
  const auto epilogue = backward_epilogue(activation, sums_rows);
  if (!epilogue || !fits_aux(kept.data, kept.shape[1])) return false;
  CublasMatmul matmul = matmul_of(s, dx, dy, {});
  matmul.epilogue = *epilogue;
  {
    const MatmulShape shape = shape_of(matmul, false, activation);
    const ProfileScope scope(s, shape);
    const CublasOperands operands{dx.data, dy.data, weight.data, sums_rows ? scratch.data : nullptr,
                                  kept.data};
    if (!context_of(s).run(matmul, operands, s)) return false;
  }
  // cuBLASLt assigns, where dbias is added to.
  if (dbias) kernels::sum_rows(s, dbias, sums_rows ? scratch.reshaped({1, dbias.shape[0]}) : dx);
  return true;
}

}  // namespace

void matmul(Stream s, Tensor c, Tensor a, Tensor b, Matmul options) {
  const CublasMatmul matmul = matmul_of(s, c, a, options);
  if (matmul.k > 0) {
    context_of(s).run(matmul,
                      {.c = c.data, .a = a.data, .b = b.data, .accumulate = options.accumulate}, s);
    return;
  }
  if (options.accumulate) return;
  // cuBLASLt refuses k = 0; scattering no rows zeroes c, or leaves it as it is.
  kernels::scatter_rows(s, c, Grad::kAssign, {nullptr, {0, c.shape[1]}, c.dtype},
                        {nullptr, {0}, DType::kI32});
}

void linear_forward(Stream s, Tensor y, Tensor x, Tensor weight, Tensor bias,
                    Activation activation) {
  if (fused_linear(s, y, {}, x, weight, bias, activation)) return;
  kernels::matmul(s, y, x, weight, {.transpose_b = true});
  kernels::bias_activation_forward(s, y, y, bias, activation);
}

void linear_activation_forward(Stream s, Tensor y, Tensor kept, Tensor x, Tensor weight,
                               Tensor bias, Activation activation) {
  if (fused_linear(s, y, kept, x, weight, bias, activation)) return;
  linear_forward(s, kept, x, weight, bias, Activation::kIdentity);
  kernels::bias_activation_forward(s, y, kept, {}, activation);
}

void linear_activation_backward(Stream s, Tensor dx, Tensor dbias, Tensor scratch, Tensor dy,
                                Tensor weight, Tensor kept, Activation activation) {
  if (fused_backward(s, dx, dbias, scratch, dy, weight, kept, activation)) return;
  kernels::matmul(s, dx, dy, weight, {});
  kernels::bias_activation_backward(s, dx, Grad::kAssign, dbias, dx, kept, {}, activation);
}

}  // namespace cuda
}  // namespace albert::kernels
