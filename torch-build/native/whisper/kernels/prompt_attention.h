// Attention of a prompt to itself: the rows of one hypothesis from its first token on.
//
// A step's row reads a key after the other. The rows of a prompt share theirs, so here they are
// packed into panels once for a head and meet several rows at a time.
#pragma once

#include "decoder.h"

namespace {

using whisper::kPromptRows;
using whisper::SelfCache;

// Bytes of memory that prompt_attention needs.
INLINE int64_t prompt_bytes(int64_t count) {
  const int64_t padded = whisper::round_up(count, kPanel);
  return (2 * kHead + StoredFloat32::kRows) * padded * static_cast<int64_t>(sizeof(float));
}

// One head. The keys and values of all `count` rows are in the cache already; queries (count, 64),
// out (count, state).
OUTLINE void prompt_attention(
    const SelfCache& cache, int64_t slot, const float* queries, int64_t count, int64_t head,
    float* out, float* memory) {
  const int64_t padded = whisper::round_up(count, kPanel);
  float* keys = memory; // (panels, depth 64, 16)
  float* values = keys + padded * kHead; // (4 panels, depth padded, 16)
  float* scores = values + padded * kHead; // (rows at once, padded)
  for (int64_t position = 0; position < padded; ++position) {
    float* column = keys + position / kPanel * kPanel * kHead + position % kPanel;
    float* row = values + position * kPanel;
    if (position < count) {
      const float* from = cache.at(slot, position) + head * kHead;
      for (int64_t k = 0; k < kHead; ++k) {
        column[k * kPanel] = from[k];
      }
      for (int64_t k = 0; k < kHead; k += kPanel) {
        __builtin_memcpy(
            row + k * padded, from + cache.state + k, kPanel * sizeof(float));
      }
    } else {
      for (int64_t k = 0; k < kHead; ++k) {
        column[k * kPanel] = 0.f;
        row[k / kPanel * padded * kPanel + k % kPanel] = 0.f;
      }
    }
  }
  for (int64_t first = 0; first < count; first += StoredFloat32::kRows) {
    const int64_t here = lesser(StoredFloat32::kRows, count - first);
    const int64_t panels = (first + here + kPanel - 1) / kPanel;
    few_rows<StoredFloat32>(
        here, queries + first * kHead, kHead, keys, kHead, 0, panels,
        [&](int64_t row, int64_t column, F sums) {
          store(scores + row * padded + column, sums * kScoreFactor);
        });
    float factors[StoredFloat32::kRows];
    for (int64_t row = 0; row < here; ++row) {
      float* line = scores + row * padded;
      for (int64_t later = first + row + 1; later < padded; ++later) {
        line[later] = -__builtin_inff();
      }
      factors[row] = 1.f / exponentials(line, padded);
    }
    few_rows<StoredFloat32>(
        here, scores, padded, values, padded, 0, kHead / kPanel,
        [&](int64_t row, int64_t column, F sums) {
          store(out + (first + row) * cache.state + head * kHead + column, sums * factors[row]);
        });
  }
}

} // namespace
