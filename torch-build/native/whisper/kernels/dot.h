// Products of a few rows with a few panels in registers, for each type of element.
//
// A panel has 16 columns. Its row k holds the elements of `kGroup` consecutive depths for each
// column: 64 bytes, whatever the type. What a lane of the accumulator sums up is one column.
#pragma once

#include "vector.h"

#include "../kernels.h"

namespace {

// The largest int32: sums of products of int16 stay below it by the choice of scales.
constexpr float kIntegerBound = 2147480000.f;

// Wraps around, as the sums of rows that do not count may.
INLINE I add(I a, I b) {
  return as<I>(as<U>(a) + as<U>(b));
}

struct Float {
  using Element = float;
  using Sum = F;
  static constexpr int kGroup = 1;
  static constexpr bool kRough = false;
  static constexpr bool kScaled = false;

  static INLINE F dot(F sum, F a, F b) {
    return a * b + sum;
  }
  static INLINE F broadcast(const float* a) {
    return F(*a);
  }
  static INLINE F read(const float* b) {
    return loadf(b);
  }
  static INLINE F value(F sum) {
    return sum;
  }
};

struct Int16 {
  using Element = int16_t;
  using Sum = I;
  static constexpr int kGroup = 2;
  static constexpr bool kRough = false;
  static constexpr bool kScaled = true;

