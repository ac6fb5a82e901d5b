// Decoding windows: the tokens that follow a prompt, of many windows side by side.
//
// A step reads the weights once for all rows, so eight windows take little longer than one. What a
// window becomes does not hang on which others are decoded beside it.
#pragma once

#include "decoder.h"
#include "search.h"

#include <memory>

namespace whisper {

struct DecodingLimits {
  int64_t sot_index; // where <|startoftranscript|> is in the prompt
  int64_t no_speech; // its token; -1: not asked for
  int64_t sample_len; // most tokens behind the prompt
};

struct DecodingRequest {
  int64_t number; // by which whoever asks knows it
  std::vector<CrossCache> cross;
  std::vector<int64_t> prompt;
  SearchOptions options;
  DecodingLimits limits;
};

struct Decoded {
  int64_t number;
  Hypothesis hypothesis;
  float no_speech_prob; // NaN where it was not asked for
};

class Batch {
 public:
  // At most `slots` rows are decoded side by side; a beam is one.
  Batch(const DecoderWeights& weights, int64_t heads, int64_t slots);
  ~Batch();

  // Takes a window in. It must find as many free slots as it has rows.
  void add(DecodingRequest request);

  // Decodes until a window is done, and returns all that are; nothing where no window is left.
  std::vector<Decoded> run(Team& team);

 private:
  struct Window;
  struct Step;

  // A window's prompt into the step, if there is room; and what follows it.
  void begin(Window& window, Step& step) const;
  void go_on(Window& window, Step& step) const;
  // A step of all windows: the rows of short prompts join those of the others, a long prompt is
  // quicker by itself. Returns how many logits each window gets, of those that wait none.
  std::vector<int64_t> collect(Step& step) const;
  void step(Team& team);
  // Chooses the next tokens; returns whether the window goes on.
  bool advance(Team& team, Window& window, float* logits);

  const DecoderWeights& weights_;
  Decoder decoder_;
  std::vector<int64_t> free_slots_;
  std::vector<std::unique_ptr<Window>> windows_;
  std::vector<Decoded> done_;
  std::vector<float> logits_;
};

} // namespace whisper
