// Drawing tokens from a generator of our own: one random number a token, where PyTorch draws one
// for each token of the vocabulary.
#pragma once

#include <cstdint>
#include <vector>

#include "scored_rows.h"

namespace whisper {

// The probabilities of a row's tokens at a temperature.
class TokenDistribution {
 public:
  TokenDistribution(const ScoredRow& row, double temperature);

  // The token at `position`, between zero and one, of the cumulative probability.
  int64_t token_at(double position) const;

 private:
  int64_t token_in(const TokenBlock& block, double target) const;

  const ScoredRow& row_;
  const float factor_;
  std::vector<double> sums_; // of each block
  double total_ = 0;
};

} // namespace whisper
