// Decoder steps: the tokens of some rows at once, each row a position of a hypothesis.
#pragma once

#include "cross.h"
#include "team.h"

namespace whisper {

class Decoder {
 public:
  // `slots` hypotheses have keys and values of their own; at most `most_rows` rows are a step.
  Decoder(const DecoderWeights& weights, int64_t heads, int64_t slots, int64_t most_rows);

  // Takes a token of each row through all layers. A row's history must hold its own slot at its
  // own position. Rows that share a window stand side by side.
  // `scores`, where given, gets query times key of (layer, head) pairs: (pairs, rows, positions).
  struct Alignment {
    std::vector<std::pair<int64_t, int64_t>> heads;
    float* scores;
  };
  void step(
      Team& team, const std::vector<DecoderRow>& rows, const std::vector<int64_t>& tokens,
      const Alignment* alignment = nullptr);

  // Logits of some rows of the last step: (rows, stride()).
  void logits(Team& team, const std::vector<int64_t>& rows, float* out);

  // Of a step.
  int64_t most_rows() const {
    return x_.size(0);
  }

  // Logits of a row, with what fills up the last panel.
  int64_t stride() const {
    return weights_.logits.outputs;
  }

 private:
  void activate(
      Team& team, const Linear& next, const LayerNorm* norm, const float* in, int64_t rows);
  void multiply(
      Team& team, const Linear& linear, int64_t rows, float* out, int64_t stride, int mode);
  void cross_attention(
      Team& team, int64_t layer, const std::vector<DecoderRow>& rows, const Alignment* alignment);

  const DecoderWeights& weights_;
  int64_t heads_;
  int64_t slots_;
  at::Tensor cache_; // (layers, slots, context, 2, state)
  at::Tensor x_; // (most_rows, state): the residual stream
  at::Tensor heard_; // (most_rows, state)
  at::Tensor hidden_; // (most_rows, 4 * state)
  at::Tensor activations_;
  at::Tensor scales_;
  Activations input_{};
};

} // namespace whisper
