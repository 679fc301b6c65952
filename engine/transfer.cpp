#include "engine/transfer.h"

namespace albert {

HostTensor download(kernels::Backend& backend, Tensor t) {
  std::vector<int64_t> shape;
  for (int i = 0; i < t.shape.rank(); ++i) shape.push_back(t.shape[i]);
  HostTensor host(t.dtype, std::move(shape));
  if (host.bytes() > 0) backend.copy_to_host(host.raw(), t.data, host.bytes());
  return host;
}

void upload(kernels::Backend& backend, Tensor to, const HostTensor& from) {
  ALBERT_CHECK(from.dtype() == to.dtype && from.size() == to.shape.size(), "upload of ", from.shape_string(), ' ',
               from.dtype(), " to ", to.shape, ' ', to.dtype);
  if (from.bytes() > 0) backend.copy_to_device(to.data, from.raw(), from.bytes());
}

}  // namespace albert
