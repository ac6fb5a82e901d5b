// Which tokens may follow: those that are suppressed, and openai-whisper's rules of timestamps.
//
// A rule takes a token's probability away by setting its logit to minus infinity. All but one of
// them follow from the tokens so far; that one, which needs the logits, is in scored_rows.h.
#pragma once

#include <cstdint>
#include <vector>

#include "search.h"

namespace whisper {

// The tokens that the rules leave to a hypothesis: text and special tokens from `text_begin` on,
// and the timestamps from `timestamps_begin` up to `timestamps_end`, which is excluded.
struct TokenMask {
  bool first;
  int64_t text_begin;
  int64_t timestamps_begin;
  int64_t timestamps_end;
};

class TokenRules {
 public:
  explicit TokenRules(const SearchOptions& options);

  // `tokens` are those after the prompt.
  TokenMask mask(const std::vector<int64_t>& tokens) const;

  // Applies a mask and the suppression to the logits of the tokens from `begin` up to `end`.
  void apply(const TokenMask& mask, float* logits, int64_t begin, int64_t end) const;

 private:
  bool is_timestamp(int64_t token) const {
    return token >= timestamp_begin_;
  }

  const int64_t vocabulary_;
  const int64_t eot_;
  const int64_t timestamp_begin_;
  const bool timestamps_;
  const int64_t max_initial_timestamp_;
  // In order.
  std::vector<int64_t> suppressed_;
  std::vector<int64_t> suppressed_first_;
};

} // namespace whisper
