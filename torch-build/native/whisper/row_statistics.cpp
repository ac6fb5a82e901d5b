#include "row_statistics.h"

#include "capability.h"

#include <cmath>

namespace whisper {

const RowKernels& row_kernels() {
  return *kernels().rows;
}

float token_probability(const float* logits, int64_t vocabulary, int64_t token) {
  const BlockStatistics row = row_kernels().statistics(logits, vocabulary);
  return static_cast<float>(std::exp(static_cast<double>(logits[token] - row.maximum)) / row.sum);
}

} // namespace whisper
