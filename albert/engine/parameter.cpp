#include "albert/engine/parameter.h"

#include <algorithm>
#include <cmath>

#include "albert/engine/transfer.h"
#include "albert/kernels/linear_int8.h"
#include "albert/kernels/matmul.h"
#include "albert/kernels/philox.h"
#include "albert/kernels/row_ops.h"

namespace albert {
namespace {

// A parameter that is not inside a stack begins at a multiple of this: 256 bytes in f32.
constexpr int64_t kAlignElements = 64;
constexpr size_t kAlignPacked = 64;

int64_t aligned(int64_t elements) {
  return (elements + kAlignElements - 1) / kAlignElements * kAlignElements;
}
size_t aligned_bytes(size_t bytes) {
  return (bytes + kAlignPacked - 1) / kAlignPacked * kAlignPacked;
}

// Draws two independent normals from the words of one Philox block (Box and Muller).
void two_normals(const kernels::PhiloxBlock& block, double* out) {
  const double u = (block.word[0] + 1.0) / 4294967296.0;  // (0, 1]
  const double angle = 6.283185307179586 * (block.word[1] / 4294967296.0);
  const double radius = std::sqrt(-2.0 * std::log(u));
  out[0] = radius * std::cos(angle);
  out[1] = radius * std::sin(angle);
}

// How many values lie in host memory while parameters are drawn; even.
constexpr int64_t kDrawnAtOnce = 1 << 18;

// Draws the elements [begin, begin + values.size()) of a normal parameter, in f32 so that every
// precision starts alike.
void draw_normals(HostTensor& values, int64_t begin, uint64_t seed, uint32_t parameter,
                  double deviation) {
  auto* to = values.data<float>();
  for (int64_t i = 0; i < values.size(); i += 2) {
    const int64_t pair = (begin + i) / 2;
    double normals[2];
    two_normals(
        kernels::philox(static_cast<uint32_t>(pair), static_cast<uint32_t>(pair >> 32), parameter,
                        0, static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)),
        normals);
    for (int64_t j = i; j < std::min(i + 2, values.size()); ++j)
      to[j] = static_cast<float>(deviation * normals[j - i]);
  }
}

Tensor elements(Tensor t, int64_t begin, int64_t n) {
  return {static_cast<std::byte*>(t.data) + static_cast<size_t>(begin) * size_of(t.dtype),
          {n},
          t.dtype};
}

// Uploads the values, which are copied on the host only if they must be converted.
void upload_converted(kernels::Backend& backend, Tensor to, const HostTensor& values) {
  if (values.dtype() == to.dtype) return upload(backend, to, values);
  upload(backend, to, values.to(to.dtype));
}

}  // namespace

Parameter& ParameterStore::add(std::string name, Shape shape, Init init, bool decay) {
  ALBERT_CHECK(!find(name), "parameter ", name, " is declared twice");
  return parameters_.emplace_back(
      Parameter{std::move(name), shape, init, decay, {}, {}, {}, {}, {}});
}

Parameter& ParameterStore::stack(const std::vector<Parameter*>& parts) {
  const Shape& first = parts.front()->shape;
  int64_t rows = 0;
  for (const Parameter* part : parts) rows += part->shape[0];
  Stack stack{{"",
               first.rank() == 1 ? Shape{rows} : Shape{rows, first[1]},
               Init::kZeros,
               false,
               {},
               {},
               {},
               {},
               {}},
              parts};
  return stacks_.emplace_back(std::move(stack)).view;
}

Parameter* ParameterStore::find(std::string_view name) {
  for (Parameter& p : parameters_)
    if (p.name == name) return &p;
  return nullptr;
}

int64_t ParameterStore::count() const {
  int64_t n = 0;
  for (const Parameter& p : parameters_) n += p.shape.size();
  return n;
}

const Parameter& ParameterStore::whole_of(const Parameter& p) const {
  for (const Stack& stack : stacks_)
    if (std::find(stack.parts.begin(), stack.parts.end(), &p) != stack.parts.end())
      return stack.view;
  return p;
}

