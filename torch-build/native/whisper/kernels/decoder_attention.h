// Attention of decoder rows, a head at a time: to their own past, and to the window.
#pragma once

#include "prompt_attention.h"

namespace {

using whisper::CrossCache;
using whisper::DecoderRow;
using whisper::SelfCache;

INLINE float dot_head(const float* a, const float* b) {
  F total = 0.f;
#pragma clang loop unroll(full)
  for (int64_t i = 0; i < kHead; i += kLanes) {
    total += loadf(a + i) * loadf(b + i);
  }
  return sum(total);
}

// exp(x - the largest) of `size` numbers, any number; returns the sum.
OUTLINE float exponentials_of(float* row, int64_t size) {
  const int64_t whole = whisper::round_up(size, kLanes);
  for (int64_t i = size; i < whole; ++i) {
    row[i] = -__builtin_inff();
  }
  return exponentials(row, whole);
}

// Whether the rows are a hypothesis from its first token on, and long enough to be a prompt.
INLINE bool is_prompt(const DecoderRow* rows, int64_t count) {
  if (count < kPromptRows) {
    return false;
  }
  for (int64_t row = 0; row < count; ++row) {
    if (rows[row].position != row || rows[row].slot != rows[0].slot) {
      return false;
    }
  }
  return true;
}

OUTLINE void self_attention(
    const Linear& qkv, const Activations& input, const SelfCache& cache, const DecoderRow* rows,
    int64_t count, int64_t head, float* out) {
  const int64_t state = cache.state;
  const int64_t panels = kHead / kPanel;
  const int64_t score_bytes = whisper::round_up(cache.context + kLanes, kPanel) * sizeof(float);
  const bool prompt = is_prompt(rows, count);
  const int64_t prompt_memory = prompt ? prompt_bytes(count) : 0;
  float* scores = static_cast<float*>(
      whisper::scratch(score_bytes + prompt_memory + count * kHead * sizeof(float)));
  float* queries = scores + (score_bytes + prompt_memory) / sizeof(float);
  with_stored(qkv.form, [&](auto stored) {
    for (int64_t part = 0; part < 3; ++part) {
      const int64_t first = part * state / kPanel + head * panels;
      linear_rows<decltype(stored)>(
          qkv, input, count, first, first + panels, [&](int64_t row, int64_t column, F value) {
            const int64_t within = column - first * kPanel;
            float* to = part == 0
                ? queries + row * kHead
                : cache.at(rows[row].slot, rows[row].position) + (part - 1) * state + head * kHead;
            store(to + within, value);
          });
    }
  });
  if (prompt) {
    return prompt_attention(cache, rows[0].slot, queries, count, head, out, scores);
  }
  for (int64_t row = 0; row < count; ++row) {
    const int64_t length = rows[row].position + 1;
    const int32_t* history = rows[row].history;
    for (int64_t at = 0; at < length; ++at) {
      const float* key = cache.at(history[at], at) + head * kHead;
      scores[at] = dot_head(queries + row * kHead, key) * kScoreFactor;
    }
    const float factor = 1.f / exponentials_of(scores, length);
    F heard[kHead / kLanes] = {};
    for (int64_t at = 0; at < length; ++at) {
      const float* value = cache.at(history[at], at) + state + head * kHead;
#pragma clang loop unroll(full)
      for (int64_t v = 0; v < kHead / kLanes; ++v) {
        heard[v] += loadf(value + v * kLanes) * scores[at];
      }
    }
    for (int64_t v = 0; v < kHead / kLanes; ++v) {
      store(out + row * state + head * kHead + v * kLanes, heard[v] * factor);
    }
  }
}

// Activations of a row: queries, then weights of the positions.
INLINE int64_t input_width(const CrossCache& cross) {
  return cross.padded < kHead ? kHead : cross.padded;
}

// One head of `count` rows (count, state) times keys, and what they weigh times values; the memory is
// the caller's: activations and their scales, and scores (count, padded).
template <typename Stored>
OUTLINE void attend_window(
    const CrossCache& cross, const float* queries, int64_t count, int64_t state, int64_t head,
    float* out, float* scores_out, char* memory) {
  using Activation = typename Stored::Activation;
  using Weight = typename Stored::Weight;
  const int64_t padded = cross.padded;
  float* scores = reinterpret_cast<float*>(memory);
  Activation* input = reinterpret_cast<Activation*>(scores + count * padded);
  float* factors = reinterpret_cast<float*>(input + count * input_width(cross));
  const Weight* keys = static_cast<const Weight*>(cross.keys) + head * padded * kHead;
  const Weight* values = static_cast<const Weight*>(cross.values) + head * padded * kHead;
  for (int64_t row = 0; row < count; ++row) {
    const float* query = queries + row * state + head * kHead;
    factors[row] = kScoreFactor;
    if constexpr (Stored::kScaled) {
      alignas(64) float folded[kHead];
      for (int64_t i = 0; i < kHead; i += kLanes) {
        store(folded + i, loadf(query + i) * loadf(cross.key_scales + head * kHead + i));
      }
      // 64 products of 127 leave all of int16 to the query.
      factors[row] *= convert_row(
          typename Stored::Row(), folded, 127.f * 8.f, input + row * kHead, kHead);
    } else {
      convert_row(Float(), query, 0.f, input + row * kHead, kHead);
    }
  }
  few_rows<Stored>(
      count, input, kHead, keys, kHead, 0, padded / kPanel,
      [&](int64_t row, int64_t column, F sums) {
        store(scores + row * padded + column, sums * factors[row]);
      });
  for (int64_t row = 0; row < count; ++row) {
    float* line = scores + row * padded;
    if (scores_out != nullptr) {
      __builtin_memcpy(
          scores_out + row * cross.positions, line, cross.positions * sizeof(float));
    }
    for (int64_t position = cross.positions; position < padded; ++position) {
      line[position] = -__builtin_inff();
    }
    const float total = exponentials(line, padded);
    const float norm = 127.f * __builtin_sqrtf(static_cast<float>(padded));
    if constexpr (Stored::kScaled) {
      factors[row] =
          convert_row(typename Stored::Row(), line, norm, input + row * padded, padded) / total;
    } else {
      convert_row(Float(), line, 0.f, input + row * padded, padded);
      factors[row] = 1.f / total;
    }
  }
  few_rows<Stored>(
      count, input, padded, values, padded, 0, kHead / kPanel,
      [&](int64_t row, int64_t column, F sums) {
        if constexpr (Stored::kScaled) {
          sums *= loadf(cross.value_scales + head * kHead + column);
        }
        store(out + row * state + head * kHead + column, sums * factors[row]);
      });
}

// At once: more would not stay in the cache of the core.
constexpr int64_t kCrossRows = 24;
// Of int8, the most rows for which a tile of AMX has too little to do.
constexpr int64_t kRowsWithoutTiles = 2;

OUTLINE void cross_attention(
    const CrossCache& cross, const float* queries, int64_t state, int64_t count, int64_t head,
    float* out, float* scores) {
  const int64_t most = lesser(count, kCrossRows);
  const int64_t width = cross.padded + input_width(cross) + 1;
  char* memory = static_cast<char*>(whisper::scratch(most * width * sizeof(float)));
  const auto attend = [&](auto stored) {
    for (int64_t row = 0; row < count; row += kCrossRows) {
      const int64_t here = lesser(kCrossRows, count - row);
      attend_window<decltype(stored)>(
          cross, queries + row * state, here, state, head, out + row * state,
          scores == nullptr ? nullptr : scores + row * cross.positions, memory);
    }
  };
  if (cross.form == Form::kInt8 && count <= kRowsWithoutTiles) {
    return attend(StoredInt8());
  }
  with_stored(cross.form, attend);
}

} // namespace
