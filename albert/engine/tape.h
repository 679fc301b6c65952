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

// A value in flight and the slot for its gradient. Copying a Var copies a pointer.
class Var {
 public:
  Tensor value() const { return node_->value; }
  const Shape& shape() const { return node_->value.shape; }
  DType dtype() const { return node_->value.dtype; }
  Tensor grad() const { return node_->grad; }  // after backward; empty if nothing wrote it

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

// Where a value and its gradient go when that is not for the tape to say. Empty: on the arena.
struct Placement {
  Tensor value = {}, grad = {};
};

enum class Mode : uint8_t { kInference, kTraining };

// What stays on the arena between forward and backward: a segment's activations, or its ends alone.
// kBatchedWeightGradients: of layers that run more than once also the gradients, until each shared
// weight's own is one matmul over all of them.
enum class Keep : uint8_t { kActivations, kRecompute, kBatchedWeightGradients };

// Remembers what backward must do and does it in reverse order. Nothing else.
class Tape {
 public:
  // `uploads`: null where kernels read the host's memory.
  Tape(Stream stream, Arena& arena, Mode mode, Uploads* uploads = nullptr)
      : Tape(stream, arena, mode, uploads, mode == Mode::kTraining) {}
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  Var input(Tensor value) { return make(value, true); }      // wants a gradient
  Var constant(Tensor value) { return make(value, false); }  // token ids, labels
  Var output(Shape s, DType t,
             const Placement& at = {});  // Error(kInternal) for a place of another shape
  Var alias(Tensor value) {
    return make(value, true);
  }  // an op's output that shares memory with its input
  Tensor save(Shape s, DType t) {
    return arena_.allocate(s, t);
  }  // lives until its backward is done

  // An array of the host where kernels can read it: what operations do with ids, labels and lengths
  // they are given.
  Tensor on_device(Tensor host) { return uploads_ && host ? uploads_->stage(host) : host; }
  // Values [n] that change from step to step, where a recorded step finds them anew; empty where
  // nothing is recorded.
  template <class T>
  Tensor on_device(std::initializer_list<T> values) {
    if (!uploads_) return {};
    return uploads_->stage_values(
        {const_cast<T*>(values.begin()), {static_cast<int64_t>(values.size())}, DTypeOf<T>::value});
  }

  Stream stream() const { return stream_; }
  Arena& arena() { return arena_; }
  // Whether backward will come, so that forward must do its very arithmetic: also where a segment
  // runs to be recomputed.
  bool training() const { return mode_ == Mode::kTraining; }

  // `fn` runs in backward with the gradient of `y`; never, if nothing downstream used `y`.
  using Backward = std::function<void(Tape&, Tensor dy)>;
  void on_backward(Var y, Backward fn);

  // Where the gradient of `v` goes and how: the first writer assigns, the others add.
  struct Sink {
    Tensor tensor;
    Grad mode;
  };
  Sink sink(Var v);

  // Gives `y` an upstream gradient, where kernels can read it; backward() then runs every recorded
  // step, last first.
  void seed(Var y, Tensor dy);
  void backward();

  // y = f(x), of shape `y_shape`. Gradients inside f live only while f's backward runs. With
  // kRecompute its activations do too: forward keeps x and y, backward runs f once more. In
  // inference only y is kept, in `into` when given. f depends on x, constants and parameters alone;
  // it may run again after the caller has returned, so it captures by value.
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
