#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "albert/engine/arena.h"
#include "albert/engine/uploads.h"
#include "albert/kernels/dispatch.h"

namespace albert {

using kernels::Grad;
using kernels::Stream;

class Tape;

// A value of a step and the place of its gradient. Copying a Var copies a pointer.
class Var {
 public:
  Tensor value() const { return node_->value; }
  const Shape& shape() const { return node_->value.shape; }
  DType dtype() const { return node_->value.dtype; }
  Tensor grad() const { return node_->grad; }  // valid after backward; empty if nothing wrote it

 private:
  friend class Tape;
  struct Node {
    Tape* owner;
    Tensor value, grad;
    bool wants_grad, written;
  };
  explicit Var(std::shared_ptr<Node> node) : node_(std::move(node)) {}
  std::shared_ptr<Node> node_;
};

// Storage chosen by the caller for a value and its gradient; empty: the arena.
struct Placement {
  Tensor value = {}, grad = {};
};

enum class Mode : uint8_t { kInference, kTraining };

// Says which values stay on the arena between forward and backward. kActivations: all that backward
// reads.
// kRecompute: only each segment's input and output; backward runs the segment again.
// kBatchedWeightGradients: as kActivations, and for layers that run more than once also the
// gradients of their matmuls, so that each shared weight's gradient is one matmul over all runs.
enum class Keep : uint8_t { kActivations, kRecompute, kBatchedWeightGradients };

// Collects the backward functions of a step and runs them in reverse order.
class Tape {
 public:
  // `uploads` is null where kernels read the host's memory.
  Tape(Stream stream, Arena& arena, Mode mode, Uploads* uploads = nullptr)
      : Tape(stream, arena, mode, uploads, mode == Mode::kTraining) {}
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  Var input(Tensor value) { return make(value, true); }      // with a gradient
  Var constant(Tensor value) { return make(value, false); }  // without
  // An operation's output. Error(kInternal) for a place of another shape.
  Var output(Shape s, DType t, const Placement& at = {});
  // An operation's output that shares memory with its input.
  Var alias(Tensor value) { return make(value, true); }
  // Uninitialised memory that lives until the operation's backward is done.
  Tensor save(Shape s, DType t) { return arena_.allocate(s, t); }

  // A host array where kernels can read it: on the host itself, or in a device's memory. Operations
  // call it for the ids, labels and lengths that they are given. Kernels only read the result.
  Tensor on_device(HostView host) {
    if (uploads_ && host) return uploads_->stage(host);
    return {const_cast<void*>(host.data), host.shape, host.dtype};
  }
  // Values [n] that change from step to step, in device memory that a replayed step reads anew.
  // Empty where kernels read the host's memory: there they are arguments of the call.
  template <class T>
  Tensor on_device(std::initializer_list<T> values) {
    if (!uploads_) return {};
    return uploads_->stage_values(
        {values.begin(), {static_cast<int64_t>(values.size())}, DTypeOf<T>::value});
  }

  Stream stream() const { return stream_; }
  Arena& arena() { return arena_; }
  // True if backward will come. Forward then computes exactly what backward assumes, also in a
  // segment that is recomputed later.
  bool training() const { return mode_ == Mode::kTraining; }

  // Registers `fn`, which runs in backward with the gradient of `y`. It never runs if nothing
  // downstream used `y`.
  using Backward = std::function<void(Tape&, Tensor dy)>;
  void on_backward(Var y, Backward fn);

  // The place of v's gradient and how to write it: the first writer assigns, the others add.
  struct Sink {
    Tensor tensor;
    Grad mode;
  };
  Sink sink(Var v);

  // Gives `y` an upstream gradient of its shape. backward() then runs every registered function,
  // the last one first.
  void seed(Var y, Tensor dy);
  void backward();

  // y = f(x), of shape `y_shape`. Gradients inside f live only while f's backward runs. With
  // kRecompute so do its activations: forward keeps x and y, and backward runs f once more. In
  // inference only y is kept, in `into` if that is given. f depends on x, constants and parameters
  // alone. It may run again after the caller has returned, so it must capture by value.
  using Segment = std::function<Var(Tape&, Var)>;
  Var segment(const Segment& f, Var x, Shape y_shape, Keep keep, Tensor into = {});

 private:
  Tape(Stream stream, Arena& arena, Mode mode, Uploads* uploads, bool has_backward)
      : stream_(stream),
        arena_(arena),
        mode_(mode),
        uploads_(uploads),
        has_backward_(has_backward) {}
  Var make(Tensor value, bool wants_grad);
  void copy(Tensor to, Tensor from);
  Var kept_segment(const Segment& f, Var x);
  void backward_into(Sink dx, Var inner_x, Var inner_y, Tensor dy);

  struct Step {
    Var y;
    Backward fn;
  };
  Stream stream_;
  Arena& arena_;
  Mode mode_;
  Uploads* uploads_;
  bool has_backward_;
  std::vector<Step> steps_;
};

}  // namespace albert
