#include "albert/engine/transfer.h"

#include <cstring>
#include <memory>

namespace albert {

namespace {

HostTensor host_like(Tensor t) {
  std::vector<int64_t> shape;
  for (int i = 0; i < t.shape.rank(); ++i) shape.push_back(t.shape[i]);
  return HostTensor::uninitialized(t.dtype, std::move(shape));
}

}  // namespace

HostTensor download(kernels::Backend& backend, Tensor t) {
  HostTensor host = host_like(t);
  if (host.bytes() > 0) backend.copy_to_host(host.raw(), t.data, host.bytes());
  return host;
}

Deferred<HostTensor> start_download(kernels::Backend& backend, Tensor t) {
  const size_t bytes = t.bytes();
  if (bytes == 0) return Deferred<HostTensor>([t] { return host_like(t); });
  if (backend.host_accessible()) {
    const auto host = std::make_shared<HostTensor>(download(backend, t));
    return Deferred<HostTensor>([host] { return std::move(*host); });
  }
  const std::shared_ptr<kernels::PendingCopy> copy = backend.start_copy_to_host(t.data, bytes);
  return Deferred<HostTensor>([t, copy] {
    HostTensor host = host_like(t);
    std::memcpy(host.raw(), copy->wait(), host.bytes());
    return host;
  });
}

void upload(kernels::Backend& backend, Tensor to, const HostTensor& from) {
  ALBERT_CHECK(from.dtype() == to.dtype && from.size() == to.shape.size(), "upload of ",
               from.shape_string(), ' ', from.dtype(), " to ", to.shape, ' ', to.dtype);
  if (from.bytes() > 0) backend.copy_to_device(to.data, from.raw(), from.bytes());
}

}  // namespace albert
