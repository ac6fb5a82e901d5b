// Which token comes next: openai-whisper's rules, and its three ways to choose.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace whisper {

class Team;

// The names are those of openai-whisper's DecodingOptions and tokenizer.
struct SearchOptions {
  int64_t vocabulary;
  int64_t eot;
  int64_t timestamp_begin;
  int64_t no_timestamps;
  bool timestamps; // whether the rules of timestamps apply
  std::vector<int64_t> suppress;
  std::vector<int64_t> suppress_first; // at the first token alone
  int64_t max_initial_timestamp; // index among the timestamps; -1: any
  int64_t beam_size; // 0: no beam search
  double patience;
  double length_penalty; // negative: the plain mean
  int64_t best_of;
  double temperature;
  int64_t seed;
  bool exact_sampling; // draw from PyTorch's generator as openai-whisper does, which takes longer
};

// A token, and the row whose hypothesis it follows.
struct Choice {
  int64_t token;
  int64_t row;
};

struct Hypothesis {
  std::vector<int64_t> tokens; // after the prompt, without eot
  double sum_logprob;
};

class Search {
 public:
  virtual ~Search() = default;

  // How many hypotheses are decoded side by side.
  virtual int64_t rows() const = 0;

  // Chooses the next token of every hypothesis. At the first call `logits` has one row, which all
  // hypotheses begin with; later it has rows() of them, `stride` floats apart. It is changed.
  // Returns false when the search is over; `choices` then says nothing.
  virtual bool choose(float* logits, int64_t stride, Team& team, std::vector<Choice>& choices) = 0;

  // The best hypothesis of those so far.
  virtual Hypothesis best() = 0;
};

std::unique_ptr<Search> make_search(const SearchOptions& options);

} // namespace whisper
