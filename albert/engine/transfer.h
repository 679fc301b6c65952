#pragma once
#include "albert/engine/deferred.h"
#include "albert/engine/host_tensor.h"
#include "albert/kernels/backend.h"

namespace albert {

// A copy of what lies at `t`, of the same shape; waits for the work that writes it. Zeros on kMeta.
HostTensor download(kernels::Backend& backend, Tensor t);
// The same without waiting yet: of what `t` holds when the work queued so far is done.
Deferred<HostTensor> start_download(kernels::Backend& backend, Tensor t);

// Puts `from` at `to`. Error(kInternal) where type or size differ.
void upload(kernels::Backend& backend, Tensor to, const HostTensor& from);

}  // namespace albert
