// The encoder of one window, a block of positions at a time.
//
// A layer is two jobs. The first makes queries, keys and values of a block; the second does all the
// rest of it, for which the keys and values of every position must be there. Scores are kept for
// the rows of one tile only: (kRows, 1504) numbers, never (1500, 1500).
#pragma once

#include "rows.h"

namespace {

using whisper::EncoderLayer;
using whisper::EncoderState;
using whisper::kHead;
using whisper::kSpareRows;
using whisper::Linear;

// Largest magnitudes of int16 queries and keys, whose products of 64 fit into int32, and of values,
// which leave the most to the probabilities.
constexpr float kQueryLimit = 5790.f;
constexpr float kValueLimit = 1023.f;

// Parts of one block of scratch memory.
class Parts {
 public:
  explicit Parts(int64_t bytes) : next_(static_cast<char*>(whisper::scratch(bytes))) {}

  template <typename T>
  T* take(int64_t count) {
    T* part = reinterpret_cast<T*>(next_);
    next_ += bytes<T>(count);
    return part;
  }

  template <typename T>
  static int64_t bytes(int64_t count) {
    return whisper::round_up(count * static_cast<int64_t>(sizeof(T)), 64);
  }

 private:
  char* next_;
};

// The sums of a product as float32, without bias.
template <typename Tile>
INLINE F scaled(const Linear& linear, F sums, float row_scale, int64_t column) {
  if constexpr (Tile::kScaled) {
    return sums * (loadf(linear.scales + column) * row_scale);
  } else {
    return sums;
  }
}

template <typename Tile>
INLINE const typename Tile::Element* panels_of(const Linear& linear) {
  return static_cast<const typename Tile::Element*>(linear.packed);
}

// Memory for the sums of `rows` rows, which is where multiply keeps them.
template <typename Tile>
INLINE int64_t sums_of(int64_t rows) {
  return whisper::round_up(rows, Tile::kRows) * Tile::kPanels * kPanel;
}

// Rows of float32 times all of `linear`: finish(row, column, values) has the bias.
template <typename Tile, typename Finish>
INLINE void multiply_rows(
    const Linear& linear,
    const typename Tile::Element* rows,
    const float* scales,
    int64_t count,
    float* sums,
    const Finish& finish) {
  multiply<Tile>(
      rows, stride_of<typename Tile::Element>(linear.depth), count, panels_of<Tile>(linear),
      linear.depth, linear.panels(), sums,
      [&](int64_t row, int64_t column, F sums) {
        const F value = scaled<Tile>(linear, sums, scales[row], column);
        finish(row, column, value + loadf(linear.bias + column));
      });
}

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

template <typename Tile>
OUTLINE void attention_input(
    const EncoderLayer& layer, const EncoderState& state, int64_t begin, int64_t end) {
  using Element = typename Tile::Element;
  constexpr int kGroup = Tile::kGroup;
  const int64_t size = state.state;
  const int64_t count = end - begin;
  const int64_t held = whisper::round_up(count, Tile::kRows);
  const int64_t stride = stride_of<Element>(size);
  Parts parts(
      Parts::bytes<float>(size) + Parts::bytes<Element>(held * stride) +
      Parts::bytes<float>(held) + Parts::bytes<float>(held * 3 * size) +
      Parts::bytes<float>(sums_of<Tile>(count)));
  float* normal = parts.take<float>(size);
  Element* input = parts.take<Element>(held * stride);
  float* scales = parts.take<float>(held);
  float* qkv = parts.take<float>(held * 3 * size);
  float* sums = parts.take<float>(sums_of<Tile>(count));

  for (int64_t row = 0; row < count; ++row) {
    normalize_row(layer.attention_norm, state.x + (begin + row) * size, normal, size);
    scales[row] = convert_row(Tile(), normal, layer.qkv.norm, input + row * stride, size);
  }
  multiply_rows<Tile>(
      layer.qkv, input, scales, count, sums, [&](int64_t row, int64_t column, F value) {
        store(qkv + row * 3 * size + column, value);
      });

  const int64_t rows_held = state.positions + kSpareRows;
  for (int64_t row = 0; row < count; ++row) {
    const int64_t position = begin + row;
    for (int64_t head = 0; head < state.heads; ++head) {
      float* from = qkv + row * 3 * size + head * kHead;
      for (int64_t i = 0; i < kHead; i += kLanes) {
        store(from + i, loadf(from + i) * kScoreFactor);
      }
      Element* query = static_cast<Element*>(state.queries) + (head * rows_held + position) * kHead;
      state.query_scales[head * rows_held + position] =
          convert_head<Tile>(from, kQueryLimit, query);

      alignas(64) Element converted[kHead];
      state.key_scales[head * state.padded + position] =
          convert_head<Tile>(from + size, kQueryLimit, converted);
      Element* keys = static_cast<Element*>(state.keys) + head * state.padded * kHead +
          position / kPanel * kPanel * kHead + position % kPanel * kGroup;
      for (int64_t k = 0; k < kHead; k += kGroup) {
        __builtin_memcpy(keys + k * kPanel, converted + k, kGroup * sizeof(Element));
      }

      state.value_scales[head * state.padded + position] =
          convert_head<Tile>(from + 2 * size, kValueLimit, converted);
      Element* values = static_cast<Element*>(state.values) + head * state.padded * kHead +
          position / kGroup * kGroup * kPanel + position % kGroup;
      for (int64_t column = 0; column < kHead; ++column) {
        values[column / kPanel * state.padded * kPanel + column % kPanel * kGroup] =
            converted[column];
      }
    }
  }
}

// Scores of one row as probabilities in the type of the product with the values, without the
// division by their sum; returns by what the product is to be multiplied.
template <typename Tile>
OUTLINE float weigh(
    float* scores, const float* value_scales, int64_t padded, typename Tile::Element* out) {
  if constexpr (Tile::kScaled) {
    F top = -__builtin_inff();
    for (int64_t i = 0; i < padded; i += kLanes) {
      top = maximum(top, loadf(scores + i));
    }
    const float most = largest(top);
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
    F tops[2] = {loadf(scores), loadf(scores + kLanes)};
    for (int64_t i = 0; i < padded; i += 2 * kLanes) {
      tops[0] = maximum(tops[0], loadf(scores + i));
      tops[1] = maximum(tops[1], loadf(scores + i + kLanes));
    }
    const float most = largest(maximum(tops[0], tops[1])) * kLog2OfE;
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

// What rows `begin` to `begin + count` hear: heard (count, state), float32.
template <typename Tile>
OUTLINE void attend(
    const EncoderState& state, int64_t begin, int64_t count, float* heard, float* scores,
    typename Tile::Element* weights, float* sums) {
  using Element = typename Tile::Element;
  const int64_t rows_held = state.positions + kSpareRows;
  const int64_t padded = state.padded;
  for (int64_t head = 0; head < state.heads; ++head) {
    const Element* queries = static_cast<const Element*>(state.queries) + head * rows_held * kHead;
    const Element* keys = static_cast<const Element*>(state.keys) + head * padded * kHead;
    const Element* values = static_cast<const Element*>(state.values) + head * padded * kHead;
    const float* key_scales = state.key_scales + head * padded;
    for (int64_t row = 0; row < count; row += Tile::kRows) {
      const int64_t here = lesser(Tile::kRows, count - row);
      const float* query_scales = state.query_scales + head * rows_held + begin + row;
      multiply_tile_rows<Tile>(
          queries + (begin + row) * kHead, kHead, keys, kHead, padded / kPanel, scores, padded);
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
      multiply_tile_rows<Tile>(
          weights, padded, values, padded, kHead / kPanel, sums, kHead);
      for (int64_t within = 0; within < here; ++within) {
        for (int64_t column = 0; column < kHead; column += kLanes) {
          store(heard + (row + within) * state.state + head * kHead + column,
                loadf(sums + within * kHead + column) * factors[within]);
        }
      }
    }
  }
}

template <typename Tile>
OUTLINE void layer_rest(const EncoderLayer& layer, const EncoderState& state, int64_t begin, int64_t end) {
  using Element = typename Tile::Element;
  const int64_t size = state.state;
  const int64_t wide = layer.fc1.outputs;
  const int64_t count = end - begin;
  const int64_t held = whisper::round_up(count, Tile::kRows);
  const int64_t stride = stride_of<Element>(size);
  const int64_t wide_stride = stride_of<Element>(wide);
  Parts parts(
      Parts::bytes<float>(held) + Parts::bytes<Element>(held * wide_stride) +
      Parts::bytes<float>(held * wide) + Parts::bytes<float>(sums_of<Tile>(count) + Tile::kRows * kHead) +
      Parts::bytes<float>(Tile::kRows * state.padded) +
      Parts::bytes<Element>(Tile::kRows * state.padded));
  float* scales = parts.take<float>(held);
  Element* input = parts.take<Element>(held * wide_stride);
  float* values = parts.take<float>(held * wide);
  float* sums = parts.take<float>(sums_of<Tile>(count) + Tile::kRows * kHead);
  float* scores = parts.take<float>(Tile::kRows * state.padded);
  Element* weights = parts.take<Element>(Tile::kRows * state.padded);
  float* x = state.x + begin * size;

  const auto add = [&](int64_t row, int64_t column, F value) {
    float* at = x + row * size + column;
    store(at, loadf(at) + value);
  };
  attend<Tile>(state, begin, count, values, scores, weights, sums);
  for (int64_t row = 0; row < count; ++row) {
    scales[row] =
        convert_row(Tile(), values + row * size, layer.out.norm, input + row * stride, size);
  }
  multiply_rows<Tile>(layer.out, input, scales, count, sums, add);

  for (int64_t row = 0; row < count; ++row) {
    normalize_row(layer.mlp_norm, x + row * size, values, size);
    scales[row] = convert_row(Tile(), values, layer.fc1.norm, input + row * stride, size);
  }
  multiply_rows<Tile>(
      layer.fc1, input, scales, count, sums, [&](int64_t row, int64_t column, F value) {
        store(values + row * wide + column, gelu<Tile::kRough>(value));
      });
  for (int64_t row = 0; row < count; ++row) {
    scales[row] =
        convert_row(
        Tile(), values + row * wide, layer.fc2.norm, input + row * wide_stride, wide);
  }
  multiply_rows<Tile>(layer.fc2, input, scales, count, sums, add);
}

// Keys and values of a decoder layer: out (rows, outputs).
template <typename Tile>
OUTLINE void cross_rows(
    const Linear& linear, const float* features, float* out, int64_t begin, int64_t end) {
  using Element = typename Tile::Element;
  const int64_t size = linear.depth;
  const int64_t count = end - begin;
  const int64_t held = whisper::round_up(count, Tile::kRows);
  const int64_t stride = stride_of<Element>(size);
  Parts parts(
      Parts::bytes<Element>(held * stride) + Parts::bytes<float>(held) +
      Parts::bytes<float>(sums_of<Tile>(count)));
  Element* input = parts.take<Element>(held * stride);
  float* scales = parts.take<float>(held);
  float* sums = parts.take<float>(sums_of<Tile>(count));
  for (int64_t row = 0; row < count; ++row) {
    scales[row] = convert_row(
        Tile(), features + (begin + row) * size, linear.norm, input + row * stride, size);
  }
  multiply_rows<Tile>(linear, input, scales, count, sums, [&](int64_t row, int64_t column, F value) {
    store(out + (begin + row) * linear.outputs + column, value);
  });
}

OUTLINE void convolve_rows(const whisper::Convolution& conv, int64_t begin, int64_t end) {
  using Tile = Registers<Float>;
  const Linear& linear = conv.weights;
  Parts parts(Parts::bytes<float>(sums_of<Tile>(end - begin)));
  multiply<Tile>(
      conv.input + begin * conv.stride * conv.channels, conv.stride * conv.channels, end - begin,
      static_cast<const float*>(linear.packed), linear.depth, linear.panels(),
      parts.take<float>(sums_of<Tile>(end - begin)),
      [&](int64_t row, int64_t column, F sums) {
        const int64_t at = (begin + row) * linear.outputs + column;
        F value = gelu(sums + loadf(linear.bias + column));
        if (conv.added != nullptr) {
          value += loadf(conv.added + at);
        }
        store(conv.output + at, value);
      });
}

} // namespace
