#include "sampling.h"

namespace whisper {

TokenDistribution::TokenDistribution(const ScoredRow& row, double temperature)
    : row_(row), factor_(static_cast<float>(1 / temperature)) {
  for (const TokenBlock& block : *row.blocks) {
    const float* logits = row.logits + block.begin;
    sums_.push_back(
        block.begin < row.begin
            ? 0
            : row_kernels().sum_exponentials(
                  logits, block.end - block.begin, row.maximum, factor_));
    total_ += sums_.back();
  }
}

int64_t TokenDistribution::token_at(double position) const {
  double target = position * total_;
  const TokenBlock* last = nullptr;
  for (size_t index = 0; index < sums_.size(); ++index) {
    if (!(sums_[index] > 0)) {
      continue;
    }
    last = &(*row_.blocks)[index];
    if (target < sums_[index]) {
      return token_in(*last, target);
    }
    target -= sums_[index];
  }
  // Rounding took it past the end; or the logits are not numbers.
  return last == nullptr ? row_.begin : token_in(*last, total_);
}

// The last possible one where the sum of the block does not reach `target`.
int64_t TokenDistribution::token_in(const TokenBlock& block, double target) const {
  const int64_t count = block.end - block.begin;
  float weights[kTokenBlock];
  row_kernels().exponentials(
      row_.logits + block.begin, count, row_.maximum, factor_, weights);
  double sum = 0;
  int64_t token = block.begin;
  for (int64_t index = 0; index < count && sum <= target; ++index) {
    if (weights[index] > 0) {
      sum += weights[index];
      token = block.begin + index;
    }
  }
  return token;
}

} // namespace whisper
