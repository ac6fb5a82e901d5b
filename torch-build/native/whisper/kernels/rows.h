// What is done with single rows: layer norm, softmax, and the change of type before a product.
#pragma once

#include "dot.h"

namespace {

using whisper::LayerNorm;

// Of scores: one over the root of 64. A power of 2, so that it may as well be the queries'.
constexpr float kScoreFactor = 0.125f;

// Layer norm of a row of `size` numbers, a multiple of the lanes; epsilon as in openai-whisper.
OUTLINE void normalize_row(const LayerNorm& norm, const float* in, float* out, int64_t size) {
  F total = 0.f;
  for (int64_t i = 0; i < size; i += kLanes) {
    total += loadf(in + i);
  }
  const float mean = sum(total) / static_cast<float>(size);
  F squares = 0.f;
  for (int64_t i = 0; i < size; i += kLanes) {
    const F difference = loadf(in + i) - mean;
    squares += difference * difference;
  }
  const float variance = sum(squares) / static_cast<float>(size);
  const float factor = 1.f / __builtin_sqrtf(variance + 1e-5f);
  for (int64_t i = 0; i < size; i += kLanes) {
    const F value = (loadf(in + i) - mean) * factor;
    store(out + i, value * loadf(norm.gain + i) + loadf(norm.bias + i));
  }
}

// Two vectors of whole numbers within int16 as one.
INLINE S narrow(I low, I high) {
  const HalfS first = __builtin_convertvector(low, HalfS);
  const HalfS second = __builtin_convertvector(high, HalfS);
  S result;
  result.lo = first;
  result.hi = second;
  return result;
}

// in * scale as int16, `size` a multiple of twice the lanes.
OUTLINE void round_row(const float* in, float scale, int16_t* out, int64_t size) {
  for (int64_t i = 0; i < size; i += 2 * kLanes) {
    const I low = nearest(loadf(in + i) * scale);
    const I high = nearest(loadf(in + i + kLanes) * scale);
    store(out + i, narrow(low, high));
  }
}

struct Extent {
  float largest; // magnitude
  float squares; // their sum
};

OUTLINE Extent extent(const float* in, int64_t size) {
  F magnitude = 0.f;
  F squares = 0.f;
  for (int64_t i = 0; i < size; i += kLanes) {
    const F value = loadf(in + i);
    magnitude = maximum(magnitude, __builtin_elementwise_abs(value));
    squares += value * value;
  }
  return {largest(magnitude), sum(squares)};
}

// Integers that multiply a column of L2 norm `norm`: by Cauchy and Schwarz no sum of products leaves
// int32. Rounding adds at most half of the square root of the size to the norm of the row, for
// which a thousandth and one unit each are kept free.
INLINE float integer_scale(Extent e, float norm, int64_t size, float limit = 32767.f) {
  const float bound = kIntegerBound / maximum(norm, 1.f);
  const float room = maximum(bound - 0.5f * __builtin_sqrtf(static_cast<float>(size)), 1.f) * 0.999f;
  const float by_size = limit / maximum(e.largest, 1e-30f);
  // Where float32 does not hold the squares, all may be as large as the largest.
  const bool held = 1e-30f < e.squares && e.squares < 1e38f;
  const float length = held ? __builtin_sqrtf(e.squares)
                            : e.largest * __builtin_sqrtf(static_cast<float>(size));
  const float by_norm = room / maximum(length, 1e-30f);
  return minimum(minimum(by_size, by_norm), 1e30f);
}

// A row in the type of the product; returns by what its sums are to be multiplied.
OUTLINE float convert_row(Float, const float* in, float, float* out, int64_t size) {
  for (int64_t i = 0; i < size; i += kLanes) {
    store(out + i, loadf(in + i));
  }
  return 1.f;
}

OUTLINE float convert_row(Int16, const float* in, float norm, int16_t* out, int64_t size) {
  const float scale = integer_scale(extent(in, size), norm, size);
  round_row(in, scale, out, size);
  return 1.f / scale;
}

// Two vectors as bfloat16, to the nearest.
INLINE S narrow_bfloat16(F low, F high) {
#if defined(__AVX512BF16__)
  return as<S>(_mm512_cvtne2ps_pbh(as<__m512>(high), as<__m512>(low)));
#else
  return narrow(as<I>(round_bfloat16(low)), as<I>(round_bfloat16(high)));
#endif
}

OUTLINE float convert_row(BFloat16, const float* in, float, uint16_t* out, int64_t size) {
  for (int64_t i = 0; i < size; i += 2 * kLanes) {
    store(out + i, narrow_bfloat16(loadf(in + i), loadf(in + i + kLanes)));
  }
  return 1.f;
}

// exp(x - the largest) in place of x; returns the sum. `size` is a multiple of the lanes.
OUTLINE float exponentials(float* row, int64_t size) {
  F top = -__builtin_inff();
  for (int64_t i = 0; i < size; i += kLanes) {
    top = maximum(top, loadf(row + i));
  }
  const float most = largest(top);
  F total = 0.f;
  for (int64_t i = 0; i < size; i += kLanes) {
    const F value = exponential(loadf(row + i) - most);
    total += value;
    store(row + i, value);
  }
  return sum(total);
}

} // namespace
