// What the search needs to know of a row of logits: its maximum, sums of exponentials, and where
// large values are.
//
// A row has some fifty thousand logits and a step looks at all of them, so these loops have no
// branches and work on sixteen lanes, which become the registers of whatever instruction set the
// unit is compiled for. `Set` is a type to tell those units' instances apart.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>

namespace whisper {

// `sum` is that of exp(value - maximum); zero where all values are minus infinity.
struct BlockStatistics {
  float maximum;
  double sum;
};

struct RowKernels {
  BlockStatistics (*statistics)(const float* values, int64_t count);
  // The sum of exp((value - maximum) * factor), none of which may be above one.
  double (*sum_exponentials)(const float* values, int64_t count, float maximum, float factor);
  void (*exponentials)(
      const float* values, int64_t count, float maximum, float factor, float* results);
  // Of at least one value.
  float (*largest)(const float* values, int64_t count);
  // The first index with a value above `threshold`; `count` if there is none.
  int64_t (*first_above)(const float* values, int64_t count, float threshold);
};

// Those for the processor at hand.
const RowKernels& row_kernels();

// A token's probability in a row that no rule was applied to.
float token_probability(const float* logits, int64_t vocabulary, int64_t token);

// Lanes are passed between functions that are inlined: how others would pass them does not matter.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpsabi"
#define WHISPER_INLINE static inline __attribute__((always_inline))

template <typename Set>
class RowStatistics {
 public:
  static BlockStatistics statistics(const float* values, int64_t count) {
    const float maximum = largest(values, count);
    const bool possible = maximum > kNothing;
    return {maximum, possible ? sum_exponentials(values, count, maximum, 1) : 0};
  }

  // Two chains, since each comparison waits for the last.
  static float largest(const float* values, int64_t count) {
    Lanes even = all(kNothing);
    Lanes odd = even;
    int64_t index = 0;
    for (; index + 2 * kLanes <= count; index += 2 * kLanes) {
      even = larger(load(values + index), even);
      odd = larger(load(values + index + kLanes), odd);
    }
    for (; index < count; index += kLanes) {
      const int64_t left = count - index;
      even = larger(left < kLanes ? load_some(values + index, left) : load(values + index), even);
    }
    even = larger(even, odd);
    float lanes[kLanes];
    std::memcpy(lanes, &even, sizeof even);
    for (int64_t width = kLanes / 2; width > 0; width /= 2) {
      for (int64_t lane = 0; lane < width; ++lane) {
        lanes[lane] = lanes[lane] > lanes[lane + width] ? lanes[lane] : lanes[lane + width];
      }
    }
    return lanes[0];
  }

  static double sum_exponentials(
      const float* values, int64_t count, float maximum, float factor) {
    double sum = 0;
    // So few additions in single precision that they lose nothing.
    constexpr int64_t kChunk = 16 * kLanes;
    for (int64_t begin = 0; begin < count; begin += kChunk) {
      const int64_t end = begin + kChunk < count ? begin + kChunk : count;
      Lanes sums = all(0);
      int64_t index = begin;
      for (; index + kLanes <= end; index += kLanes) {
        sums += exponential((load(values + index) - maximum) * factor);
      }
      if (index < end) {
        sums += exponential((load_some(values + index, end - index) - maximum) * factor);
      }
      for (int lane = 0; lane < kLanes; ++lane) {
        sum += sums[lane];
      }
    }
    return sum;
  }

  static void exponentials(
      const float* values, int64_t count, float maximum, float factor, float* results) {
    int64_t index = 0;
    for (; index + kLanes <= count; index += kLanes) {
      const Lanes lanes = exponential((load(values + index) - maximum) * factor);
      std::memcpy(results + index, &lanes, sizeof lanes);
    }
    if (index < count) {
      const int64_t left = count - index;
      const Lanes lanes = exponential((load_some(values + index, left) - maximum) * factor);
      std::memcpy(results + index, &lanes, left * sizeof(float));
    }
  }

  static int64_t first_above(const float* values, int64_t count, float threshold) {
    constexpr int64_t kChunk = 8 * kLanes;
    int64_t index = 0;
    while (index + kChunk <= count && !(largest(values + index, kChunk) > threshold)) {
      index += kChunk;
    }
    while (index < count && !(values[index] > threshold)) {
      ++index;
    }
    return index;
  }

  static constexpr RowKernels kernels() {
    return {statistics, sum_exponentials, exponentials, largest, first_above};
  }

 private:
  static constexpr int64_t kLanes = 16;
  typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float))));
  typedef uint32_t BitLanes __attribute__((vector_size(kLanes * sizeof(float))));

  static constexpr float kNothing = -std::numeric_limits<float>::infinity();

  WHISPER_INLINE Lanes all(float value) {
    return Lanes{} + value;
  }

  WHISPER_INLINE Lanes load(const float* values) {
    Lanes lanes;
    std::memcpy(&lanes, values, sizeof lanes);
    return lanes;
  }

  WHISPER_INLINE Lanes load_some(const float* values, int64_t count) {
    Lanes lanes = all(kNothing);
    std::memcpy(&lanes, values, count * sizeof(float));
    return lanes;
  }

  WHISPER_INLINE Lanes larger(Lanes a, Lanes b) {
    return a > b ? a : b;
  }

  // e^x for x <= 0, to one unit in the last place: 2^n e^r, with |r| at most half of log 2.
  // The polynomial of e^r, of degree six, is the one with the least relative error, 4e-9.
  WHISPER_INLINE Lanes exponential(Lanes x) {
    // Adding it rounds to a whole number, which then is in the low bits.
    constexpr float kRounding = 12582912;
    constexpr float kLog2E = 1.442695041f;
    constexpr float kLog2High = 0.693359375f; // few bits: products with n are exact
    constexpr float kLog2Low = -2.121944401e-4f;
    // Below, 2^n has no exponent. It is nothing beside the row's maximum.
    constexpr float kSmallest = -87;
    const Lanes rounded = x * kLog2E + kRounding;
    const Lanes n = rounded - kRounding;
    const Lanes r = (x - n * kLog2High) - n * kLog2Low;
    Lanes polynomial = r * 1.381453942e-3f + 8.368745446e-3f;
    polynomial = polynomial * r + 4.166838899e-2f;
    polynomial = polynomial * r + 1.666652113e-1f;
    polynomial = polynomial * r + 4.999999404e-1f;
    polynomial = polynomial * (r * r) + r + 1;
    const BitLanes bits = reinterpret_cast<BitLanes>(polynomial);
    const BitLanes power = reinterpret_cast<BitLanes>(rounded) << 23;
    const BitLanes result = bits + power;
    const Lanes value = reinterpret_cast<Lanes>(result);
    return x < kSmallest ? all(0) : value;
  }
};

#undef WHISPER_INLINE
#pragma GCC diagnostic pop

} // namespace whisper
