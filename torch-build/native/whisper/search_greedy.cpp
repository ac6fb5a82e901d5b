// openai-whisper's GreedyDecoder at temperature zero.
#include "scored_rows.h"
#include "search_ways.h"

namespace whisper {

namespace {

class GreedySearch final : public Search {
 public:
  explicit GreedySearch(const SearchOptions& options) : scorer_(options), eot_(options.eot) {}

  int64_t rows() const override {
    return 1;
  }

  bool choose(float* logits, int64_t, Team& team, std::vector<Choice>& choices) override {
    const ScoredRow& row = scorer_.score({{logits, scorer_.rules().mask(tokens_)}}, team)[0];
    const int64_t token = row.best_token();
    sum_logprob_ += row.logprob(token);
    if (token == eot_) {
      return false;
    }
    tokens_.push_back(token);
    choices.assign(1, {token, 0});
    return true;
  }

  Hypothesis best() override {
    return {tokens_, sum_logprob_};
  }

 private:
  RowScorer scorer_;
  const int64_t eot_;
  std::vector<int64_t> tokens_;
  // Log probabilities are summed in single precision, as openai-whisper's.
  float sum_logprob_ = 0;
};

} // namespace

std::unique_ptr<Search> make_greedy_search(const SearchOptions& options) {
  return std::make_unique<GreedySearch>(options);
}

} // namespace whisper
