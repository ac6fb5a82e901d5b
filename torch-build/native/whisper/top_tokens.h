// The most probable tokens of a row.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "scored_rows.h"

namespace whisper {

// A log probability and its token.
using TokenLogprob = std::pair<float, int64_t>;

// The `count` most probable tokens, in falling order. Which of equally probable ones are taken,
// and in which order, is as with torch.topk on the processor, where 64 times `count` is no more
// than the vocabulary.
void top_tokens(const ScoredRow& row, int64_t count, std::vector<TokenLogprob>& result);

} // namespace whisper
