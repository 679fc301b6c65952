#pragma once
#include <memory>
#include <string>

#include "kernels/stream.h"

namespace albert::kernels {

// What oneDNN needs between calls: engine, primitives by shape, scratch per thread. One per Backend; its primitives
// may run on all of the stream's threads at once.
struct MatmulContextDeleter {
  void operator()(MatmulContext* context) const noexcept;
};
using MatmulContextPtr = std::unique_ptr<MatmulContext, MatmulContextDeleter>;

MatmulContextPtr make_matmul_context(int threads, Isa isa);

std::string matmul_library();  // "oneDNN 2.6.3 (avx512_core_bf16)": for albert doctor

}  // namespace albert::kernels
