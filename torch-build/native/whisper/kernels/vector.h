// Vectors of the widest registers of an instruction set: float (F), int32 (I) and int16 (S) lanes.
//
// Each kernels_<capability>.cpp compiles the templates of this folder anew, so all is in a namespace
// without a name: no other file may take a function that was compiled for a wider set.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX2__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif

// Columns of a panel: one line of the cache in each group of rows, whatever the instruction set.
constexpr int kPanel = 16;
constexpr int kVectors = kPanel / kLanes; // of a panel's row

typedef float F __attribute__((ext_vector_type(kLanes)));
typedef int32_t I __attribute__((ext_vector_type(kLanes)));
typedef uint32_t U __attribute__((ext_vector_type(kLanes)));
typedef int16_t S __attribute__((ext_vector_type(2 * kLanes)));
typedef int16_t HalfS __attribute__((ext_vector_type(kLanes)));
typedef int8_t C __attribute__((ext_vector_type(2 * kLanes)));

#define INLINE inline __attribute__((always_inline))
// What is as quick when it is called: the program is to stay small.
#define OUTLINE static __attribute__((noinline))

template <typename V, typename T>
INLINE V load(const T* from) {
  V value;
  __builtin_memcpy(&value, from, sizeof value);
  return value;
}

template <typename V, typename T>
INLINE void store(T* to, V value) {
  __builtin_memcpy(to, &value, sizeof value);
}

INLINE F loadf(const float* from) {
  return load<F>(from);
}

template <typename To, typename From>
INLINE To as(From value) {
  static_assert(sizeof(To) == sizeof(From), "the same bits");
  To result;
  __builtin_memcpy(&result, &value, sizeof result);
  return result;
}

INLINE F maximum(F a, F b) {
  return __builtin_elementwise_max(a, b);
}

INLINE F minimum(F a, F b) {
  return __builtin_elementwise_min(a, b);
}

INLINE float maximum(float a, float b) {
  return a > b ? a : b;
}

INLINE float minimum(float a, float b) {
  return a < b ? a : b;
}

INLINE int64_t lesser(int64_t a, int64_t b) {
  return a < b ? a : b;
}

template <int lanes>
struct Vector {
  typedef float type __attribute__((ext_vector_type(lanes)));
};

template <int lanes, typename Fold>
INLINE float fold(typename Vector<lanes>::type value, Fold combine) {
  if constexpr (lanes == 2) {
    return combine(value.x, value.y);
  } else {
    return fold<lanes / 2>(combine(value.lo, value.hi), combine);
  }
}

INLINE float sum(F value) {
  return fold<kLanes>(value, [](auto a, auto b) { return a + b; });
}

INLINE float largest(F value) {
  return fold<kLanes>(value, [](auto a, auto b) { return a > b ? a : b; });
}

// The nearest integer, ties to even; of numbers below 2^31.
INLINE I nearest(F value) {
#if defined(__AVX512F__)
  return as<I>(_mm512_cvtps_epi32(value));
#elif defined(__AVX2__)
  return as<I>(_mm256_cvtps_epi32(value));
#else
  return as<I>(_mm_cvtps_epi32(value));
#endif
}

INLINE F to_float(I value) {
  return __builtin_convertvector(value, F);
}

// exp(x) for x <= 88; 0 below -87. Cody and Waite's reduction; error below 2e-7 of the value.
INLINE F exponential(F x) {
  const I n = nearest(x * 1.44269504f);
  const F whole = to_float(n);
  const F r = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
  F p = r * (1.f / 5040.f) + (1.f / 720.f);
  p = p * r + (1.f / 120.f);
  p = p * r + (1.f / 24.f);
  p = p * r + (1.f / 6.f);
  p = p * r + 0.5f;
  p = p * r + 1.f;
  p = p * r + 1.f;
  const F scaled = as<F>(as<I>(p) + (n << 23));
  return x < -87.f ? F(0.f) : scaled;
}

// What is enough where bfloat16 follows; the instructions for it came with AVX-512.
#if defined(__AVX512F__)
// 2 to the power of x; 0 below -150. Error below 5e-5 of the value.
INLINE F rough_power_of_2(F x) {
  x = as<F>(_mm512_max_ps(as<__m512>(F(-200.f)), as<__m512>(x))); // leaves NaN
  const F whole = as<F>(_mm512_roundscale_ps(as<__m512>(x), 0));
  const F r = x - whole;
  F p = r * 0.0096181f + 0.0555041f;
  p = p * r + 0.2402265f;
  p = p * r + 0.6931472f;
  p = p * r + 1.f;
  return as<F>(_mm512_scalef_ps(as<__m512>(p), as<__m512>(whole)));
}

// Error below 4e-9 of the value, which Newton's step leaves of the first guess's 6e-5.
INLINE F rough_reciprocal(F x) {
  const F guess = as<F>(_mm512_rcp14_ps(as<__m512>(x)));
  return guess * (2.f - x * guess);
}
#else
INLINE F rough_power_of_2(F x) {
  return exponential(x * 0.69314718f);
}

INLINE F rough_reciprocal(F x) {
  return 1.f / x;
}
#endif

constexpr float kLog2OfE = 1.44269504f;

// x times the normal distribution function, by Abramowitz and Stegun 7.1.26: error below 2e-7, but
// where `rough`.
template <bool rough = false>
INLINE F gelu(F x) {
  const F magnitude = __builtin_elementwise_abs(x) * 0.70710678f;
  const F denominator = magnitude * 0.3275911f + 1.f;
  const F t = rough ? rough_reciprocal(denominator) : 1.f / denominator;
  F p = t * 1.061405429f - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  const F square = -magnitude * magnitude;
  const F decline = rough ? rough_power_of_2(square * kLog2OfE) : exponential(square);
  const F tail = p * t * decline * 0.5f;
  return x * (x < 0.f ? tail : 1.f - tail);
}

} // namespace
