#include "albert/kernels/update_factors.h"
#include "albert/kernels/cpu/types.h"

namespace albert::kernels::cpu::ALBERT_CPU_ISA {

void update_factors(Stream, Tensor factors, Tensor state, Tensor loss_scale, Tensor squares,
                    Tensor learning_rate, const UpdateRule& rule) {
  auto& now = *static_cast<UpdateState*>(state.data);
  *static_cast<UpdateFactors*>(factors.data) =
      next_update(now, *data<const double>(squares), *data<const double>(learning_rate), rule);
  if (loss_scale.dtype == DType::kF64)
    *data<double>(loss_scale) = now.loss_scale.value;
  else
    *data<float>(loss_scale) = static_cast<float>(now.loss_scale.value);
}

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
