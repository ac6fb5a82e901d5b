// The encoder's convolutions over time, as products.
#pragma once

#include "many_rows.h"

namespace {

// Sums of a row with bias, GELU and what is added, into the output.
template <bool rough>
INLINE void finish_convolution(
    const whisper::Convolution& conv, int64_t row, int64_t column, float* line, int64_t size) {
  const int64_t outputs = conv.weights.outputs;
  for (int64_t i = 0; i < size; i += kLanes) {
    const F sums = loadf(line + i) + loadf(conv.weights.bias + column + i);
    F value = rough ? rough_gelu(sums) : gelu(sums);
    if (conv.added != nullptr) {
      value += loadf(conv.added + row * outputs + column + i);
    }
    store(line + i, value);
  }
  if (conv.form == Form::kBFloat16) {
    const int64_t stride = stride_of<uint16_t>(outputs);
    store_line(line, static_cast<uint16_t*>(conv.output) + row * stride + column, size);
  } else {
    store_line(line, static_cast<float*>(conv.output) + row * outputs + column, size);
  }
}

OUTLINE void convolve_rows(const whisper::Convolution& conv, int64_t begin, int64_t end) {
  using Tile = Registers<Float>;
  constexpr int64_t kColumns = Tile::kPanels * kPanel;
  const Linear& linear = conv.weights;
  Parts parts(Parts::bytes<float>(sums_of<Tile>(end - begin)));
  multiply_lines<Tile>(
      static_cast<const float*>(conv.input) + begin * conv.stride * conv.channels,
      conv.stride * conv.channels, end - begin, panels_of<Tile>(linear), linear.depth,
      linear.panels(), parts.take<float>(sums_of<Tile>(end - begin)),
      [&](int64_t row, int64_t column, float* line) {
        finish_convolution<false>(conv, begin + row, column, line, kColumns);
      });
}

// A tap at a time, since their rows do not lie one behind the other.
template <typename Tile>
OUTLINE void convolve_taps(const whisper::Convolution& conv, int64_t begin, int64_t end) {
  using Element = typename Tile::Element;
  constexpr int64_t kColumns = Tile::kPanels * kPanel;
  const Linear& linear = conv.weights;
  const int64_t count = end - begin;
  const int64_t held = whisper::round_up(count, Tile::kRows);
  const int64_t stride = stride_of<Element>(conv.channels);
  Parts parts(Parts::bytes<float>(held * linear.outputs));
  float* totals = parts.take<float>(held * linear.outputs);
  const Element* input = static_cast<const Element*>(conv.input) + begin * conv.stride * stride;
  for (int64_t tap = 0; tap < 3; ++tap) {
    accumulate<Tile>(
        input + tap * stride, conv.stride * stride, count, panels_of<Tile>(linear), linear.depth,
        tap * conv.channels, conv.channels, linear.panels(), totals);
  }
  for (int64_t column = 0; column < linear.outputs; column += kColumns) {
    for (int64_t row = 0; row < count; ++row) {
      finish_convolution<true>(
          conv, begin + row, column, totals + column * held + row * kColumns, kColumns);
    }
  }
}

} // namespace
