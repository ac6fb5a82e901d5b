// The first job of an encoder layer: queries, keys and values of a block of positions.
#pragma once

#include "many_rows.h"

namespace {

using whisper::EncoderLayer;
using whisper::EncoderState;

// Largest magnitudes of int16 queries and keys, whose products of 64 fit into int32, and of values,
// which leave the most to the probabilities.
constexpr float kQueryLimit = 5790.f;
constexpr float kValueLimit = 1023.f;

// One head of a row: (64,) in the type of the product; returns its scale.
template <typename Tile>
OUTLINE float convert_head(const float* in, float limit, typename Tile::Element* out) {
  if constexpr (Tile::kScaled) {
    const float scale = minimum(limit / maximum(extent(in, kHead).largest, 1e-30f), 1e30f);
    round_row(in, scale, out, kHead);
    return 1.f / scale;
  } else {
    return convert_row(Tile(), in, 0.f, out, kHead);
  }
}

// Positions of a key, or of a value with its neighbour, as the products read them.
template <typename Tile>
INLINE void place_key(
    const typename Tile::Element* key, int64_t position, typename Tile::Element* keys) {
  constexpr int kGroup = Tile::kGroup;
  auto* to = keys + position / kPanel * kPanel * kHead + position % kPanel * kGroup;
  for (int64_t k = 0; k < kHead; k += kGroup) {
    __builtin_memcpy(to + k * kPanel, key + k, kGroup * sizeof *key);
  }
}

template <typename Element>
INLINE void place_value(
    const Element* value, int64_t position, int64_t padded, Element* values) {
  constexpr int64_t kGroup = sizeof(float) / sizeof(Element);
  Element* to = values + position / kGroup * kGroup * kPanel;
  for (int64_t column = 0; column < kHead; column += kLanes) {
    Element* at = to + column / kPanel * padded * kPanel + column % kPanel * kGroup;
    if constexpr (kGroup == 1) {
      store(at, loadf(value + column));
    } else {
      typedef uint16_t Halves __attribute__((ext_vector_type(kLanes)));
      const U even = __builtin_convertvector(load<Halves>(value + column), U);
      const U odd = __builtin_convertvector(load<Halves>(value + kHead + column), U);
      store(at, even | odd << 16);
    }
  }
}

// Queries, keys and values of rows that begin with an even one, a head at a time.
template <typename Tile>
OUTLINE void attention_input(
    const EncoderLayer& layer, const EncoderState& state, int64_t begin, int64_t end) {
  using Element = typename Tile::Element;
  const int64_t size = state.state;
  const int64_t count = end - begin;
  const int64_t held = whisper::round_up(count, Tile::kRows);
  const int64_t stride = stride_of<Element>(size);
  Parts parts(
      Parts::bytes<float>(size) + Parts::bytes<Element>(held * stride) +
      Parts::bytes<float>(held) + Parts::bytes<float>(held * kHead) +
      Parts::bytes<float>(sums_of<Tile>(count)));
  float* normal = parts.take<float>(size);
  Element* input = parts.take<Element>(held * stride);
  float* scales = parts.take<float>(held);
  float* piece = parts.take<float>(held * kHead);
  float* sums = parts.take<float>(sums_of<Tile>(count));

  for (int64_t row = 0; row < count; ++row) {
    normalize_row(layer.attention_norm, state.x + (begin + row) * size, normal, size);
    scales[row] = convert_row(Tile(), normal, layer.qkv.norm, input + row * stride, size);
  }
  const int64_t rows_held = state.positions + kSpareRows;
  for (int64_t part = 0; part < 3; ++part) {
    for (int64_t head = 0; head < state.heads; ++head) {
      multiply_rows<Tile>(
          layer.qkv, (part * size + head * kHead) / kPanel, kHead / kPanel, input, scales, count,
          sums, [&](int64_t row, int64_t column, F value) {
            store(piece + row * kHead + column, part == 0 ? value * kScoreFactor : value);
          });
      Element* queries = static_cast<Element*>(state.queries) + (head * rows_held + begin) * kHead;
      Element* keys = static_cast<Element*>(state.keys) + head * state.padded * kHead;
      Element* values = static_cast<Element*>(state.values) + head * state.padded * kHead;
      alignas(64) Element converted[2 * kHead];
      for (int64_t row = 0; row < count; ++row) {
        const float* from = piece + row * kHead;
        const int64_t position = begin + row;
        if (part == 0) {
          state.query_scales[head * rows_held + position] =
              convert_head<Tile>(from, kQueryLimit, queries + row * kHead);
        } else if (part == 1) {
          state.key_scales[head * state.padded + position] =
              convert_head<Tile>(from, kQueryLimit, converted);
          place_key<Tile>(converted, position, keys);
        } else {
          Element* half = converted + row % Tile::kGroup * kHead;
          state.value_scales[head * state.padded + position] =
              convert_head<Tile>(from, kValueLimit, half);
          if (Tile::kGroup == 2 && row % 2 == 0 && row + 1 == count) {
            __builtin_memset(converted + kHead, 0, sizeof converted / 2);
          }
          if (row % Tile::kGroup == Tile::kGroup - 1 || row + 1 == count) {
            place_value(converted, position, state.padded, values);
          }
        }
      }
    }
  }
}

} // namespace
