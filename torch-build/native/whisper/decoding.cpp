#include "decoding.h"

#include "row_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace whisper {

namespace {

// Which slot of the self cache holds each position of each hypothesis.
class Histories {
 public:
  Histories(int64_t rows, int64_t context)
      : context_(context), now_(rows * context, 0), next_(rows * context, 0) {}

  int32_t* of(int64_t row) {
    return now_.data() + row * context_;
  }

  // Each row goes on from what its choice follows. Nothing but indices is copied.
  void follow(const std::vector<Choice>& choices, int64_t length) {
    for (size_t row = 0; row < choices.size(); ++row) {
      const int32_t* from = of(choices[row].row);
      std::copy_n(from, length, next_.data() + row * context_);
    }
    now_.swap(next_);
  }

 private:
  int64_t context_;
  std::vector<int32_t> now_, next_;
};

} // namespace

Decoded decode_window(
    Team& team, const DecoderWeights& weights, const std::vector<CrossCache>& cross, int64_t heads,
    const std::vector<int64_t>& prompt, const SearchOptions& options,
    const DecodingLimits& limits) {
  const std::unique_ptr<Search> search = make_search(options);
  const int64_t rows = search->rows();
  const int64_t length = prompt.size();
  TORCH_CHECK(0 < length && length <= weights.context, "the prompt has ", length, " tokens");
  // Two rows of logits follow the prompt, which may be a single token.
  Decoder decoder(weights, heads, rows, std::max({rows, length, int64_t{2}}));
  const int64_t stride = decoder.stride();
  std::vector<float> logits(std::max<int64_t>(rows, 2) * stride);
  Histories histories(rows, weights.context);

  std::vector<DecoderRow> step;
  for (int64_t position = 0; position < length; ++position) {
    step.push_back({position, histories.of(0), 0, cross.data()});
  }
  decoder.step(team, step, prompt);
  Decoded decoded{{}, std::numeric_limits<float>::quiet_NaN()};
  std::vector<int64_t> wanted{length - 1};
  if (limits.no_speech >= 0) {
    TORCH_CHECK(
        0 <= limits.sot_index && limits.sot_index < length, "the prompt has no such position");
    wanted.push_back(limits.sot_index);
  }
  decoder.logits(team, wanted, logits.data());
  if (limits.no_speech >= 0) {
    decoded.no_speech_prob =
        token_probability(logits.data() + stride, options.vocabulary, limits.no_speech);
  }

  std::vector<Choice> choices(rows);
  std::vector<int64_t> tokens(rows), all(rows);
  std::iota(all.begin(), all.end(), 0);
  for (int64_t number = 0; number < limits.sample_len; ++number) {
    const int64_t position = length + number;
    if (!search->choose(logits.data(), stride, team, choices) || position >= weights.context ||
        number + 1 == limits.sample_len) {
      break;
    }
    histories.follow(choices, position);
    step.clear();
    for (int64_t row = 0; row < rows; ++row) {
      histories.of(row)[position] = static_cast<int32_t>(row);
      step.push_back({position, histories.of(row), row, cross.data()});
      tokens[row] = choices[row].token;
    }
    decoder.step(team, step, tokens);
    decoder.logits(team, all, logits.data());
  }
  decoded.hypothesis = search->best();
  return decoded;
}

} // namespace whisper
