// The keys and values of a window that all decoder rows attend to: computed once.
#pragma once

#include "weights.h"

#include <vector>

namespace whisper {

// features (positions, state) -> keys (layers, heads, padded, 64), values of the same size, both in
// panels, and scales (2, layers, state) of the channels. The form follows that of the decoder's
// layers: int8 where they are, bfloat16 where they are, else float32.
std::vector<at::Tensor> make_cross(
    at::TensorList weights, const at::Tensor& features, int64_t heads);

// What make_cross returned, by layer.
std::vector<CrossCache> read_cross(at::TensorList cross, int64_t heads);

} // namespace whisper
