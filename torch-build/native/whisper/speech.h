// Where somebody speaks: Silero's detector of voice activity.
#pragma once

#include <ATen/core/Tensor.h>

namespace whisper {

// samples (64 + 512 * frames,): what was before, and frames of 32 ms; state (2, 128): the memory's
// output and its content, which are changed. weights: for the Fourier transform, the convolutions,
// the memory's input and its recurrence packed weights, scales and bias of each; the last layer's
// weights and its bias. Returns (frames,): how probably somebody speaks.
at::Tensor detect_speech(
    at::TensorList weights, const at::Tensor& samples, const at::Tensor& state);

} // namespace whisper
