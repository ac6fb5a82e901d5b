// Products of a few rows with a layer's weights.
#pragma once

#include "rows_test.h"

using whisper::Activations;

constexpr float kUntouched = 12345.f;
constexpr Form kDecoderForms[] = {Form::kFloat32, Form::kFloat16, Form::kBFloat16, Form::kInt8};
constexpr Form kEncoderForms[] = {Form::kFloat32, Form::kBFloat16, Form::kInt16};
// The second product of an MLP has one more.
constexpr Form kProductForms[] = {
    Form::kFloat32, Form::kFloat16, Form::kBFloat16, Form::kInt16, Form::kInt8};
constexpr int64_t kRowCounts[] = {1, 2, 3, 5, 8, 13, 40};

// Element `k` of a row of int16 as the kernels keep it.
inline int16_t read_integer(const int16_t* row, int64_t depth, int64_t k, const Kernels& kernels) {
  if (!kernels.byte_planes) {
    return row[k];
  }
  const auto* bytes = reinterpret_cast<const uint8_t*>(row);
  return static_cast<int16_t>(bytes[k] << 8 | bytes[depth + k]);
}

inline void write_integer(
    int16_t* row, int64_t depth, int64_t k, const Kernels& kernels, int16_t value) {
  if (!kernels.byte_planes) {
    row[k] = value;
    return;
  }
  auto* bytes = reinterpret_cast<uint8_t*>(row);
  bytes[k] = static_cast<uint16_t>(value) >> 8;
  bytes[depth + k] = static_cast<uint16_t>(value) & 255;
}

// Rows that are activations already, made here and not by the kernel.
class Rows {
 public:
  Rows(
      Random& random, const Kernels& kernels, Form form, int64_t rows, int64_t depth, Style style,
      int kinds = kRowKinds)
      : kernels_(kernels),
        integers_(is_integer(form) ? rows * depth : 0),
        floats_(is_integer(form) ? 0 : rows * depth),
        scales_(rows) {
    // What int32 can hold where all weights are the largest.
    const int64_t weight = form == Form::kInt8 ? 127 : 32767;
    const int64_t most = std::min<int64_t>(32767, 2147483647 / (weight * depth));
    for (int64_t row = 0; row < rows; ++row) {
      scales_[row] = style == Style::kRandom ? 1e-4f * random.whole(1, 30) : 1.f;
      if (!is_integer(form) && style == Style::kRandom) {
        draw_row(random, floats_.data() + row * depth, depth, random.whole(0, kinds - 1));
        continue;
      }
      const int64_t sign = row % 2 == 0 ? 1 : -1;
      for (int64_t k = 0; k < depth; ++k) {
        const int64_t whole = style == Style::kRandom ? random.whole(-most, most)
            : style == Style::kLargest                ? sign * most
                                                      : random.whole(-15, 15);
        if (is_integer(form)) {
          write_integer(
              integers_.data() + row * depth, depth, k, kernels, static_cast<int16_t>(whole));
        } else {
          floats_[row * depth + k] = static_cast<float>(whole);
        }
      }
    }
    void* values = is_integer(form) ? static_cast<void*>(integers_.data()) : floats_.data();
    activations_ = {values, scales_.data(), depth};
  }

  const Activations& activations() const {
    return activations_;
  }
  // As the product sees it: without the row's scale.
  double element(int64_t row, int64_t k) const {
    const int64_t depth = activations_.depth;
    return floats_.size() == 0 ? read_integer(integers_.data() + row * depth, depth, k, kernels_)
                               : floats_[row * depth + k];
  }
  double scale(int64_t row) const {
    return floats_.size() == 0 ? scales_[row] : 1.;
  }
  // A row times an output: exact input, so that only the sum is off.
  Number times(int64_t row, const Weights& weights, int64_t output) const {
    Numbers numbers(activations_.depth);
    for (int64_t k = 0; k < activations_.depth; ++k) {
      numbers[k].value = element(row, k) * scale(row);
    }
    return product(numbers, weights, output);
  }
  double sum(int64_t row, const Weights& weights, int64_t output) const {
    double total = 0; // of whole numbers below 2^53
    for (int64_t k = 0; k < activations_.depth; ++k) {
      total += element(row, k) * weights.element(output, k);
    }
    return total;
  }

 private:
  const Kernels& kernels_;
  Buffer<int16_t> integers_;
  Buffer<float> floats_;
  Buffer<float> scales_;
  Activations activations_{};
};

