#include "row_statistics.h"

#include <cmath>

namespace whisper {

namespace {

struct Baseline {};

} // namespace

const RowKernels& row_kernels() {
  static constexpr RowKernels kernels = RowStatistics<Baseline>::kernels();
  return kernels;
}

float token_probability(const float* logits, int64_t vocabulary, int64_t token) {
  const BlockStatistics row = row_kernels().statistics(logits, vocabulary);
  return static_cast<float>(std::exp(static_cast<double>(logits[token] - row.maximum)) / row.sum);
}

} // namespace whisper
