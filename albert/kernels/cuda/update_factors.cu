#include "albert/kernels/cuda/loops.h"
#include "albert/kernels/update_factors.h"

namespace albert::kernels::cuda {
namespace {

template <class F>
SIMT_KERNEL(simt::kWarp)
update_factors_kernel(UpdateFactors* factors, UpdateState* state, F* loss_scale,
                      const double* squares, const double* learning_rate, UpdateRule rule) {
  if (simt::thread() != 0) return;
  UpdateState now = *state;
  *factors = next_update(now, *squares, *learning_rate, rule);
  *loss_scale = static_cast<F>(now.loss_scale.value);
  *state = now;
}

template <class F>
void launch(const Stream& s, Tensor factors, Tensor state, Tensor loss_scale, Tensor squares,
            Tensor learning_rate, const UpdateRule& rule) {
  simt::launch(s, {1, simt::kWarp}, update_factors_kernel<F>,
               static_cast<UpdateFactors*>(factors.data), static_cast<UpdateState*>(state.data),
               data<F>(loss_scale), data<const double>(squares), data<const double>(learning_rate),
               rule);
}

}  // namespace

void update_factors(Stream s, Tensor factors, Tensor state, Tensor loss_scale, Tensor squares,
                    Tensor learning_rate, const UpdateRule& rule) {
  if (loss_scale.dtype == DType::kF64)
    return launch<double>(s, factors, state, loss_scale, squares, learning_rate, rule);
  launch<float>(s, factors, state, loss_scale, squares, learning_rate, rule);
}

}  // namespace albert::kernels::cuda
