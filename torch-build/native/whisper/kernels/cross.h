// A window's keys and values into the cache that the decoder reads, one head at a time.
//
// In int8 each channel has a scale of its own: those of the keys are folded into the query, those of
// the values into what is heard, so that the loops over the window see integers alone.
#pragma once

#include "many_rows.h"

namespace {

using whisper::CrossCache;

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

// Four lanes' lowest bytes, or two lanes' upper halves, side by side.
INLINE I join_bytes(I a, I b, I c, I d) {
  return (a & 255) | ((b & 255) << 8) | ((c & 255) << 16) | as<I>(as<U>(d) << 24);
}

// By what a channel is to be multiplied on its way to int8; the inverse goes into `scales`.
INLINE void channel_factors(
    const float* rows, int64_t stride, int64_t count, float* scales, float* factors) {
  for (int64_t channel = 0; channel < kHead; channel += kLanes) {
    F magnitude = 1e-30f;
    for (int64_t row = 0; row < count; ++row) {
      magnitude =
          maximum(magnitude, __builtin_elementwise_abs(loadf(rows + row * stride + channel)));
    }
    store(scales + channel, magnitude / 127.f);
    store(factors + channel, 127.f / magnitude);
  }
}

// Rows `position` to `position + group` of one head's values as group rows of the panels. What is
// behind the last row is zero.
template <typename Join>
INLINE void pack_values(
    const float* rows, int64_t stride, int64_t count, int64_t padded, int group, int32_t* to,
    const Join& join) {
  alignas(64) static const float zeros[kHead] = {};
  for (int64_t position = 0; position < padded; position += group) {
    const float* line[4];
    for (int within = 0; within < group; ++within) {
      const bool there = position + within < count;
      line[within] = there ? rows + (position + within) * stride : zeros;
    }
    for (int64_t channel = 0; channel < kHead; channel += kLanes) {
      int32_t* at = to + channel / kPanel * (padded / group) * kPanel +
          position / group * kPanel + channel % kPanel;
      store(at, join(line, channel));
    }
  }
}

OUTLINE void pack_integers(
    const CrossCache& cache, const float* keys, const float* values, int64_t stride,
    int64_t head) {
  alignas(64) float factors[kHead];
  const int64_t padded = cache.padded;
  channel_factors(keys, stride, cache.positions, cache.key_scales + head * kHead, factors);
  int8_t* to = static_cast<int8_t*>(cache.keys) + head * padded * kHead;
  typedef int8_t Bytes __attribute__((ext_vector_type(kLanes)));
  for (int64_t position = 0; position < padded; ++position) {
    alignas(64) int8_t converted[kHead] = {};
    if (position < cache.positions) {
      for (int64_t channel = 0; channel < kHead; channel += kLanes) {
        const I whole =
            nearest(loadf(keys + position * stride + channel) * loadf(factors + channel));
        store(converted + channel, __builtin_convertvector(whole, Bytes));
      }
    }
    int8_t* at = to + position / kPanel * kPanel * kHead + position % kPanel * 4;
    for (int64_t k = 0; k < kHead; k += 4) {
      __builtin_memcpy(at + k * kPanel, converted + k, 4);
    }
  }
  channel_factors(values, stride, cache.positions, cache.value_scales + head * kHead, factors);
  pack_values(
      values, stride, cache.positions, padded, 4,
      static_cast<int32_t*>(cache.values) + head * padded * kHead / 4,
      [&](const float* const* line, int64_t channel) {
        const F factor = loadf(factors + channel);
        return join_bytes(
            nearest(loadf(line[0] + channel) * factor), nearest(loadf(line[1] + channel) * factor),
            nearest(loadf(line[2] + channel) * factor), nearest(loadf(line[3] + channel) * factor));
      });
}

// Keys as they are or in pairs of bfloat16: `group` channels of a position side by side.
template <int group, typename Element>
INLINE void pack_keys(
    const CrossCache& cache, const float* keys, int64_t stride, Element* to) {
  for (int64_t position = 0; position < cache.padded; ++position) {
    alignas(64) Element converted[kHead] = {};
    if (position < cache.positions) {
      if constexpr (group == 1) {
        convert_row(Float(), keys + position * stride, 0.f, converted, kHead);
      } else {
        convert_row(BFloat16(), keys + position * stride, 0.f, converted, kHead);
      }
    }
    Element* at = to + position / kPanel * kPanel * kHead + position % kPanel * group;
    for (int64_t k = 0; k < kHead; k += group) {
      __builtin_memcpy(at + k * kPanel, converted + k, 4);
    }
  }
}

// rows (positions, 2 * state): keys, then values.
OUTLINE void pack_cross(const CrossCache& cache, const float* rows, int64_t state, int64_t head) {
  const float* keys = rows + head * kHead;
  const float* values = keys + state;
  const int64_t stride = 2 * state;
  const int64_t place = head * cache.padded * kHead;
  if (cache.form == Form::kInt8) {
    pack_integers(cache, keys, values, stride, head);
  } else if (cache.form == Form::kBFloat16) {
    pack_keys<2>(cache, keys, stride, static_cast<uint16_t*>(cache.keys) + place);
    pack_values(
        values, stride, cache.positions, cache.padded, 2,
        static_cast<int32_t*>(cache.values) + place / 2,
        [](const float* const* line, int64_t channel) {
          const U low = round_bfloat16(loadf(line[0] + channel));
          return as<I>(low | round_bfloat16(loadf(line[1] + channel)) << 16);
        });
  } else {
    pack_keys<1>(cache, keys, stride, static_cast<float*>(cache.keys) + place);
    pack_values(
        values, stride, cache.positions, cache.padded, 1,
        static_cast<int32_t*>(cache.values) + place,
        [](const float* const* line, int64_t channel) {
          return as<I>(loadf(line[0] + channel));
        });
  }
}

} // namespace
