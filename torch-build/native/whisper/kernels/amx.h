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
};

} // namespace
