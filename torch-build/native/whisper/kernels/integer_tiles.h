// Tiles of AMX for the decoder's integer weights: up to 16 rows times 2 panels of int8, or 1 of int16.
//
// The activations have 16 bits and AMX multiplies bytes, so a row is kept as its upper bytes and,
// behind them, its lower ones; the two products make the same sum as one of 16 bits, to the last
// bit. A tile of weights is 16 rows of a panel as they are stored: 4 depths of 16 columns in each.
#pragma once

#include "rows.h"

#ifdef __AMX_INT8__
#include "amx.h"
#endif

namespace {

// A row of int16 as two planes of bytes.
struct BytePlanes {};

} // namespace

#ifdef __AMX_INT8__

namespace {

OUTLINE float convert_row(BytePlanes, const float* in, float norm, int16_t* out, int64_t size) {
  const float scale = integer_scale(extent(in, size), norm, size);
  int8_t* upper = reinterpret_cast<int8_t*>(out);
  for (int64_t i = 0; i < size; i += kLanes) {
    const __m512i whole = as<__m512i>(nearest(loadf(in + i) * scale));
    store(upper + i, _mm512_cvtepi32_epi8(_mm512_srai_epi32(whole, 8)));
    store(upper + size + i, _mm512_cvtepi32_epi8(whole));
  }
  return 1.f / scale;
}

// `step` depths of a tile, 64 or 32; `rows` of the activations.
OUTLINE void prepare_integer_tiles(int64_t rows, int64_t step) {
  TileConfiguration configuration;
  for (int tile = 0; tile < 8; ++tile) {
    const bool activations = tile == 4 || tile == 5, weights = tile > 5;
    configuration.row_bytes[tile] = activations ? step : 64;
    configuration.rows[tile] = weights ? step / 4 : rows;
  }
  _tile_loadconfig(&configuration);
}

INLINE void zero_sums() {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
}

// Sums are (4, 16, 16): unsigned when they are added up, since those of bytes may leave int32.
constexpr int64_t kTileSums = kTileSide * kPanel;

INLINE void store_sums(int32_t* sums) {
  _tile_stored(0, sums, 64);
  _tile_stored(1, sums + kTileSums, 64);
  _tile_stored(2, sums + 2 * kTileSums, 64);
  _tile_stored(3, sums + 3 * kTileSums, 64);
}

// The rows of a tile of weights that will be wanted some tiles later.
constexpr int64_t kTilesAhead = 4;

INLINE void fetch_tile_ahead(const void* weights, int64_t rows) {
  const char* at = static_cast<const char*>(weights) + kTilesAhead * 1024;
  for (int64_t row = 0; row < rows; ++row) {
    _mm_prefetch(at + row * 64, _MM_HINT_T0);
  }
}

// Two panels of int8: the sums of the upper bytes of each, then those of the lower ones.
struct TiledInt8 {
  static constexpr bool kTiled = true;
  static constexpr bool kScaled = true;
  static constexpr int64_t kPanels = 2;
  using Row = BytePlanes;
  using Weight = int8_t;
  using Activation = int16_t;

  OUTLINE void multiply(
      const int8_t* a, const int8_t* b, int64_t panels, int64_t depth, int64_t step,
      int32_t* sums) {
    const int8_t* second = b + (panels - 1) * depth * kPanel;
    zero_sums();
    for (int64_t k = 0; k < depth; k += step) {
      fetch_tile_ahead(b + k * kPanel, step / 4);
      fetch_tile_ahead(second + k * kPanel, step / 4);
      _tile_loadd(4, a + k, 2 * depth);
      _tile_loadd(6, b + k * kPanel, 64);
      _tile_dpbssd(0, 4, 6);
      _tile_loadd(7, second + k * kPanel, 64);
      _tile_dpbssd(1, 4, 7);
      _tile_loadd(5, a + depth + k, 2 * depth);
      _tile_dpbusd(2, 5, 6);
      _tile_dpbusd(3, 5, 7);
    }
    store_sums(sums);
  }

