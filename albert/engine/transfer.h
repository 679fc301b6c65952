#pragma once
#include "albert/engine/deferred.h"
#include "albert/engine/host_tensor.h"
#include "albert/kernels/backend.h"

namespace albert {

// A copy of `t` of the same shape and dtype. It waits for the work that writes `t`. On kMeta it is
// all zeros.
HostTensor download(kernels::Backend& backend, Tensor t);
// A copy of what `t` holds when the work queued so far is done; only get() waits for it.
Deferred<HostTensor> start_download(kernels::Backend& backend, Tensor t);

// Copies `from` to `to`. Error(kInternal) when their dtypes or sizes differ.
void upload(kernels::Backend& backend, Tensor to, const HostTensor& from);

}  // namespace albert
