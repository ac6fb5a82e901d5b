#include "exact_sampling.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/multinomial.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/sub.h>

#include <algorithm>

namespace whisper {

std::vector<int64_t> sample_exactly(
    const std::vector<const ScoredRow*>& rows, int64_t vocabulary, double temperature) {
  const int64_t count = static_cast<int64_t>(rows.size());
  const at::Tensor logits = at::empty({count, vocabulary}, at::kFloat);
  const float divisor = static_cast<float>(temperature);
  float* result = logits.mutable_data_ptr<float>();
  for (const ScoredRow* row : rows) {
    if (row == nullptr) {
      std::fill(result, result + vocabulary, 0.0f);
    } else {
      for (int64_t token = 0; token < vocabulary; ++token) {
        result[token] = row->logit(token) / divisor;
      }
    }
    result += vocabulary;
  }
  const at::Tensor logprobs = at::sub(logits, at::logsumexp(logits, {-1}, true));
  const at::Tensor tokens = at::multinomial(at::softmax(logprobs, -1), 1, true);
  const int64_t* data = tokens.const_data_ptr<int64_t>();
  return {data, data + count};
}

} // namespace whisper
