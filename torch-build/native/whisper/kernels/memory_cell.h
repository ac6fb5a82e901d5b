// A step of a cell of long short-term memory, which the detector of speech has.
#pragma once

#include "vector.h"

namespace {

// Gates are (4, size): input gate, forget gate, content and output gate, each the sum of what comes
// from the input and from the last output. `size` is a multiple of 16.
void remember(
    const float* from_input, const float* from_output, int64_t size, float* output,
    float* content) {
  const auto gate = [&](int64_t part, int64_t at) {
    return loadf(from_input + part * size + at) + loadf(from_output + part * size + at);
  };
  for (int64_t i = 0; i < size; i += kLanes) {
    const F kept = sigmoid(gate(1, i)) * loadf(content + i);
    const F now = sigmoid(gate(0, i)) * hyperbolic_tangent(gate(2, i)) + kept;
    store(content + i, now);
    store(output + i, sigmoid(gate(3, i)) * hyperbolic_tangent(now));
  }
}

} // namespace
