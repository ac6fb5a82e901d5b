#include "scored_rows.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "team.h"

namespace whisper {

namespace {

constexpr float kNothing = -std::numeric_limits<float>::infinity();

void append_blocks(std::vector<TokenBlock>& blocks, int64_t begin, int64_t end) {
  for (; begin < end; begin += kTokenBlock) {
    blocks.push_back({begin, std::min(begin + kTokenBlock, end)});
  }
}

// Of several blocks.
BlockStatistics combine(const BlockStatistics* begin, const BlockStatistics* end) {
  BlockStatistics whole{kNothing, 0};
  for (auto block = begin; block != end; ++block) {
    whole.maximum = std::max(whole.maximum, block->maximum);
  }
  for (auto block = begin; block != end; ++block) {
    if (block->maximum > kNothing) {
      whole.sum += block->sum * std::exp(static_cast<double>(block->maximum - whole.maximum));
    }
  }
  return whole;
}

} // namespace

int64_t ScoredRow::best_token() const {
  if (!(maximum > kNothing)) {
    return 0; // as argmax does
  }
  const float below = std::nextafter(maximum, kNothing);
  for (size_t index = 0; index < blocks->size(); ++index) {
    const TokenBlock& block = (*blocks)[index];
    if (block.begin >= begin && statistics[index].maximum == maximum) {
      const int64_t count = block.end - block.begin;
      return block.begin + row_kernels().first_above(logits + block.begin, count, below);
    }
  }
  return 0;
}

RowScorer::RowScorer(const SearchOptions& options)
    : rules_(options), timestamps_(options.timestamps) {
  if (options.timestamp_begin < 0 || options.timestamp_begin > options.vocabulary ||
      options.eot < 0 || options.eot >= options.vocabulary) {
    throw std::invalid_argument("eot or the timestamps are not in the vocabulary");
  }
  append_blocks(blocks_, 0, options.timestamp_begin);
  text_blocks_ = blocks_.size();
  append_blocks(blocks_, options.timestamp_begin, options.vocabulary);
}

const std::vector<ScoredRow>& RowScorer::score(const std::vector<UnscoredRow>& rows, Team& team) {
  const size_t blocks = blocks_.size();
  statistics_.resize(rows.size() * blocks);
  team.run(static_cast<int64_t>(statistics_.size()), [&](int64_t chunk) {
    const UnscoredRow& row = rows[chunk / blocks];
    const TokenBlock& block = blocks_[chunk % blocks];
    rules_.apply(row.mask, row.logits, block.begin, block.end);
    statistics_[chunk] =
        row_kernels().statistics(row.logits + block.begin, block.end - block.begin);
  });
  scored_.clear();
  for (size_t row = 0; row < rows.size(); ++row) {
    scored_.push_back(measure(rows[row].logits, &statistics_[row * blocks]));
  }
  return scored_;
}

ScoredRow RowScorer::measure(const float* logits, const BlockStatistics* statistics) const {
  const BlockStatistics* timestamps = statistics + text_blocks_;
  const BlockStatistics* end = statistics + blocks_.size();
  const BlockStatistics whole = combine(statistics, end);
  const float whole_log_sum = std::log(static_cast<float>(whole.sum));
  ScoredRow row{logits, 0, &blocks_, statistics, whole.maximum, whole_log_sum};
  if (!timestamps_) {
    return row;
  }
  // Where timestamps together are more probable than every other token, one of them follows.
  const BlockStatistics times = combine(timestamps, end);
  const float text_maximum = combine(statistics, timestamps).maximum;
  const float text_logprob = (text_maximum - row.maximum) - row.log_sum;
  const float log_sum = std::log(static_cast<float>(times.sum));
  const float timestamp_logprob = log_sum + ((times.maximum - row.maximum) - row.log_sum);
  if (times.maximum > kNothing && timestamp_logprob > text_logprob) {
    row.begin = (*row.blocks)[text_blocks_].begin;
    row.maximum = times.maximum;
    row.log_sum = log_sum;
  }
  return row;
}

} // namespace whisper
