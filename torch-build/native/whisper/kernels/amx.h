// Tiles of AMX for bfloat16: 32 rows times 2 panels, in 4 tiles of 16 x 16 sums.
//
// A tile of `b` is 16 rows of a panel as they are stored: 64 bytes for 2 depths of 16 columns.
#pragma once

#include "dot.h"

namespace {

constexpr int kTileSide = 16;

// The layout that ldtilecfg reads: Intel's manual, volume 1, 18.3.
struct alignas(64) TileConfiguration {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};

struct Tiles : BFloat16 {
  static constexpr int kRows = 2 * kTileSide;
  static constexpr int kPanels = 2;
  static constexpr bool kHeadRows = true;
  static constexpr int64_t kAhead = 4;
  static constexpr int kDepth = 32; // of one product of tiles

  static void prepare() {
    TileConfiguration configuration;
    for (int tile = 0; tile < 8; ++tile) {
      configuration.row_bytes[tile] = 64;
      configuration.rows[tile] = kTileSide;
    }
    _tile_loadconfig(&configuration);
  }

  // Else the kernel saves 8 kB at each change of threads.
  static void release() {
    _tile_release();
  }

  OUTLINE void tile(
      const uint16_t* a, int64_t stride, const uint16_t* b, int64_t panel_size, int64_t depth,
      float* sums, int64_t width, bool more) {
    compute<0>(a, stride, b, panel_size, depth, sums, width, more, nullptr);
  }

  // The same, and kAhead elements of `ahead` for each depth into the second cache.
  OUTLINE void tile_and_fetch(
      const uint16_t* a, int64_t stride, const uint16_t* b, int64_t panel_size, int64_t depth,
      float* sums, int64_t width, bool more, const uint16_t* ahead) {
    compute<kAhead>(a, stride, b, panel_size, depth, sums, width, more, ahead);
  }

  template <int64_t fetched>
  static INLINE void compute(
      const uint16_t* a, int64_t stride, const uint16_t* b, int64_t panel_size, int64_t depth,
      float* sums, int64_t width, bool more, const uint16_t* ahead) {
    const int64_t row_bytes = width * static_cast<int64_t>(sizeof(float));
    float* lower = sums + kTileSide * width;
    const int64_t a_bytes = stride * static_cast<int64_t>(sizeof(*a));
    const uint16_t* second = b + panel_size;
    if (more) {
      _tile_loadd(0, sums, row_bytes);
      _tile_loadd(1, sums + kPanel, row_bytes);
      _tile_loadd(2, lower, row_bytes);
      _tile_loadd(3, lower + kPanel, row_bytes);
    } else {
      _tile_zero(0);
      _tile_zero(1);
      _tile_zero(2);
      _tile_zero(3);
    }
    for (int64_t k = 0; k < depth; k += kDepth) {
#pragma clang loop unroll(full)
      for (int64_t i = 0; i < fetched; ++i) {
        _mm_prefetch(reinterpret_cast<const char*>(ahead + k * fetched + i * kDepth), _MM_HINT_T1);
      }
      _tile_loadd(4, a + k, a_bytes);
      _tile_loadd(6, b + k * kPanel, 64);
      _tile_dpbf16ps(0, 4, 6);
      _tile_loadd(7, second + k * kPanel, 64);
      _tile_dpbf16ps(1, 4, 7);
      _tile_loadd(5, a + kTileSide * stride + k, a_bytes);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, sums, row_bytes);
    _tile_stored(1, sums + kPanel, row_bytes);
    _tile_stored(2, lower, row_bytes);
    _tile_stored(3, lower + kPanel, row_bytes);
  }

  // 32 rows of 64 depths times `panels` panels: sums (32, width). The rows stay in four tiles.
  OUTLINE void head_rows(
      const uint16_t* a, int64_t stride, const uint16_t* b, int64_t panels, float* sums,
      int64_t width) {
    const int64_t row_bytes = width * static_cast<int64_t>(sizeof(float));
    const int64_t a_bytes = stride * static_cast<int64_t>(sizeof(*a));
    const uint16_t* lower = a + kTileSide * stride;
    _tile_loadd(4, a, a_bytes);
    _tile_loadd(5, a + kDepth, a_bytes);
    _tile_loadd(6, lower, a_bytes);
    _tile_loadd(7, lower + kDepth, a_bytes);
    for (int64_t panel = 0; panel < panels; ++panel) {
      float* at = sums + panel * kPanel;
      _tile_loadd(2, b, 64);
      _tile_zero(0);
      _tile_dpbf16ps(0, 4, 2);
      _tile_zero(1);
      _tile_dpbf16ps(1, 6, 2);
      _tile_loadd(3, b + kDepth * kPanel, 64);
      _tile_dpbf16ps(0, 5, 3);
      _tile_dpbf16ps(1, 7, 3);
      _tile_stored(0, at, row_bytes);
      _tile_stored(1, at + kTileSide * width, row_bytes);
      b += 2 * kDepth * kPanel;
    }
  }
};

} // namespace
