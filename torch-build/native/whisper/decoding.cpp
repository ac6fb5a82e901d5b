#include "decoding.h"

#include "row_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
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
  bool begun = false; // whether the prompt was computed
  float no_speech_prob = std::numeric_limits<float>::quiet_NaN();

  int64_t position() const {
    return request.prompt.size() + number;
  }

  bool wants_silence() const {
    return request.limits.no_speech >= 0;
  }
};

// Rows of a step, and those of them whose logits are wanted.
struct Batch::Step {
  std::vector<DecoderRow> rows;
  std::vector<int64_t> tokens;
  std::vector<int64_t> wanted;
};

Batch::Batch(const DecoderWeights& weights, int64_t heads, int64_t slots)
    : weights_(weights), decoder_(weights, heads, slots, std::max(slots, weights.context)) {
  for (int64_t slot = slots; slot > 0; --slot) {
    free_slots_.push_back(slot - 1);
  }
}

Batch::~Batch() = default;

void Batch::add(DecodingRequest request) {
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
  free_slots_.resize(free_slots_.size() - rows);
  std::unique_ptr<Window> window(new Window{
      std::move(request), std::move(search), slots,
      Histories(rows, weights_.context, static_cast<int32_t>(slots[0])),
      std::vector<Choice>(rows)});
  windows_.push_back(std::move(window));
}

std::vector<Decoded> Batch::run(Team& team) {
  while (done_.empty() && !windows_.empty()) {
    step(team);
  }
  return std::exchange(done_, {});
}

void Batch::begin(Window& window, Step& step) const {
  const int64_t length = window.request.prompt.size(), first = step.rows.size();
  if (first + length > decoder_.most_rows()) {
    return;
  }
  for (int64_t position = 0; position < length; ++position) {
    step.rows.push_back(
        {position, window.histories.of(0), window.slots[0], window.request.cross.data()});
    step.tokens.push_back(window.request.prompt[position]);
  }
  step.wanted.push_back(first + length - 1);
  if (window.wants_silence()) {
    step.wanted.push_back(first + window.request.limits.sot_index);
  }
}

void Batch::go_on(Window& window, Step& step) const {
  const int64_t position = window.position() - 1;
  for (size_t row = 0; row < window.slots.size(); ++row) {
    int32_t* history = window.histories.of(row);
    history[position] = static_cast<int32_t>(window.slots[row]);
    step.wanted.push_back(step.rows.size());
    step.rows.push_back({position, history, window.slots[row], window.request.cross.data()});
    step.tokens.push_back(window.choices[row].token);
  }
}

std::vector<int64_t> Batch::collect(Step& step) const {
  std::vector<int64_t> counts(windows_.size(), 0);
  const auto is_long = [](const std::unique_ptr<Window>& window) {
    return !window->begun && window->request.prompt.size() >= kPromptRows;
  };
  const auto alone = std::find_if(windows_.begin(), windows_.end(), is_long);
  if (alone != windows_.end()) {
    begin(**alone, step);
    counts[alone - windows_.begin()] = step.wanted.size();
    return counts;
  }
  for (const bool begun : {true, false}) {
    for (size_t index = 0; index < windows_.size(); ++index) {
      Window& window = *windows_[index];
      if (window.begun == begun) {
        const int64_t before = step.wanted.size();
        begun ? go_on(window, step) : begin(window, step);
        counts[index] = step.wanted.size() - before;
      }
    }
  }
  return counts;
}

void Batch::step(Team& team) {
  Step step;
  const std::vector<int64_t> counts = collect(step);
  decoder_.step(team, step.rows, step.tokens);
  const int64_t stride = decoder_.stride();
  logits_.resize(std::max<size_t>(logits_.size(), step.wanted.size() * stride));
  decoder_.logits(team, step.wanted, logits_.data());

  // Those that go on come first.
  float* of_prompts = logits_.data();
  for (size_t index = 0; index < windows_.size(); ++index) {
    of_prompts += windows_[index]->begun ? counts[index] * stride : 0;
  }
  float* of_others = logits_.data();
  size_t at = 0;
  for (const int64_t count : counts) {
    Window& window = *windows_[at];
    float*& next = window.begun ? of_others : of_prompts;
    float* logits = std::exchange(next, next + count * stride);
    if (count > 0 && !window.begun && window.wants_silence()) {
      window.no_speech_prob = token_probability(
          logits + stride, window.request.options.vocabulary, window.request.limits.no_speech);
    }
    if (count == 0 || advance(team, window, logits)) {
      window.begun = window.begun || count > 0;
      ++at;
      continue;
    }
    free_slots_.insert(free_slots_.end(), window.slots.rbegin(), window.slots.rend());
    done_.push_back({window.request.number, window.search->best(), window.no_speech_prob});
    windows_.erase(windows_.begin() + at);
  }
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
