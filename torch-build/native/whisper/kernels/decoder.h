// The products of a decoder step: few rows times weights that are read from memory once.
//
// Memory is what they wait for, so weights stay in as few bits as they were stored in until they are
// in registers: int8 becomes int16 there and meets activations in int16; float16 becomes float32.
#pragma once

#include "integer_tiles.h"
#include "rows.h"

namespace {

using whisper::Activations;
using whisper::Form;
using whisper::kHead;
using whisper::Linear;

// Stored types. `kVectorsRead` vectors of sums belong to a panel; columns() puts them in order.
struct StoredInt8 {
  static constexpr bool kTiled = false;
  using Row = Int16;
  using Weight = int8_t;
  using Activation = int16_t;
  using Sum = I;
  static constexpr bool kScaled = true;
  static constexpr int kDepth = 4; // rows of the panel in one step
  static constexpr int kSums = 2 * kVectors;
#if defined(__AVX512F__)
  static constexpr int kRows = 8;
#elif defined(__AVX2__)
  static constexpr int kRows = 3;
#else
  static constexpr int kRows = 1;
#endif

  template <int rows>
  static INLINE void step(
      I (&sums)[rows][kSums], const int16_t* a, int64_t stride, const int8_t* b) {
    S weights[kSums];
#pragma clang loop unroll(full)
    for (int v = 0; v < kSums; ++v) {
      weights[v] = __builtin_convertvector(load<C>(b + v * 2 * kLanes), S);
    }
#pragma clang loop unroll(full)
    for (int row = 0; row < rows; ++row) {
      int64_t four;
      __builtin_memcpy(&four, a + row * stride, sizeof four);
      typedef int64_t Wide __attribute__((ext_vector_type(kLanes / 2)));
      const S activation = as<S>(Wide(four));
#pragma clang loop unroll(full)
      for (int v = 0; v < kSums; ++v) {
        sums[row][v] = Int16::dot(sums[row][v], activation, weights[v]);
      }
    }
  }

  // Two lanes belong to a column.
  static INLINE F columns(const I* sums, int v) {
    return to_float(add(even(sums[2 * v], sums[2 * v + 1]), odd(sums[2 * v], sums[2 * v + 1])));
  }