bool ParameterStore::is_int8(const Parameter& weight, WeightFormat format) const {
  const Parameter& whole = whole_of(weight);
  return format == WeightFormat::kInt8 && kernels::int8_bytes(whole.shape) > 0 &&
         std::find(may_be_int8_.begin(), may_be_int8_.end(), &whole) != may_be_int8_.end();
}

ParameterStore::Layout ParameterStore::layout(WeightFormat format) const {
  const auto follows = [&](const Parameter& p) {  // inside a stack, right behind the part before it
    const Parameter& whole = whole_of(p);
    return &whole != &p && std::any_of(stacks_.begin(), stacks_.end(), [&](const Stack& stack) {
      return &stack.view == &whole && stack.parts.front() != &p;
    });
  };
  Layout layout;
  for (const Parameter& p : parameters_) {
    if (!follows(p)) layout.size = aligned(layout.size);
    layout.offsets.push_back(layout.size);
    if (!is_int8(p, format)) layout.size += p.shape.size();
  }
  layout.size = aligned(layout.size);
  return layout;
}

// Beside weights in int8 nothing is packed: what is left are the small matmuls of heads, and memory
// is what int8 saves.
size_t ParameterStore::packed_bytes(kernels::Stream stream, const Parameter& p, DType compute,
                                    WeightFormat format) const {
  return format == WeightFormat::kInt8 ? 0 : kernels::packed_bytes(stream, p.shape, compute);
}

ParameterBytes ParameterStore::bytes(kernels::Stream stream, Precision precision, bool gradients,
                                     WeightFormat format) const {
  const auto n = static_cast<size_t>(layout(format).size);
  const DType compute = compute_dtype(precision), master = master_dtype(precision);
  ParameterBytes b;
  b.values = n * size_of(master);
  b.gradients = gradients ? b.values : 0;
  b.compute = compute == master ? 0 : n * size_of(compute);
  for (const Parameter* p : packed_) {
    b.packed += aligned_bytes(packed_bytes(stream, *p, compute, format));
    if (is_int8(*p, format)) b.int8 += aligned_bytes(kernels::int8_bytes(p->shape));
  }
  return b;
}

std::vector<Tensor> ParameterStore::views(Tensor flat, const Layout& layout) const {
  std::vector<Tensor> result;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const size_t begin = static_cast<size_t>(layout.offsets[i]) * size_of(flat.dtype);
    result.push_back(
        flat ? Tensor{static_cast<std::byte*>(flat.data) + begin, parameters_[i].shape, flat.dtype}
             : Tensor{});
  }
  return result;
}

void ParameterStore::materialize(kernels::Backend& backend, Precision precision, bool gradients,
                                 WeightFormat format) {
  backend_ = &backend;
  const ParameterBytes need = bytes(backend.stream(), precision, gradients, format);
  const Layout at = layout(format);
  const DType master = master_dtype(precision), compute = compute_dtype(precision);
  values_ = {backend, need.values};
  grads_ = {backend, need.gradients};
  compute_ = {backend, need.compute};
  packed_bytes_ = {backend, need.packed};
  int8_bytes_ = {backend, need.int8};
  flat_values_ = {values_.data(), {at.size}, master};
  flat_grads_ = gradients ? Tensor{grads_.data(), {at.size}, master} : Tensor{};
  flat_compute_ = compute == master ? flat_values_ : Tensor{compute_.data(), {at.size}, compute};
  const auto values = views(flat_values_, at), grads = views(flat_grads_, at),
             computes = views(flat_compute_, at);
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const bool held = !is_int8(parameters_[i], format);
    parameters_[i].value = held ? values[i] : Tensor{nullptr, parameters_[i].shape, master};
    parameters_[i].grad = grads[i];
    parameters_[i].compute = held ? computes[i] : Tensor{nullptr, parameters_[i].shape, compute};
  }
  for (Stack& stack : stacks_) {
    const Parameter& first = *stack.parts.front();
    stack.view.value = {first.value.data, stack.view.shape, master};
    stack.view.grad = {first.grad.data, stack.view.shape, master};
    stack.view.compute = {first.compute.data, stack.view.shape, compute};
  }
  place_packed(compute, format);
}