  static INLINE I dot(I sum, S a, S b) {
#if defined(__AVX512VNNI__)
    return as<I>(_mm512_dpwssd_epi32(as<__m512i>(sum), as<__m512i>(a), as<__m512i>(b)));
#elif defined(__AVX512BW__)
    return add(sum, as<I>(_mm512_madd_epi16(as<__m512i>(a), as<__m512i>(b))));
#elif defined(__AVXVNNI__)
    return as<I>(_mm256_dpwssd_avx_epi32(as<__m256i>(sum), as<__m256i>(a), as<__m256i>(b)));
#elif defined(__AVX2__)
    return add(sum, as<I>(_mm256_madd_epi16(as<__m256i>(a), as<__m256i>(b))));
#else
    return add(sum, as<I>(_mm_madd_epi16(as<__m128i>(a), as<__m128i>(b))));
#endif
  }
  static INLINE S broadcast(const int16_t* a) {
    int32_t pair;
    __builtin_memcpy(&pair, a, sizeof pair);
    return as<S>(I(pair));
  }
  static INLINE S read(const int16_t* b) {
    return load<S>(b);
  }
  static INLINE F value(I sum) {
    return to_float(sum);
  }
};

struct BFloat16 {
  using Element = uint16_t;
  using Sum = F;
  static constexpr int kGroup = 2;
  static constexpr bool kRough = true; // arithmetic around it may be, too
  static constexpr bool kScaled = false;

#if defined(__AVX512BF16__)
  static INLINE F dot(F sum, S a, S b) {
    return as<F>(_mm512_dpbf16_ps(as<__m512>(sum), as<__m512bh>(a), as<__m512bh>(b)));
  }
#else
  // The even and the odd element of each pair as float.
  static INLINE F dot(F sum, S a, S b) {
    sum = as<F>(as<I>(a) << 16) * as<F>(as<I>(b) << 16) + sum;
    return as<F>(as<U>(a) & 0xffff0000u) * as<F>(as<U>(b) & 0xffff0000u) + sum;
  }
#endif
  static INLINE S broadcast(const uint16_t* a) {
    int32_t pair;
    __builtin_memcpy(&pair, a, sizeof pair);
    return as<S>(I(pair));
  }
  static INLINE S read(const uint16_t* b) {
    return load<S>(b);
  }
  static INLINE F value(F sum) {
    return sum;
  }
};

// To the nearest bfloat16, ties to even; in the lower half of each lane.
INLINE U round_bfloat16(F value) {
  const U bits = as<U>(value);
  return (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
}

// Accumulators of a tile: what fits into the registers beside a row of each panel and one element.
#if defined(__AVX512F__)
constexpr int kTileRows = 12;
constexpr int kTilePanels = 2;
#elif defined(__AVX2__)
constexpr int kTileRows = 6;
constexpr int kTilePanels = 1;
#else
constexpr int kTileRows = 2;
constexpr int kTilePanels = 1;
#endif

// kRows rows of `a` times `depth` rows of kPanels panels that are `panel_size` elements apart: sums
// (kRows, 16 * kPanels) as float32 in rows of `width`, added to what is there where `more`. Not
// inlined: the program is to stay small.
template <typename Dot>
struct Registers : Dot {
  using Element = typename Dot::Element;
  static constexpr int kRows = kTileRows;
  static constexpr int kPanels = kTilePanels;
  static constexpr bool kHeadRows = false;
  static constexpr int64_t kAhead = 0;

  static void prepare() {}
  static void release() {}

  OUTLINE void tile(
      const Element* a, int64_t stride, const Element* b, int64_t panel_size, int64_t depth,
      float* sums, int64_t width, bool more) {
    typename Dot::Sum lanes[kRows][kPanels * kVectors] = {};
    for (int64_t k = 0; k < depth; k += Dot::kGroup) {
      decltype(Dot::read(b)) columns[kPanels * kVectors];
#pragma clang loop unroll(full)
      for (int v = 0; v < kPanels * kVectors; ++v) {
        columns[v] = Dot::read(
            b + v / kVectors * panel_size + k * kPanel + v % kVectors * kLanes * Dot::kGroup);
      }
#pragma clang loop unroll(full)
      for (int row = 0; row < kRows; ++row) {
        const auto element = Dot::broadcast(a + row * stride + k);
#pragma clang loop unroll(full)
        for (int v = 0; v < kPanels * kVectors; ++v) {
          lanes[row][v] = Dot::dot(lanes[row][v], element, columns[v]);
        }
      }
    }
#pragma clang loop unroll(full)
    for (int row = 0; row < kRows; ++row) {
#pragma clang loop unroll(full)
      for (int v = 0; v < kPanels * kVectors; ++v) {
        float* at = sums + row * width + v * kLanes;
        const F value = Dot::value(lanes[row][v]);
        store(at, more ? loadf(at) + value : value);
      }
    }
  }
};

template <typename Element>
constexpr int64_t stride_of(int64_t depth) {
  return whisper::row_stride(depth, sizeof(Element));
}

// Of a panel, what stays in the first cache.
template <typename Element>
constexpr int64_t kDepthOfPart = 16384 / (kPanel * sizeof(Element));

// One tile of many: kRows rows from `row` on, times the depths from `part` on of the panels at
// `columns`. Where it can, it fetches its share of the panels behind them into the second cache.
template <typename Tile>
INLINE void tile_of_many(
    const typename Tile::Element* a, int64_t stride, int64_t row,
    const typename Tile::Element* columns, int64_t depth, int64_t part, int64_t count, float* sums,
    bool more) {
  constexpr int kColumns = Tile::kPanels * kPanel;
  const auto* rows = a + row * stride;
  const auto* panels = columns + part * kPanel;
  float* here = sums + row * kColumns;
  if constexpr (Tile::kAhead > 0) {
    const int64_t begin = row / Tile::kRows * count * Tile::kAhead;
    const int64_t panel = Tile::kPanels + begin / (count * kPanel);
    const auto* ahead = panels + panel * depth * kPanel + begin % (count * kPanel);
    Tile::tile_and_fetch(rows, stride, panels, depth * kPanel, count, here, kColumns, more, ahead);
  } else {
    Tile::tile(rows, stride, panels, depth * kPanel, count, here, kColumns, more);
  }
}

// At most kRows rows times `panels` panels, an even number: sums (kRows, width).
template <typename Tile>
INLINE void multiply_tile_rows(
    const typename Tile::Element* a, int64_t stride, const typename Tile::Element* b,
    int64_t depth, int64_t panels, float* sums, int64_t width) {
  constexpr int64_t kPart = kDepthOfPart<typename Tile::Element>;
  for (int64_t part = 0; part < depth; part += kPart) {
    const int64_t here = lesser(kPart, depth - part);
    for (int64_t panel = 0; panel < panels; panel += Tile::kPanels) {
      Tile::tile(
          a + part, stride, b + (panel * depth + part) * kPanel, depth * kPanel, here,
          sums + panel * kPanel, width, part != 0);
    }
  }
}

// Rows times `panels` panels, an even number: finish(row, column, line) for 16 * kPanels columns at
// a time, in memory that is its own. `a` must have rows up to the next multiple of kRows; what they
// give is dropped. `memory` holds (rows up to there, 16 * kPanels).
//
// A part of the panels stays in the first cache while all rows pass by.
template <typename Tile, typename Finish>
INLINE void multiply_lines(
    const typename Tile::Element* a, int64_t stride, int64_t rows,
    const typename Tile::Element* b, int64_t depth, int64_t panels, float* memory,
    const Finish& finish) {
  constexpr int kColumns = Tile::kPanels * kPanel;
  constexpr int64_t kPart = kDepthOfPart<typename Tile::Element>;
  for (int64_t panel = 0; panel < panels; panel += Tile::kPanels) {
    const typename Tile::Element* columns = b + panel * depth * kPanel;
    for (int64_t part = 0; part < depth; part += kPart) {
      const int64_t here = lesser(kPart, depth - part);
      for (int64_t row = 0; row < rows; row += Tile::kRows) {
        tile_of_many<Tile>(a + part, stride, row, columns, depth, part, here, memory, part != 0);
      }
    }
    for (int64_t row = 0; row < rows; ++row) {
      finish(row, panel * kPanel, memory + row * kColumns);
    }
  }
}

// As multiply_lines: finish(row, column, sums) for a vector of columns at a time.
template <typename Tile, typename Finish>
INLINE void multiply(
    const typename Tile::Element* a, int64_t stride, int64_t rows,
    const typename Tile::Element* b, int64_t depth, int64_t panels, float* memory,
    const Finish& finish) {
  multiply_lines<Tile>(
      a, stride, rows, b, depth, panels, memory,
      [&](int64_t row, int64_t first, const float* line) {
#pragma clang loop unroll(full)
        for (int column = 0; column < Tile::kPanels * kPanel; column += kLanes) {
          finish(row, first + column, loadf(line + column));
        }
      });
}

// Rows of `count` depths times those from `first` on of panels with `depth`: added to totals
// (panels / kPanels, rows up to the next multiple of kRows, 16 * kPanels), or put there when first
// is 0. The sums are those of a product over all depths at once, to the last bit.
template <typename Tile>
INLINE void accumulate(
    const typename Tile::Element* a, int64_t stride, int64_t rows, const typename Tile::Element* b,
    int64_t depth, int64_t first, int64_t count, int64_t panels, float* totals) {
  constexpr int64_t kPart = kDepthOfPart<typename Tile::Element>;
  const int64_t held = (rows + Tile::kRows - 1) / Tile::kRows * Tile::kRows;
  for (int64_t panel = 0; panel < panels; panel += Tile::kPanels) {
    const typename Tile::Element* columns = b + (panel * depth + first) * kPanel;
    float* memory = totals + panel * kPanel * held;
    for (int64_t part = 0; part < count; part += kPart) {
      const int64_t here = lesser(kPart, count - part);
      for (int64_t row = 0; row < rows; row += Tile::kRows) {
        tile_of_many<Tile>(
            a + part, stride, row, columns, depth, part, here, memory, first + part != 0);
      }
    }
  }
}

} // namespace
