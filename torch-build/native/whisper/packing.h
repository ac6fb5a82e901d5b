// Weights in panels of 16 outputs, as the kernels read them.
//
// Row k of a panel holds what the 16 outputs have at the depths of one group, output by output: 1
// depth in float32 and float16, 2 in bfloat16 and int16, 4 in int8. Outputs that are missing to a
// whole panel are zero.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <tuple>

namespace whisper {

// weight (outputs, depth), float32 or float16 -> packed (panels, depth / group, 16[, group]), and
// scales (2, outputs) of integers: by what they are to be multiplied, and their L2 norm.
std::tuple<at::Tensor, at::Tensor> pack(const at::Tensor& weight, const std::string& form);

} // namespace whisper
