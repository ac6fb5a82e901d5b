// The logits of hypotheses after the rules, and their log probabilities.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "row_statistics.h"
#include "search.h"
#include "token_rules.h"

namespace whisper {

// Tokens are worked through in blocks that the first cache holds. Text and timestamps have blocks
// of their own.
constexpr int64_t kTokenBlock = 4096;

struct TokenBlock {
  int64_t begin;
  int64_t end;
};

// A row of logits that the rules were applied to.
struct ScoredRow {
  const float* logits;
  // The tokens before have no probability: all text, where a timestamp is due. A block begins here.
  int64_t begin;
  const std::vector<TokenBlock>* blocks;
  const BlockStatistics* statistics; // of each block
  float maximum;
  float log_sum; // of exp(logit - maximum)

  // In the order of PyTorch's operations, so that what is equal there is equal here.
  float logprob(int64_t token) const {
    return (logit(token) - maximum) - log_sum;
  }

  float logit(int64_t token) const {
    return token < begin ? -std::numeric_limits<float>::infinity() : logits[token];
  }

  // The first token with the largest logit.
  int64_t best_token() const;
};

struct UnscoredRow {
  float* logits;
  TokenMask mask;
};

class RowScorer {
 public:
  explicit RowScorer(const SearchOptions& options);

  const TokenRules& rules() const {
    return rules_;
  }

  // Applies the rules to rows and measures them. What it returns is good until the next call.
  const std::vector<ScoredRow>& score(const std::vector<UnscoredRow>& rows, Team& team);

 private:
  ScoredRow measure(const float* logits, const BlockStatistics* statistics) const;

  const TokenRules rules_;
  const bool timestamps_;
  std::vector<TokenBlock> blocks_;
  size_t text_blocks_;
  std::vector<BlockStatistics> statistics_;
  std::vector<ScoredRow> scored_;
};

} // namespace whisper
