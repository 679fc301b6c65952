#pragma once
#include "albert/kernels/activation.h"
#include "albert/kernels/stream.h"

namespace albert::kernels {

// Linear layers with weights of 8 bits and activations that are brought to 8 bits row by row
// (docs/numerics.md, "int8"). All instruction sets give the same bits. CPU only.

// The bytes of a quantized weight [out, in]: values, and a scale per output. 0 where in is too
// large to be summed in 32 bits. It is valid for the backend that quantized it.
size_t int8_bytes(Shape weight);

// quantized [int8_bytes] u8;  weight [out, in] f32
void int8_quantize(Stream s, Tensor quantized, Tensor weight);

// y = activation(x weightT + bias). A row of x that is not finite gives a row of NaN.
//   y [rows, out], x [rows, in] f32;  quantized [int8_bytes] u8;  bias [out] f32 or empty
void linear_int8(Stream s, Tensor y, Tensor x, Tensor quantized, Tensor bias,
                 Activation activation);

// The implementations take checked operands.
namespace cpu {
size_t int8_bytes(Shape weight);
void int8_quantize(Stream s, Tensor quantized, Tensor weight);
void linear_int8(Stream s, Tensor y, Tensor x, Tensor quantized, Tensor bias,
                 Activation activation);
}  // namespace cpu

}  // namespace albert::kernels
