// Checked by the compiler alone: a kernel takes OPERAND = albert::Tensor, which lies on the device,
// and refuses OPERAND = albert::HostView.
#include "albert/engine/host_view.h"
#include "albert/kernels/row_ops.h"

void gather(const albert::kernels::Stream& s, albert::Tensor y, albert::Tensor x, OPERAND index) {
  albert::kernels::gather_rows(s, y, x, index);
}
