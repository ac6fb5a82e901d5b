// The encoder of a window as one call, and what the decoder attends to as another.
#pragma once

#include "weights.h"

namespace whisper {

// mel (mels, 2 * positions) -> (positions, state), float32. Fewer positions than those of a whole
// window are cheaper, and not what Whisper was trained with.
at::Tensor encode(at::TensorList weights, const at::Tensor& mel, int64_t heads);

} // namespace whisper
