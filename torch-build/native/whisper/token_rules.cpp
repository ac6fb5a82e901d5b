#include "token_rules.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace whisper {

namespace {

constexpr float kNothing = -std::numeric_limits<float>::infinity();

void fill(float* logits, int64_t begin, int64_t end) {
  if (begin < end) {
    std::fill(logits + begin, logits + end, kNothing);
  }
}

void suppress(const std::vector<int64_t>& tokens, float* logits, int64_t begin, int64_t end) {
  for (auto token = std::lower_bound(tokens.begin(), tokens.end(), begin);
       token != tokens.end() && *token < end;
       ++token) {
    logits[*token] = kNothing;
  }
}

std::vector<int64_t> in_order(std::vector<int64_t> tokens, int64_t vocabulary) {
  std::sort(tokens.begin(), tokens.end());
  if (!tokens.empty() && (tokens.front() < 0 || tokens.back() >= vocabulary)) {
    throw std::invalid_argument("a token to suppress is not in the vocabulary");
  }
  return tokens;
}

std::vector<int64_t> always_suppressed(const SearchOptions& options) {
  std::vector<int64_t> tokens = options.suppress;
  if (options.timestamps && options.no_timestamps >= 0) {
    tokens.push_back(options.no_timestamps);
  }
  return in_order(std::move(tokens), options.vocabulary);
}

} // namespace

TokenRules::TokenRules(const SearchOptions& options)
    : vocabulary_(options.vocabulary),
      eot_(options.eot),
      timestamp_begin_(options.timestamp_begin),
      timestamps_(options.timestamps),
      max_initial_timestamp_(options.max_initial_timestamp),
      suppressed_(always_suppressed(options)),
      suppressed_first_(in_order(options.suppress_first, options.vocabulary)) {}

TokenMask TokenRules::mask(const std::vector<int64_t>& tokens) const {
  TokenMask mask{tokens.empty(), 0, timestamp_begin_, vocabulary_};
  if (!timestamps_) {
    return mask;
  }
  if (mask.first) {
    mask.text_begin = timestamp_begin_;
    if (max_initial_timestamp_ >= 0) {
      mask.timestamps_end = std::min(vocabulary_, timestamp_begin_ + max_initial_timestamp_ + 1);
    }
    return mask;
  }
  const auto last = tokens.rbegin();
  const bool after_timestamp = is_timestamp(*last);
  // A segment is between two timestamps; what comes after its second is the next one's first, or
  // the end.
  const bool segment_ended =
      after_timestamp && tokens.size() >= 2 && !is_timestamp(*std::next(last));
  if (segment_ended) {
    mask.text_begin = eot_;
  }
  // They do not go back, and a segment has a length.
  const auto timestamp =
      std::find_if(last, tokens.rend(), [this](int64_t token) { return is_timestamp(token); });
  if (timestamp != tokens.rend()) {
    mask.timestamps_begin = segment_ended ? *timestamp : *timestamp + 1;
  }
  if (after_timestamp && !segment_ended) {
    mask.timestamps_begin = vocabulary_;
  }
  return mask;
}

void TokenRules::apply(const TokenMask& mask, float* logits, int64_t begin, int64_t end) const {
  suppress(suppressed_, logits, begin, end);
  if (mask.first) {
    suppress(suppressed_first_, logits, begin, end);
  }
  fill(logits, begin, std::min(end, mask.text_begin));
  fill(logits, std::max(begin, timestamp_begin_), std::min(end, mask.timestamps_begin));
  fill(logits, std::max(begin, mask.timestamps_end), end);
}

} // namespace whisper