inline Number finish(const Number& value, int mode, float before) {
  return mode == whisper::kGelu ? gelu(value)
      : mode == whisper::kAdd   ? sum(value, {before, 0})
                                : value;
}

inline void check_product(
    Checks& checks, Random& random, const Kernels& kernels, Form form, int64_t rows, int64_t depth,
    int64_t panels, Style style, int mode) {
  checks.begin("%s product of %lld rows, %lld x %lld, style %d, mode %d", form_name(form),
               static_cast<long long>(rows), static_cast<long long>(panels * 16),
               static_cast<long long>(depth), static_cast<int>(style), mode);
  Weights weights(random, form, panels * 16, depth, style);
  if (random.whole(0, 3) == 0) {
    weights.drop_bias();
  }
  const Rows input(random, kernels, form, rows, depth, style);
  const int64_t first = random.whole(0, panels - 1), last = random.whole(first + 1, panels);
  const int64_t stride = panels * 16 + 16 * random.whole(0, 1);
  Buffer<float> out(rows * stride);
  out.fill(kUntouched);
  const float before = mode == whisper::kAdd ? 3.f : kUntouched;
  for (int64_t i = 0; i < rows * stride; ++i) {
    const int64_t column = i % stride;
    out[i] = column >= first * 16 && column < last * 16 ? before : kUntouched;
  }
  kernels.product(
      weights.linear(), input.activations(), rows, first, last, out.data(), stride, mode);
  // Whole numbers: the sum is exact, and becomes the nearest float32.
  const bool whole = style != Style::kRandom && mode != whisper::kGelu;
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < stride; ++column) {
      const float found = out[row * stride + column];
      if (column < first * 16 || column >= last * 16) {
        checks.equal(found, kUntouched, "outside of the panels", row, column);
      } else if (whole && (is_integer(form) || style == Style::kWhole)) {
        const float nearest = static_cast<float>(input.sum(row, weights, column));
        const float expected = mode == whisper::kAdd ? nearest + before : nearest;
        checks.equal(found, expected, "exact sum", row, column);
      } else {
        checks.near(found, finish(input.times(row, weights, column), mode, before), "sum", row, column);
      }
    }
    if (whole && form == Form::kInt8) {
      checks.digest(out.data() + row * stride, stride);
    }
  }
}

// One output in float16, without its panel.
inline void test_dot(Checks& checks, Random& random, const Kernels& kernels, int rounds) {
  for (int round = 0; round < rounds * 8; ++round) {
    const int64_t size = 64 * random.whole(1, 20);
    checks.begin("dot product of %lld", static_cast<long long>(size));
    Buffer<uint16_t> weights(size);
    Buffer<float> numbers(size);
    draw_row(random, numbers.data(), size, round % kRowKinds);
    double sum = 0, sizes = 0;
    for (int64_t i = 0; i < size; ++i) {
      weights[i] = any_float16(random);
      const double product = from_float16(weights[i]) * numbers[i];
      sum += product;
      sizes += std::abs(product);
    }
    const float found = kernels.dot(weights.data(), numbers.data(), size);
    checks.near(found, {sum, (size + 2) * kUnit * sizes + kTiny}, "dot product", 0, 0);
  }
}

inline void test_products(Checks& checks, Random& random, const Kernels& kernels, int rounds) {
  constexpr Style kStyles[] = {Style::kRandom, Style::kWhole, Style::kLargest, Style::kZero};
  for (const Form form : kDecoderForms) {
    for (const int64_t rows : kRowCounts) {
      for (int round = 0; round < rounds; ++round) {
        const int64_t depth = 64 * random.whole(1, rounds == 1 ? 2 : 4);
        const Style style = round == 0 && rows < 13 ? Style::kWhole : random.one_of(kStyles);
        const int64_t panels = random.whole(1, rows < 13 ? 5 : 3);
        check_product(checks, random, kernels, form, rows, depth, panels, style,
                      static_cast<int>(random.whole(0, 2)));
      }
    }
  }
  for (const int64_t depth : {1280, 5120}) {
    for (const Style style : {Style::kLargest, Style::kRandom}) {
      check_product(checks, random, kernels, Form::kInt8, 3, depth, 1, style, whisper::kStore);
    }
  }
  // Tiles alone have it: last, so that the numbers before it are the same without.
  for (int round = 0; kernels.byte_planes && round < rounds * 8; ++round) {
    check_product(checks, random, kernels, Form::kInt16, random.one_of(kRowCounts),
                  32 * random.whole(1, 8), random.whole(1, 4), random.one_of(kStyles),
                  static_cast<int>(random.whole(0, 2)));
  }
}