 private:
#if defined(__AVX512F__)
  static INLINE I even(I a, I b) {
    return __builtin_shufflevector(
        a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  }
  static INLINE I odd(I a, I b) {
    return __builtin_shufflevector(
        a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
  }
#elif defined(__AVX2__)
  static INLINE I even(I a, I b) {
    return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
  }
  static INLINE I odd(I a, I b) {
    return __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
  }
#else
  static INLINE I even(I a, I b) {
    return __builtin_shufflevector(a, b, 0, 2, 4, 6);
  }
  static INLINE I odd(I a, I b) {
    return __builtin_shufflevector(a, b, 1, 3, 5, 7);
  }
#endif
};

// float32 arithmetic with weights that `Reader` makes float32 of.
template <typename Reader>
struct StoredFloat {
  static constexpr bool kTiled = false;
  using Row = Float;
  using Weight = typename Reader::Weight;
  using Activation = float;
  using Sum = F;
  static constexpr bool kScaled = false;
  static constexpr int kDepth = Reader::kDepth;
  static constexpr int kSums = kVectors;
#if defined(__AVX512F__)
  static constexpr int kRows = 12;
#elif defined(__AVX2__)
  static constexpr int kRows = 6;
#else
  static constexpr int kRows = 2;
#endif

  template <int rows>
  static INLINE void step(
      F (&sums)[rows][kSums], const float* a, int64_t stride, const Weight* b) {
#pragma clang loop unroll(full)
    for (int k = 0; k < kDepth; ++k) {
      F weights[kSums];
#pragma clang loop unroll(full)
      for (int v = 0; v < kSums; ++v) {
        weights[v] = Reader::read(b, k, v);
      }
#pragma clang loop unroll(full)
      for (int row = 0; row < rows; ++row) {
        const F activation = a[row * stride + k];
#pragma clang loop unroll(full)
        for (int v = 0; v < kSums; ++v) {
          sums[row][v] = activation * weights[v] + sums[row][v];
        }
      }
    }
  }

  static INLINE F columns(const F* sums, int v) {
    return sums[v];
  }
};

struct ReadFloat32 {
  using Weight = float;
  static constexpr int kDepth = 1;
  static INLINE F read(const float* b, int, int v) {
    return loadf(b + v * kLanes);
  }
};

struct ReadFloat16 {
  using Weight = uint16_t;
  static constexpr int kDepth = 1;
  static INLINE F read(const uint16_t* b, int, int v) {
#if defined(__AVX512F__)
    return as<F>(_mm512_cvtph_ps(load<__m256i>(b + v * kLanes)));
#elif defined(__F16C__)
    return as<F>(_mm256_cvtph_ps(load<__m128i>(b + v * kLanes)));
#else
    typedef uint16_t Halves __attribute__((ext_vector_type(kLanes)));
    const U bits = __builtin_convertvector(load<Halves>(b + v * kLanes), U);
    // The exponents differ by 112; the factor also makes subnormal numbers right.
    const F magnitude = as<F>((bits & 0x7fffu) << 13) * 0x1p112f;
    return as<F>(as<U>(magnitude) | (bits & 0x8000u) << 16);
#endif
  }
};

struct ReadBFloat16 {
  using Weight = uint16_t;
  static constexpr int kDepth = 2;
  static INLINE F read(const uint16_t* b, int k, int v) {
    const U pair = load<U>(b + v * 2 * kLanes);
    return as<F>(k == 0 ? pair << 16 : pair & 0xffff0000u);
  }
};

using StoredFloat32 = StoredFloat<ReadFloat32>;
using StoredFloat16 = StoredFloat<ReadFloat16>;
using StoredBFloat16 = StoredFloat<ReadBFloat16>;

#ifdef __AMX_INT8__
using StoredIntegers = TiledInt8;
#else
using StoredIntegers = StoredInt8;
#endif

// Calls use(Stored()) with the stored type of a form; int16 is only for `product` in tiles.
template <typename Use>
INLINE void with_stored(Form form, const Use& use) {
  switch (form) {
    case Form::kFloat32:
      return use(StoredFloat32());
    case Form::kFloat16:
      return use(StoredFloat16());
    case Form::kBFloat16:
      return use(StoredBFloat16());
    default:
      return use(StoredIntegers());
  }
}

// Weights that are read once come from memory, and a processor by itself does not fetch them across
// the end of a page.
constexpr int64_t kBytesAhead = 4096;

template <typename Weight>
INLINE void fetch_ahead(const Weight* weights) {
  __builtin_prefetch(reinterpret_cast<const char*>(weights) + kBytesAhead);
}

// `rows` rows times some panels: sums (panels, rows, 16) as float32. A column's sum is made in the
// same order whatever the numbers, so that a row does not hang on which others are beside it. Not
// inlined: the program is to stay small.
template <typename Stored, int rows, int panels>
OUTLINE void multiply_panels(
    const typename Stored::Activation* a, int64_t stride, const typename Stored::Weight* b,
    int64_t depth, float* sums) {
  typename Stored::Sum lanes[panels][rows][Stored::kSums] = {};
  for (int64_t k = 0; k < depth; k += Stored::kDepth) {
#pragma clang loop unroll(full)
    for (int panel = 0; panel < panels; ++panel) {
      const auto* weights = b + (panel * depth + k) * kPanel;
      fetch_ahead(weights);
      Stored::template step<rows>(lanes[panel], a + k, stride, weights);
    }
  }
#pragma clang loop unroll(full)
  for (int line = 0; line < panels * rows; ++line) {
#pragma clang loop unroll(full)
    for (int v = 0; v < kVectors; ++v) {
      store(
          sums + line * kPanel + v * kLanes, Stored::columns(lanes[line / rows][line % rows], v));
    }
  }
}

// One panel with a number of rows that is known at run time, at most `most`.
template <typename Stored, int most>
OUTLINE void up_to(
    int64_t rows, const typename Stored::Activation* a, int64_t stride,
    const typename Stored::Weight* b, int64_t depth, float* sums) {
  if constexpr (most > 1) {
    if (rows < most) {
      return up_to<Stored, most - 1>(rows, a, stride, b, depth, sums);
    }
  }
  multiply_panels<Stored, most, 1>(a, stride, b, depth, sums);
}

// Rows of activations times panels `first` to `last` of `b`: finish(row, column, sums).
template <typename Stored, typename Finish>
INLINE void rows_in_registers(
    int64_t rows, const typename Stored::Activation* a, int64_t stride,
    const typename Stored::Weight* b, int64_t depth, int64_t first, int64_t last,
    const Finish& finish) {
  alignas(64) float sums[(Stored::kRows < 2 ? 2 : Stored::kRows) * kPanel];
  int64_t panel = first;
  // A row alone would wait for its own sums.
  for (; rows == 1 && panel + 2 <= last; panel += 2) {
    multiply_panels<Stored, 1, 2>(a, stride, b + panel * depth * kPanel, depth, sums);
#pragma clang loop unroll(full)
    for (int column = 0; column < 2 * kPanel; column += kLanes) {
      finish(0, panel * kPanel + column, loadf(sums + column));
    }
  }
  for (; panel < last; ++panel) {
    for (int64_t row = 0; row < rows; row += Stored::kRows) {
      const int64_t here = lesser(Stored::kRows, rows - row);
      up_to<Stored, Stored::kRows>(
          here, a + row * stride, stride, b + panel * depth * kPanel, depth, sums);
      for (int64_t within = 0; within < here; ++within) {
#pragma clang loop unroll(full)
        for (int column = 0; column < kPanel; column += kLanes) {
          finish(row + within, panel * kPanel + column, loadf(sums + within * kPanel + column));
        }
      }
    }
  }
}

template <typename Stored, typename Finish>
INLINE void few_rows(
    int64_t rows, const typename Stored::Activation* a, int64_t stride,
    const typename Stored::Weight* b, int64_t depth, int64_t first, int64_t last,
    const Finish& finish) {
#ifdef __AMX_INT8__
  if constexpr (Stored::kTiled) {
    return rows_in_tiles<Stored>(rows, a, b, depth, first, last, finish);
  } else
#endif
    rows_in_registers<Stored>(rows, a, stride, b, depth, first, last, finish);
}

// As few_rows, for a layer's weights: finish(row, column, values) has scales and bias.
template <typename Stored, typename Finish>
INLINE void linear_rows(
    const Linear& linear, const Activations& input, int64_t rows, int64_t first, int64_t last,
    const Finish& finish) {
  few_rows<Stored>(
      rows, static_cast<const typename Stored::Activation*>(input.values), input.depth,
      static_cast<const typename Stored::Weight*>(linear.packed), linear.depth, first, last,
      [&](int64_t row, int64_t column, F sums) {
        if constexpr (Stored::kScaled) {
          sums *= loadf(linear.scales + column) * input.scales[row];
        }
        if (linear.bias != nullptr) {
          sums += loadf(linear.bias + column);
        }
        finish(row, column, sums);
      });
}

OUTLINE void product(
    const Linear& linear, const Activations& input, int64_t rows, int64_t first, int64_t last,
    float* out, int64_t stride, int mode) {
  const auto multiply_by = [&](auto stored) {
    linear_rows<decltype(stored)>(
        linear, input, rows, first, last, [&](int64_t row, int64_t column, F value) {
          float* at = out + row * stride + column;
          if (mode == whisper::kGelu) {
            value = gelu(value);
          } else if (mode == whisper::kAdd) {
            value += loadf(at);
          }
          store(at, value);
        });
  };
#ifdef __AMX_INT8__
  if (linear.form == Form::kInt16) {
    return multiply_by(TiledInt16());
  }
#endif
  with_stored(linear.form, multiply_by);
}

// Four sums, since each addition waits for the last; `size` is a multiple of four vectors.
OUTLINE float dot(const uint16_t* weights, const float* numbers, int64_t size) {
  constexpr int kSums = 4;
  F sums[kSums] = {};
  for (int64_t i = 0; i < size; i += kSums * kLanes) {
#pragma clang loop unroll(full)
    for (int v = 0; v < kSums; ++v) {
      sums[v] = ReadFloat16::read(weights + i, 0, v) * loadf(numbers + i + v * kLanes) + sums[v];
    }
  }
  return sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

// A row as int16 where the weights are integers, else as it is.
INLINE void activate_row(
    Form form, float norm, const float* in, const Activations& out, int64_t row) {
  if (form == Form::kInt8 || form == Form::kInt16) {
    out.scales[row] = convert_row(
        StoredIntegers::Row(), in, norm, static_cast<int16_t*>(out.values) + row * out.depth,
        out.depth);
  } else {
    convert_row(Float(), in, 0.f, static_cast<float*>(out.values) + row * out.depth, out.depth);
  }
}

OUTLINE void activate(
    Form form, float weight_norm, const whisper::LayerNorm* norm, const float* in,
    const Activations& out, int64_t begin, int64_t end) {
  float* normal = static_cast<float*>(whisper::scratch(out.depth * sizeof(float)));
  for (int64_t row = begin; row < end; ++row) {
    const float* values = in + row * out.depth;
    if (norm != nullptr) {
      normalize_row(*norm, values, normal, out.depth);
      values = normal;
    }
    activate_row(form, weight_norm, values, out, row);
  }
}

} // namespace
