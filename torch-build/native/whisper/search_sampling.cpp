// openai-whisper's GreedyDecoder at a temperature above zero.
#include <algorithm>
#include <random>

#include "exact_sampling.h"
#include "ranking.h"
#include "sampling.h"
#include "scored_rows.h"
#include "search_ways.h"
#include "team.h"

namespace whisper {

namespace {

struct Sample {
  std::vector<int64_t> tokens;
  float sum_logprob = 0;
  bool ended = false;
};

class SamplingSearch final : public Search {
 public:
  explicit SamplingSearch(const SearchOptions& options)
      : scorer_(options),
        options_(options),
        samples_(std::max<int64_t>(options.best_of, 1)),
        generator_(static_cast<uint64_t>(options.seed)) {}

  int64_t rows() const override {
    return static_cast<int64_t>(samples_.size());
  }

  bool choose(float* logits, int64_t stride, Team& team, std::vector<Choice>& choices) override {
    const std::vector<const ScoredRow*> rows = score(logits, stride, team);
    const std::vector<int64_t> tokens = options_.exact_sampling
        ? sample_exactly(rows, options_.vocabulary, options_.temperature)
        : sample(rows, team);
    choices.clear();
    bool going_on = false;
    for (size_t index = 0; index < samples_.size(); ++index) {
      Sample& sample = samples_[index];
      if (!sample.ended) {
        append(sample, tokens[index], *rows[index]);
      }
      going_on |= !sample.ended;
      const int64_t token = sample.ended ? options_.eot : tokens[index];
      choices.push_back({token, first_ ? 0 : static_cast<int64_t>(index)});
    }
    first_ = false;
    return going_on;
  }

  Hypothesis best() override {
    std::vector<Hypothesis> hypotheses;
    for (const Sample& sample : samples_) {
      hypotheses.push_back({sample.tokens, sample.sum_logprob});
    }
    return hypotheses[best_hypothesis(hypotheses, options_.length_penalty)];
  }

 private:
  // The rows of all samples; null for those that have ended.
  std::vector<const ScoredRow*> score(float* logits, int64_t stride, Team& team) {
    std::vector<UnscoredRow> unscored;
    for (size_t index = 0; index < (first_ ? 1 : samples_.size()); ++index) {
      if (!samples_[index].ended) {
        unscored.push_back({logits + index * stride, scorer_.rules().mask(samples_[index].tokens)});
      }
    }
    const ScoredRow* scored = scorer_.score(unscored, team).data();
    std::vector<const ScoredRow*> rows;
    for (const Sample& sample : samples_) {
      rows.push_back(sample.ended ? nullptr : first_ ? scored : scored++);
    }
    return rows;
  }

  std::vector<int64_t> sample(const std::vector<const ScoredRow*>& rows, Team& team) {
    // One for each sample, ended or not: what a sample draws does not hang on the others.
    std::vector<double> positions;
    for (size_t index = 0; index < rows.size(); ++index) {
      positions.push_back(static_cast<double>(generator_() >> 11) * 0x1p-53);
    }
    std::vector<int64_t> tokens(rows.size(), options_.eot);
    if (first_) {
      const TokenDistribution distribution(*rows[0], options_.temperature);
      for (size_t index = 0; index < rows.size(); ++index) {
        tokens[index] = distribution.token_at(positions[index]);
      }
      return tokens;
    }
    team.run(static_cast<int64_t>(rows.size()), [&](int64_t index) {
      if (rows[index] != nullptr) {
        tokens[index] =
            TokenDistribution(*rows[index], options_.temperature).token_at(positions[index]);
      }
    });
    return tokens;
  }

  void append(Sample& sample, int64_t token, const ScoredRow& row) {
    sample.sum_logprob += row.logprob(token);
    if (token == options_.eot) {
      sample.ended = true;
    } else {
      sample.tokens.push_back(token);
    }
  }

  RowScorer scorer_;
  const SearchOptions options_;
  std::vector<Sample> samples_;
  std::mt19937_64 generator_;
  bool first_ = true;
};

} // namespace

std::unique_ptr<Search> make_sampling_search(const SearchOptions& options) {
  return std::make_unique<SamplingSearch>(options);
}

} // namespace whisper
