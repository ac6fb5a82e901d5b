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
// 2 to the power of x; 0 below -150. Error below 8e-5 of the value: the polynomial is the one whose
// largest relative error is least, from x rounded down to x.
INLINE F rough_power_of_2(F x) {
  constexpr int kDownQuietly = 9;
  const F r = as<F>(_mm512_reduce_ps(as<__m512>(x), kDownQuietly));
  F p = r * 0.078024521f + 0.22606717f;
  p = p * r + 0.69583350f;
  p = p * r + 0.99992520f;
  return as<F>(_mm512_scalef_ps(as<__m512>(p), as<__m512>(x)));
}
#else
INLINE F rough_power_of_2(F x) {
  return exponential(x * 0.69314718f);
}
#endif

constexpr float kLog2OfE = 1.44269504f;

// x times the normal distribution function, by Abramowitz and Stegun 7.1.26: error below 2e-7.
INLINE F gelu(F x) {
  const F magnitude = __builtin_elementwise_abs(x) * 0.70710678f;
  const F t = 1.f / (magnitude * 0.3275911f + 1.f);
  F p = t * 1.061405429f - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  const F tail = p * t * exponential(-magnitude * magnitude) * 0.5f;
  return x * (x < 0.f ? tail : 1.f - tail);
}

// The same where bfloat16 follows, with an error below 9e-5: an odd polynomial, fitted so that the
// largest error is least, and which is 0 and x where 4.2 standard deviations are left behind.
INLINE F rough_gelu(F x) {
  const F within = minimum(maximum(x, F(-4.2f)), F(4.2f));
  const F square = within * within;
  F p = square * -9.01753394e-10f + 7.9413411e-8f;
  p = p * square - 3.03793195e-6f;
  p = p * square + 6.68907014e-5f;
  p = p * square - 9.5065753e-4f;
  p = p * square + 9.29822959e-3f;
  p = p * square - 0.0655281991f;
  p = p * square + 0.398465872f;
  return x * (p * within + 0.5f);
}

INLINE F sigmoid(F x) {
  return 1.f / (exponential(minimum(-x, F(80.f))) + 1.f);
}

// Error below 2e-7.
INLINE F hyperbolic_tangent(F x) {
  return 1.f - 2.f / (exponential(minimum(x * 2.f, F(80.f))) + 1.f);
}

} // namespace
