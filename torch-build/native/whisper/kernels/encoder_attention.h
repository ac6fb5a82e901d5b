// The second job of an encoder layer: what a block of positions hears with one head.
//
// Scores are kept for the rows of one tile only: (kRows, 1504) numbers, never (1500, 1500).
#pragma once

#include "encoder_input.h"

namespace {

// What is heard is kept in float32 where a whole row is needed for its scale.
template <typename Tile>
using HeardOf = std::conditional_t<Tile::kScaled, float, typename Tile::Element>;

// The largest of `size` numbers, a multiple of 32. Four at a time, since each waits for the last.
INLINE float largest_of(const float* in, int64_t size) {
  F tops[4] = {loadf(in), loadf(in), loadf(in), loadf(in)};
  int64_t i = 0;
  for (; i + 4 * kLanes <= size; i += 4 * kLanes) {
#pragma clang loop unroll(full)
    for (int v = 0; v < 4; ++v) {
      tops[v] = maximum(tops[v], loadf(in + i + v * kLanes));
    }
  }
  for (; i < size; i += kLanes) {
    tops[0] = maximum(tops[0], loadf(in + i));
  }
  return largest(maximum(maximum(tops[0], tops[1]), maximum(tops[2], tops[3])));
}

// Scores of one row as probabilities in the type of the product with the values, without the
// division by their sum; returns by what the product is to be multiplied.
template <typename Tile>
OUTLINE float weigh(
    float* scores, const float* value_scales, int64_t padded, typename Tile::Element* out) {
  if constexpr (Tile::kScaled) {
    const float most = largest_of(scores, padded);
    F total = 0.f;
    F squares = 0.f;
    F peak = 0.f;
    for (int64_t i = 0; i < padded; i += kLanes) {
      const F probability = exponential(loadf(scores + i) - most);
      total += probability;
      const F weight = probability * loadf(value_scales + i);
      squares += weight * weight;
      peak = maximum(peak, weight);
      store(scores + i, weight);
    }
    const float norm = kValueLimit * __builtin_sqrtf(static_cast<float>(padded));
    const float scale = integer_scale({largest(peak), sum(squares)}, norm, padded);
    round_row(scores, scale, out, padded);
    return 1.f / (scale * sum(total));
  } else if constexpr (Tile::kRough) {
    const float most = largest_of(scores, padded) * kLog2OfE;
    F totals[2] = {};
    for (int64_t i = 0; i < padded; i += 2 * kLanes) {
      const F low = rough_power_of_2(loadf(scores + i) * kLog2OfE - most);
      const F high = rough_power_of_2(loadf(scores + i + kLanes) * kLog2OfE - most);
      totals[0] += low;
      totals[1] += high;
      store(out + i, narrow_bfloat16(low, high));
    }
    return 1.f / sum(totals[0] + totals[1]);
  } else {
    const float total = exponentials(scores, padded);
    convert_row(Tile(), scores, 0.f, out, padded);
    return 1.f / total;
  }
}

// Scores of `kRows` queries with all keys of a head: (kRows, padded).
template <typename Tile>
INLINE void score_tile(
    const typename Tile::Element* queries, const typename Tile::Element* keys, int64_t padded,
    float* scores) {
  if constexpr (Tile::kHeadRows) {
    Tile::head_rows(queries, kHead, keys, padded / kPanel, scores, padded);
  } else {
    multiply_tile_rows<Tile>(queries, kHead, keys, kHead, padded / kPanel, scores, padded);
  }
}

// What rows `begin` to `end` hear with a head, whose keys and values stay in the second cache.
template <typename Tile>
OUTLINE void attend(const EncoderState& state, int64_t head, int64_t begin, int64_t end) {
  using Element = typename Tile::Element;
  using Heard = HeardOf<Tile>;
  const int64_t rows_held = state.positions + kSpareRows;
  const int64_t padded = state.padded;
  const int64_t stride = stride_of<Heard>(state.state);
  Parts parts(
      Parts::bytes<float>(Tile::kRows * padded) + Parts::bytes<Element>(Tile::kRows * padded) +
      Parts::bytes<float>(Tile::kRows * kHead));
  float* scores = parts.take<float>(Tile::kRows * padded);
  Element* weights = parts.take<Element>(Tile::kRows * padded);
  float* sums = parts.take<float>(Tile::kRows * kHead);
  const Element* queries = static_cast<const Element*>(state.queries) + head * rows_held * kHead;
  const Element* keys = static_cast<const Element*>(state.keys) + head * padded * kHead;
  const Element* values = static_cast<const Element*>(state.values) + head * padded * kHead;
  const float* key_scales = state.key_scales + head * padded;
  Heard* heard = static_cast<Heard*>(state.heard) + head * kHead;
  for (int64_t row = begin; row < end; row += Tile::kRows) {
    const int64_t here = lesser(Tile::kRows, end - row);
    const float* query_scales = state.query_scales + head * rows_held + row;
    score_tile<Tile>(queries + row * kHead, keys, padded, scores);
    float factors[Tile::kRows];
    for (int64_t within = 0; within < here; ++within) {
      float* line = scores + within * padded;
      if constexpr (Tile::kScaled) {
        for (int64_t column = 0; column < padded; column += kLanes) {
          const F scale = loadf(key_scales + column) * query_scales[within];
          store(line + column, loadf(line + column) * scale);
        }
      }
      for (int64_t position = state.positions; position < padded; ++position) {
        line[position] = -__builtin_inff();
      }
      factors[within] = weigh<Tile>(
          line, state.value_scales + head * padded, padded, weights + within * padded);
    }
    multiply_tile_rows<Tile>(weights, padded, values, padded, kHead / kPanel, sums, kHead);
    for (int64_t within = 0; within < here; ++within) {
      float* line = sums + within * kHead;
      for (int64_t column = 0; column < kHead; column += kLanes) {
        store(line + column, loadf(line + column) * factors[within]);
      }
      store_line(line, heard + (row + within) * stride, kHead);
    }
  }
}

} // namespace
