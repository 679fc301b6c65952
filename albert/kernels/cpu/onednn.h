#pragma once
// oneDNN's C++ interface, and the two calls of ours that its versions 2 and 3 spell differently.
#include <dnnl.hpp>

namespace albert::kernels::cpu {

// The plan of dst = src * weights + bias, or without a bias where that is null.
inline dnnl::matmul::primitive_desc plan_matmul(
    const dnnl::engine& engine, const dnnl::memory::desc& src, const dnnl::memory::desc& weights,
    const dnnl::memory::desc* bias, const dnnl::memory::desc& dst,
    const dnnl::primitive_attr& attributes = dnnl::primitive_attr()) {
  using dnnl::matmul;
#if DNNL_VERSION_MAJOR >= 3
  return bias ? matmul::primitive_desc(engine, src, weights, *bias, dst, attributes)
              : matmul::primitive_desc(engine, src, weights, dst, attributes);
#else
  return {bias ? matmul::desc(src, weights, *bias, dst) : matmul::desc(src, weights, dst),
          attributes, engine};
#endif
}

inline void append_eltwise(dnnl::post_ops& ops, dnnl::algorithm algorithm, float alpha) {
#if DNNL_VERSION_MAJOR >= 3
  ops.append_eltwise(algorithm, alpha, 0);
#else
  ops.append_eltwise(1, algorithm, alpha, 0);
#endif
}

}  // namespace albert::kernels::cpu
