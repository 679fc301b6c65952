#include "albert/engine/tape.h"

#include <utility>

#include "albert/kernels/row_ops.h"

namespace albert {

Var Tape::make(Tensor value, bool wants_grad) {
  return Var(std::make_shared<Var::Node>(Var::Node{this, value, {}, wants_grad, false}));
}

Var Tape::output(Shape s, DType t, const Placement& at) {
  ALBERT_CHECK(!at.value || at.value.shape == s, "no place for ", s, " in ", at.value.shape);
  Var y = make(at.value ? at.value : arena_.allocate(s, t), true);
  y.node_->grad = at.grad;
  return y;
}

void Tape::on_backward(Var y, Backward fn) {
  if (has_backward_) steps_.push_back({std::move(y), std::move(fn)});
}

Tape::Sink Tape::sink(Var v) {
  auto& node = *v.node_;
  ALBERT_CHECK(node.owner == this, "a segment may not reach a Var from outside it");
  if (!node.wants_grad) return {{}, Grad::kIgnore};
  if (!node.grad) node.grad = arena_.allocate(node.value.shape, node.value.dtype);
  return {node.grad, std::exchange(node.written, true) ? Grad::kAdd : Grad::kAssign};
}

void Tape::seed(Var y, Tensor dy) {
  ALBERT_CHECK(dy.shape == y.shape(), "upstream gradient ", dy.shape, " for a value ", y.shape());
  const Sink dy_slot = sink(y);
  kernels::accumulate(stream_, dy_slot.tensor, dy_slot.mode, dy);
}

void Tape::backward() {
  for (; !steps_.empty(); steps_.pop_back()) {
    Step& step = steps_.back();
    if (step.y.node_->written) step.fn(*this, step.y.node_->grad);
  }
}

void Tape::backward_into(Sink dx, Var inner_x, Var inner_y, Tensor dy) {
  inner_x.node_->grad = dx.tensor;  // the segment writes straight into the outer slot
  inner_x.node_->wants_grad = dx.mode != Grad::kIgnore;
  inner_x.node_->written = dx.mode == Grad::kAdd;
  inner_y.node_->grad = dy;
  inner_y.node_->written = true;
  backward();
}

void Tape::copy(Tensor to, Tensor from) { kernels::cast(stream_, to, from); }

Var Tape::kept_segment(const Segment& f, Var x) {
  const auto inner = std::make_shared<Tape>(stream_, arena_, Mode::kTraining, uploads_);
  const Var inner_x = inner->input(x.value());
  const Var inner_y = f(*inner, inner_x);
  const Var y = make(inner_y.value(), true);
  on_backward(y, [=](Tape& t, Tensor dy) {
    const Sink dx = t.sink(x);  // before the mark: it outlives the segment
    const Arena::Mark mark(t.arena_);
    inner->backward_into(dx, inner_x, inner_y, dy);
  });
  return y;
}

Var Tape::segment(const Segment& f, Var x, Shape y_shape, Keep keep, Tensor into) {
  if (has_backward_ && keep != Keep::kRecompute) return kept_segment(f, x);
  const Var y = make(into ? into : arena_.allocate(y_shape, x.dtype()), true);
  {
    const Arena::Mark mark(arena_);
    Tape forward_only(stream_, arena_, mode_, uploads_, false);
    copy(y.value(), f(forward_only, forward_only.input(x.value())).value());
  }
  on_backward(y, [=](Tape& t, Tensor dy) {
    const Sink dx = t.sink(x);
    const Arena::Mark mark(t.arena_);
    Tape inner(t.stream_, t.arena_, Mode::kTraining, t.uploads_);
    const Var inner_x = inner.input(x.value());
    const Var inner_y = f(inner, inner_x);
    inner.backward_into(dx, inner_x, inner_y, dy);
  });
  return y;
}

}  // namespace albert
