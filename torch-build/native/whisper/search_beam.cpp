// openai-whisper's BeamSearchDecoder.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "ranking.h"
#include "scored_rows.h"
#include "search_ways.h"
#include "team.h"
#include "top_tokens.h"

namespace whisper {

namespace {

struct Beam {
  std::vector<int64_t> tokens;
  float sum_logprob = 0; // in single precision, as openai-whisper's
};

struct Candidate {
  float sum_logprob;
  int64_t token;
  size_t beam;
};

class BeamSearch final : public Search {
 public:
  explicit BeamSearch(const SearchOptions& options)
      : scorer_(options),
        eot_(options.eot),
        length_penalty_(options.length_penalty),
        beam_size_(static_cast<size_t>(options.beam_size)),
        enough_(hypotheses_to_finish(options)),
        beams_(1) {
    if (options.beam_size >= options.vocabulary) {
      throw std::invalid_argument("more beams than tokens");
    }
  }

  int64_t rows() const override {
    return static_cast<int64_t>(beam_size_);
  }

  bool choose(float* logits, int64_t stride, Team& team, std::vector<Choice>& choices) override {
    std::vector<UnscoredRow> unscored;
    for (size_t beam = 0; beam < beams_.size(); ++beam) {
      unscored.push_back({logits + beam * stride, scorer_.rules().mask(beams_[beam].tokens)});
    }
    const std::vector<ScoredRow>& rows = scorer_.score(unscored, team);
    tops_.resize(rows.size());
    team.run(static_cast<int64_t>(rows.size()), [&](int64_t beam) {
      top_tokens(rows[beam], candidates_per_beam(), tops_[beam]);
    });
    advance(ordered_candidates(), choices);
    return finished_.size() < enough_;
  }

  // Where too few have finished, the unfinished ones join them: the best first, and the last of
  // equal ones. openai-whisper takes NumPy's order, which for equal ones is this one except where
  // the processor sorts with vector instructions.
  Hypothesis best() override {
    std::vector<Hypothesis> hypotheses = finished_;
    std::vector<size_t> order(beams_.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [this](size_t a, size_t b) {
      return beams_[a].sum_logprob < beams_[b].sum_logprob;
    });
    for (auto beam = order.rbegin(); beam != order.rend() && hypotheses.size() < beam_size_;
         ++beam) {
      hypotheses.push_back({beams_[*beam].tokens, beams_[*beam].sum_logprob});
    }
    return hypotheses[best_hypothesis(hypotheses, length_penalty_)];
  }

 private:
  static size_t hypotheses_to_finish(const SearchOptions& options) {
    const double patience = options.patience == 0 ? 1 : options.patience;
    // Halves are rounded to even, as in Python.
    const double hypotheses = std::nearbyint(static_cast<double>(options.beam_size) * patience);
    if (!(hypotheses > 0)) {
      throw std::invalid_argument("beam size and patience leave no hypothesis");
    }
    return static_cast<size_t>(hypotheses);
  }

  // One more than beams: should one of them be eot, there is another for each beam.
  int64_t candidates_per_beam() const {
    return static_cast<int64_t>(beam_size_) + 1;
  }

  // The best first; equal ones in the order of their beams.
  std::vector<Candidate> ordered_candidates() const {
    std::vector<Candidate> candidates;
    for (size_t beam = 0; beam < beams_.size(); ++beam) {
      for (const auto& [logprob, token] : tops_[beam]) {
        candidates.push_back({beams_[beam].sum_logprob + logprob, token, beam});
      }
    }
    std::stable_sort(
        candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
          return a.sum_logprob > b.sum_logprob;
        });
    return candidates;
  }

  void advance(const std::vector<Candidate>& candidates, std::vector<Choice>& choices) {
    std::vector<Beam> beams;
    choices.clear();
    for (const Candidate& candidate : candidates) {
      const std::vector<int64_t>& tokens = beams_[candidate.beam].tokens;
      if (candidate.token == eot_) {
        if (finished_.size() < enough_) {
          finished_.push_back({tokens, candidate.sum_logprob});
        }
        continue;
      }
      beams.push_back({tokens, candidate.sum_logprob});
      beams.back().tokens.push_back(candidate.token);
      choices.push_back({candidate.token, static_cast<int64_t>(candidate.beam)});
      if (beams.size() == beam_size_) {
        break;
      }
    }
    beams_ = std::move(beams);
  }

  RowScorer scorer_;
  const int64_t eot_;
  const double length_penalty_;
  const size_t beam_size_;
  const size_t enough_;
  std::vector<Beam> beams_; // one until the first tokens are chosen
  std::vector<Hypothesis> finished_;
  std::vector<std::vector<TokenLogprob>> tops_; // of each beam
};

} // namespace

std::unique_ptr<Search> make_beam_search(const SearchOptions& options) {
  return std::make_unique<BeamSearch>(options);
}

} // namespace whisper
