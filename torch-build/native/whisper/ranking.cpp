#include "ranking.h"

#include <algorithm>
#include <cmath>

namespace whisper {

namespace {

double score(const Hypothesis& hypothesis, double length_penalty) {
  const double length = static_cast<double>(hypothesis.tokens.size());
  // openai-whisper divides by zero here.
  const double penalty = length_penalty < 0 ? std::max(length, 1.0)
                                            : std::pow((5 + length) / 6, length_penalty);
  return hypothesis.sum_logprob / penalty;
}

} // namespace

size_t best_hypothesis(const std::vector<Hypothesis>& hypotheses, double length_penalty) {
  size_t best = 0;
  double best_score = score(hypotheses.at(0), length_penalty);
  for (size_t index = 1; index < hypotheses.size(); ++index) {
    const double other = score(hypotheses[index], length_penalty);
    if (other > best_score) {
      best = index;
      best_score = other;
    }
  }
  return best;
}

} // namespace whisper
