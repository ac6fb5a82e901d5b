#include "decoding.h"

#include "row_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace whisper {

namespace {

// Which slot of the self cache holds each position of each hypothesis.
class Histories {
 public:
  Histories(int64_t rows, int64_t context, int32_t first)
      : context_(context), now_(rows * context, first), next_(rows * context, first) {}

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

struct Batch::Window {
  DecodingRequest request;
  std::unique_ptr<Search> search;
  std::vector<int64_t> slots; // of its rows; the first holds the prompt
  Histories histories;
  std::vector<Choice> choices;
  int64_t number = 0; // tokens so far
  float no_speech_prob = std::numeric_limits<float>::quiet_NaN();

  int64_t position() const {
    return request.prompt.size() + number;
  }
};

Batch::Batch(const DecoderWeights& weights, int64_t heads, int64_t slots)
    : weights_(weights), decoder_(weights, heads, slots, std::max(slots, weights.context)) {
  for (int64_t slot = slots; slot > 0; --slot) {
    free_slots_.push_back(slot - 1);
  }
}

Batch::~Batch() = default;

void Batch::add(Team& team, DecodingRequest request) {
  std::unique_ptr<Search> search = make_search(request.options);
  const int64_t rows = search->rows(), length = request.prompt.size();
  TORCH_CHECK(0 < length && length <= weights_.context, "the prompt has ", length, " tokens");
  TORCH_CHECK(
      request.limits.no_speech < 0 ||
          (0 <= request.limits.sot_index && request.limits.sot_index < length),
      "the prompt has no such position");
  TORCH_CHECK(
      rows <= static_cast<int64_t>(free_slots_.size()), "there is no room for ", rows, " rows");
  std::vector<int64_t> slots(free_slots_.end() - rows, free_slots_.end());
  std::reverse(slots.begin(), slots.end());
  std::unique_ptr<Window> window(new Window{
      std::move(request), std::move(search), slots,
      Histories(rows, weights_.context, static_cast<int32_t>(slots[0])),
      std::vector<Choice>(rows)});
  begin(team, *window);
  if (advance(team, *window, logits_.data())) {
    free_slots_.resize(free_slots_.size() - rows);
    windows_.push_back(std::move(window));
  } else {
    done_.push_back(
        {window->request.number, window->search->best(), window->no_speech_prob});
  }
}

std::vector<Decoded> Batch::run(Team& team) {
  while (done_.empty() && !windows_.empty()) {
    step(team);
  }
  return std::exchange(done_, {});
}

void Batch::begin(Team& team, Window& window) {
  const DecodingRequest& request = window.request;
  const int64_t length = request.prompt.size();
  std::vector<DecoderRow> rows;
  for (int64_t position = 0; position < length; ++position) {
    rows.push_back(
        {position, window.histories.of(0), window.slots[0], request.cross.data()});
  }
  decoder_.step(team, rows, request.prompt);
  std::vector<int64_t> wanted{length - 1};
  if (request.limits.no_speech >= 0) {
    wanted.push_back(request.limits.sot_index);
  }
  const int64_t stride = decoder_.stride();
  logits_.resize(std::max<size_t>(logits_.size(), wanted.size() * stride));
  decoder_.logits(team, wanted, logits_.data());
  if (request.limits.no_speech >= 0) {
    window.no_speech_prob = token_probability(
        logits_.data() + stride, request.options.vocabulary, request.limits.no_speech);
  }
}

void Batch::step(Team& team) {
  std::vector<DecoderRow> rows;
  std::vector<int64_t> tokens;
  for (const std::unique_ptr<Window>& window : windows_) {
    const int64_t position = window->position() - 1;
    for (size_t row = 0; row < window->slots.size(); ++row) {
      int32_t* history = window->histories.of(row);
      history[position] = static_cast<int32_t>(window->slots[row]);
      rows.push_back({position, history, window->slots[row], window->request.cross.data()});
      tokens.push_back(window->choices[row].token);
    }
  }
  decoder_.step(team, rows, tokens);
  std::vector<int64_t> all(rows.size());
  std::iota(all.begin(), all.end(), 0);
  const int64_t stride = decoder_.stride();
  logits_.resize(std::max<size_t>(logits_.size(), all.size() * stride));
  decoder_.logits(team, all, logits_.data());

  float* logits = logits_.data();
  std::vector<std::unique_ptr<Window>> left;
  for (std::unique_ptr<Window>& window : windows_) {
    float* of_window = logits;
    logits += window->slots.size() * stride;
    if (advance(team, *window, of_window)) {
      left.push_back(std::move(window));
      continue;
    }
    free_slots_.insert(free_slots_.end(), window->slots.rbegin(), window->slots.rend());
    done_.push_back({window->request.number, window->search->best(), window->no_speech_prob});
  }
  windows_ = std::move(left);
}

bool Batch::advance(Team& team, Window& window, float* logits) {
  const int64_t position = window.position();
  if (!window.search->choose(logits, decoder_.stride(), team, window.choices) ||
      position >= weights_.context || window.number + 1 >= window.request.limits.sample_len) {
    return false;
  }
  window.histories.follow(window.choices, position);
  ++window.number;
  return true;
}

} // namespace whisper
