// Products of many rows with a layer's weights, and the memory that they need.
#pragma once

#include "rows.h"

#include <type_traits>

namespace {

using whisper::Form;
using whisper::kHead;
using whisper::kSpareRows;
using whisper::Linear;

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

// Rows times `panels` panels of `linear` from `first` on, which is where columns count from:
// finish(row, column, values) has the bias.
template <typename Tile, typename Finish>
INLINE void multiply_rows(
    const Linear& linear, int64_t first, int64_t panels, const typename Tile::Element* rows,
    const float* scales, int64_t count, float* sums, const Finish& finish) {
  const int64_t begin = first * kPanel;
  multiply<Tile>(
      rows, stride_of<typename Tile::Element>(linear.depth), count,
      panels_of<Tile>(linear) + begin * linear.depth, linear.depth, panels, sums,
      [&](int64_t row, int64_t column, F sums) {
        const F value = scaled<Tile>(linear, sums, scales[row], begin + column);
        finish(row, column, value + loadf(linear.bias + begin + column));
      });
}

// Rows times all of `linear`.
template <typename Tile, typename Finish>
INLINE void multiply_rows(
    const Linear& linear, const typename Tile::Element* rows, const float* scales, int64_t count,
    float* sums, const Finish& finish) {
  multiply_rows<Tile>(linear, 0, linear.panels(), rows, scales, count, sums, finish);
}

// A piece of a row of a float type as it is, or as bfloat16; `size` is a multiple of 32.
INLINE void store_line(const float* in, float* out, int64_t size) {
  for (int64_t i = 0; i < size; i += kLanes) {
    store(out + i, loadf(in + i));
  }
}

INLINE void store_line(const float* in, uint16_t* out, int64_t size) {
  for (int64_t i = 0; i < size; i += 2 * kLanes) {
    store(out + i, narrow_bfloat16(loadf(in + i), loadf(in + i + kLanes)));
  }
}

} // namespace
