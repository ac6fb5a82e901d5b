// The third job of an encoder layer: from what a block of positions has heard to the layer's output.
#pragma once

#include "encoder_attention.h"

namespace {

// Of the hidden layer, at once: as much as stays in the second cache beside the rows.
constexpr int64_t kHiddenAtOnce = 512;

// x (count, state) += the layer's two products with GELU between them; a part of the hidden layer
// at a time, so that it never leaves the cache.
template <typename Tile>
INLINE void perceive(
    const EncoderLayer& layer, const typename Tile::Element* input, int64_t count, float* x,
    typename Tile::Element* hidden, float* sums, float* totals) {
  using Element = typename Tile::Element;
  const int64_t size = layer.fc1.depth;
  const int64_t wide = layer.fc1.outputs;
  const int64_t stride = stride_of<Element>(size);
  const int64_t hidden_stride = stride_of<Element>(kHiddenAtOnce);
  for (int64_t first = 0; first < wide; first += kHiddenAtOnce) {
    const int64_t here = lesser(kHiddenAtOnce, wide - first);
    multiply_lines<Tile>(
        input, stride, count, panels_of<Tile>(layer.fc1) + first * size, size, here / kPanel, sums,
        [&](int64_t row, int64_t column, float* line) {
          for (int64_t i = 0; i < Tile::kPanels * kPanel; i += kLanes) {
            const F value = loadf(line + i) + loadf(layer.fc1.bias + first + column + i);
            store(line + i, Tile::kRough ? rough_gelu(value) : gelu(value));
          }
          store_line(line, hidden + row * hidden_stride + column, Tile::kPanels * kPanel);
        });
    accumulate<Tile>(
        hidden, hidden_stride, count, panels_of<Tile>(layer.fc2), wide, first, here,
        layer.fc2.panels(), totals);
  }
  const int64_t held = whisper::round_up(count, Tile::kRows);
  constexpr int64_t kColumns = Tile::kPanels * kPanel;
  for (int64_t row = 0; row < count; ++row) {
    for (int64_t column = 0; column < size; column += kLanes) {
      float* at = x + row * size + column;
      const float* total =
          totals + column / kColumns * held * kColumns + row * kColumns + column % kColumns;
      store(at, loadf(at) + (loadf(total) + loadf(layer.fc2.bias + column)));
    }
  }
}

template <typename Tile>
OUTLINE void layer_rest(
    const EncoderLayer& layer, const EncoderState& state, int64_t begin, int64_t end) {
  using Element = typename Tile::Element;
  using Heard = HeardOf<Tile>;
  const int64_t size = state.state;
  const int64_t wide = layer.fc1.outputs;
  const int64_t count = end - begin;
  const int64_t held = whisper::round_up(count, Tile::kRows);
  const int64_t stride = stride_of<Element>(size);
  const int64_t hidden_stride = stride_of<Element>(Tile::kScaled ? wide : kHiddenAtOnce);
  Parts parts(
      Parts::bytes<float>(held) + Parts::bytes<float>(size) + Parts::bytes<Element>(held * stride) +
      Parts::bytes<Element>(held * hidden_stride) +
      Parts::bytes<float>(held * (Tile::kScaled ? wide : size)) +
      Parts::bytes<float>(sums_of<Tile>(count)));
  float* scales = parts.take<float>(held);
  float* normal = parts.take<float>(size);
  Element* input = parts.take<Element>(held * stride);
  Element* hidden = parts.take<Element>(held * hidden_stride);
  float* values = parts.take<float>(held * (Tile::kScaled ? wide : size));
  float* sums = parts.take<float>(sums_of<Tile>(count));
  float* x = state.x + begin * size;

  const auto add = [&](int64_t row, int64_t column, F value) {
    float* at = x + row * size + column;
    store(at, loadf(at) + value);
  };
  const Heard* heard = static_cast<const Heard*>(state.heard) + begin * stride_of<Heard>(size);
  if constexpr (Tile::kScaled) {
    for (int64_t row = 0; row < count; ++row) {
      scales[row] = convert_row(
          Tile(), heard + row * stride_of<Heard>(size), layer.out.norm, input + row * stride, size);
    }
    multiply_rows<Tile>(layer.out, input, scales, count, sums, add);
  } else {
    multiply_rows<Tile>(layer.out, heard, scales, count, sums, add);
  }

  for (int64_t row = 0; row < count; ++row) {
    normalize_row(layer.mlp_norm, x + row * size, normal, size);
    scales[row] = convert_row(Tile(), normal, layer.fc1.norm, input + row * stride, size);
  }
  if constexpr (Tile::kScaled) {
    multiply_rows<Tile>(
        layer.fc1, input, scales, count, sums, [&](int64_t row, int64_t column, F value) {
          store(values + row * wide + column, gelu(value));
        });
    for (int64_t row = 0; row < count; ++row) {
      scales[row] = convert_row(
          Tile(), values + row * wide, layer.fc2.norm, hidden + row * hidden_stride, wide);
    }
    multiply_rows<Tile>(layer.fc2, hidden, scales, count, sums, add);
  } else {
    perceive<Tile>(layer, input, count, x, hidden, sums, values);
  }
}

} // namespace