void ParameterStore::place_packed(DType compute, WeightFormat format) {
  quantized_.clear();
  auto* packed = static_cast<std::byte*>(packed_bytes_.data());
  auto* int8 = static_cast<std::byte*>(int8_bytes_.data());
  const auto place = [](std::byte*& next, size_t size) {
    const Tensor t = size > 0 ? Tensor{next, {static_cast<int64_t>(size)}, DType::kU8} : Tensor{};
    next += aligned_bytes(size);
    return t;
  };
  for (Parameter* p : packed_) {
    p->packed = place(packed, packed_bytes(backend_->stream(), *p, compute, format));
    const bool quantized = is_int8(*p, format);
    p->int8 = place(int8, quantized ? kernels::int8_bytes(p->shape) : 0);
    if (quantized) quantized_.push_back({p});
  }
}

ParameterStore::Quantized* ParameterStore::quantized(const Parameter& p) {
  const Parameter& whole = whole_of(p);
  const auto at = std::find_if(quantized_.begin(), quantized_.end(),
                               [&](const Quantized& q) { return q.weight == &whole; });
  return at == quantized_.end() ? nullptr : &*at;
}

// Returns where the values of a parameter are to be written.
Tensor ParameterStore::begin_write(const Parameter& p) {
  Quantized* q = quantized(p);
  if (!q) return p.value;
  if (q->missing == 0) {
    q->missing = q->weight->shape.size();
    q->staged = {*backend_, static_cast<size_t>(q->missing) * sizeof(float)};
  }
  int64_t before = 0;
  for (const Stack& stack : stacks_)
    if (&stack.view == q->weight)
      for (const Parameter* part : stack.parts) {
        if (part == &p) break;
        before += part->shape.size();
      }
  return {static_cast<float*>(q->staged.data()) + before, p.shape, DType::kF32};
}

void ParameterStore::end_write(const Parameter& p, int64_t elements) {
  Quantized* q = quantized(p);
  if (!q) return;
  q->missing -= elements;
  if (q->missing > 0) return;
  kernels::int8_quantize(backend_->stream(), q->weight->int8,
                         {q->staged.data(), q->weight->shape, DType::kF32});
  q->staged = {};
}

void ParameterStore::initialize(uint64_t seed, double initializer_range,
                                const std::function<bool(const Parameter&)>& wanted) {
  uint32_t index = 0;
  for (Parameter& p : parameters_) {
    const uint32_t position = index++;
    if (wanted && !wanted(p)) continue;
    const Tensor to = begin_write(p);
    for (int64_t begin = 0; begin < p.shape.size(); begin += kDrawnAtOnce) {
      HostTensor values(DType::kF32, {std::min(kDrawnAtOnce, p.shape.size() - begin)});
      if (p.init == Init::kNormal)
        draw_normals(values, begin, seed, position, initializer_range);
      else
        std::fill_n(values.data<float>(), values.size(), p.init == Init::kOnes ? 1.0F : 0.0F);
      upload_converted(*backend_, elements(to, begin, values.size()), values);
    }
    end_write(p, p.shape.size());
  }
}

void ParameterStore::write(const Parameter& parameter, const HostTensor& values) {
  upload_converted(*backend_, begin_write(parameter), values);
  end_write(parameter, parameter.shape.size());
}

void ParameterStore::sync_compute_copies(kernels::Stream stream) {
  for (const Quantized& q : quantized_)
    ALBERT_CHECK(q.missing == 0, "an int8 weight ", q.weight->shape, " lacks ", q.missing,
                 " of its values");
  if (flat_compute_.data != flat_values_.data) kernels::cast(stream, flat_compute_, flat_values_);
  for (Parameter* p : packed_)
    if (p->packed) kernels::pack_weight(stream, p->packed, p->compute);
}

void ParameterStore::zero_grads() {
  if (flat_grads_) backend_->clear(flat_grads_.data, flat_grads_.bytes());
}

}  // namespace albert