  static INLINE I total(const int32_t* sums, int64_t panel) {
    const int32_t* upper = sums + panel * kTileSums;
    return as<I>((load<U>(upper) << 8) + load<U>(upper + 2 * kTileSums));
  }
};

// A panel of int16, whose bytes are sorted on the way: the sums of upper by upper bytes, of upper by
// lower, of lower by upper and of lower by lower.
struct TiledInt16 {
  static constexpr bool kTiled = true;
  static constexpr bool kScaled = true;
  static constexpr int64_t kPanels = 1;
  using Row = BytePlanes;
  using Weight = int16_t;
  using Activation = int16_t;

  // Rows of two depths become rows of four: their upper bytes, and 1024 behind them the lower.
  static INLINE void sort_bytes(const int16_t* b, int64_t step, int8_t* planes) {
    const I lane = {0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60};
    const __m512i lower = as<__m512i>(lane * 0x01010101 + 0x42400200);
    const __m512i upper = as<__m512i>(lane * 0x01010101 + 0x43410301);
    for (int64_t row = 0; row < step / 4; ++row) {
      const __m512i first = load<__m512i>(b + row * 4 * kPanel);
      const __m512i second = load<__m512i>(b + row * 4 * kPanel + 2 * kPanel);
      store(planes + row * 64, _mm512_permutex2var_epi8(first, upper, second));
      store(planes + 1024 + row * 64, _mm512_permutex2var_epi8(first, lower, second));
    }
  }

  OUTLINE void multiply(
      const int8_t* a, const int16_t* b, int64_t, int64_t depth, int64_t step, int32_t* sums) {
    alignas(64) int8_t planes[2][2048];
    zero_sums();
    for (int64_t k = 0; k < depth; k += step) {
      int8_t* sorted = planes[k / step % 2];
      fetch_tile_ahead(b + k * kPanel, step / 2);
      sort_bytes(b + k * kPanel, step, sorted);
      _tile_loadd(4, a + k, 2 * depth);
      _tile_loadd(6, sorted, 64);
      _tile_dpbssd(0, 4, 6);
      _tile_loadd(7, sorted + 1024, 64);
      _tile_dpbsud(1, 4, 7);
      _tile_loadd(5, a + depth + k, 2 * depth);
      _tile_dpbusd(2, 5, 6);
      _tile_dpbuud(3, 5, 7);
    }
    store_sums(sums);
  }

  static INLINE I total(const int32_t* sums, int64_t) {
    const U middle = load<U>(sums + kTileSums) + load<U>(sums + 2 * kTileSums);
    return as<I>((load<U>(sums) << 16) + (middle << 8) + load<U>(sums + 3 * kTileSums));
  }
};

// As rows_in_registers.
template <typename Stored, typename Finish>
INLINE void rows_in_tiles(
    int64_t rows, const int16_t* a, const typename Stored::Weight* b, int64_t depth,
    int64_t first, int64_t last, const Finish& finish) {
  alignas(64) int32_t sums[4 * kTileSums];
  const int64_t step = depth % 64 == 0 ? 64 : 32;
  const int64_t blocks = (rows + kTileSide - 1) / kTileSide;
  const int64_t held = (rows + blocks - 1) / blocks;
  prepare_integer_tiles(held, step);
  for (int64_t panel = first; panel < last; panel += Stored::kPanels) {
    const int64_t panels = lesser(Stored::kPanels, last - panel);
    for (int64_t done = 0; done < rows; done += held) {
      // The last block begins early enough to be whole.
      const int64_t begin = lesser(done, rows - held);
      Stored::multiply(
          reinterpret_cast<const int8_t*>(a + begin * depth), b + panel * depth * kPanel, panels,
          depth, step, sums);
      for (int64_t row = done; row < lesser(done + held, rows); ++row) {
        for (int64_t within = 0; within < panels; ++within) {
          const int32_t* line = sums + (row - begin) * kPanel;
          finish(row, (panel + within) * kPanel, to_float(Stored::total(line, within)));
        }
      }
    }
  }
  _tile_release();
}

} // namespace

#endif
