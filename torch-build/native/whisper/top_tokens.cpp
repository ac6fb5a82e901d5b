#include "top_tokens.h"

#include <algorithm>
#include <cmath>

namespace whisper {

namespace {

// What is not a number comes first.
bool precedes(const TokenLogprob& a, const TokenLogprob& b) {
  return (std::isnan(a.first) && !std::isnan(b.first)) || a.first > b.first;
}

} // namespace

// PyTorch calls std::partial_sort on all tokens. That keeps the best of the tokens so far in a heap
// whose top is the worst of them, and replaces the top by each token that precedes it. The same
// is done here, with the same steps of the heap; but a token whose logit is not above the top's
// is passed by unseen.
void top_tokens(const ScoredRow& row, int64_t count, std::vector<TokenLogprob>& result) {
  const RowKernels& kernels = row_kernels();
  // The place after the heap is where std::pop_heap finds what comes in, and leaves what goes out.
  result.resize(count + 1);
  const auto begin = result.begin();
  for (int64_t token = 0; token < count; ++token) {
    result[token] = {row.logprob(token), token};
  }
  std::make_heap(begin, begin + count, precedes);
  float threshold = row.logit(begin->second);
  for (size_t index = 0; index < row.blocks->size(); ++index) {
    const TokenBlock& block = (*row.blocks)[index];
    if (block.begin < row.begin || !(row.statistics[index].maximum > threshold)) {
      continue;
    }
    int64_t token = std::max(block.begin, count);
    while (token < block.end) {
      token += kernels.first_above(row.logits + token, block.end - token, threshold);
      if (token >= block.end) {
        break;
      }
      result[count] = {row.logprob(token), token};
      if (precedes(result[count], *begin)) {
        std::pop_heap(begin, begin + count + 1, precedes);
        threshold = row.logit(begin->second);
      }
      ++token;
    }
  }
  result.resize(count);
  std::sort_heap(result.begin(), result.end(), precedes);
}

} // namespace whisper
