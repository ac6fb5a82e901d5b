// Products of many rows: the keys and values of a window, and the convolutions.
#pragma once

#include "products_test.h"

inline void test_cross_products(
    Checks& checks, Random& random, const Kernels& kernels, int rounds) {
  constexpr Style kStyles[] = {Style::kWhole, Style::kRandom, Style::kWhole, Style::kLargest};
  for (int round = 0; round < rounds * 12; ++round) {
    const Form form = kEncoderForms[round % 3];
    const Style style = kStyles[round / 3 % 4];
    // The deep ones come in parts.
    const int64_t depth = round % 12 < 6 ? 64 * random.whole(1, 4) : random.one_of({576, 1280});
    const int64_t outputs = 32 * random.whole(1, depth < 576 ? 3 : 1);
    const int64_t rows = random.whole(1, 40);
    const int64_t begin = random.whole(0, rows - 1), end = random.whole(begin + 1, rows);
    checks.begin("%s keys and values of %lld rows, depth %lld, style %d", form_name(form),
                 static_cast<long long>(end - begin), static_cast<long long>(depth),
                 static_cast<int>(style));
    const Weights weights(random, form, outputs, depth, style);
    Buffer<float> features(rows * depth), out(rows * outputs);
    out.fill(kUntouched);
    for (int64_t row = 0; row < rows; ++row) {
      draw_row(random, features.data() + row * depth, depth, random.whole(0, kRowKinds - 1));
      for (int64_t k = 0; k < depth && style != Style::kRandom; ++k) {
        features[row * depth + k] = style == Style::kLargest ? 1.f : random.whole(-15, 15);
      }
      if (style == Style::kWhole && form == Form::kInt16) {
        features[row * depth + random.whole(0, depth - 1)] = 32767.f; // a scale of one
      }
    }
    kernels.cross_products(weights.linear(), features.data(), out.data(), begin, end);
    for (int64_t row = 0; row < rows; ++row) {
      const bool there = begin <= row && row < end;
      const Numbers given = exact(features.data() + row * depth, depth);
      const Numbers input = rounded(given, form, weights.linear().norm);
      for (int64_t column = 0; column < outputs; ++column) {
        const float found = out[row * outputs + column];
        if (!there) {
          checks.equal(found, kUntouched, "outside of the rows", row, column);
        } else if (style == Style::kWhole) {
          double total = 0;
          for (int64_t k = 0; k < depth; ++k) {
            total += given[k].value * weights.element(column, k);
          }
          checks.equal(found, static_cast<float>(total), "exact sum", row, column);
        } else {
          checks.near(found, product(input, weights, column), "sum", row, column);
        }
      }
      if (there && style == Style::kWhole && form == Form::kInt16) {
        checks.digest(out.data() + row * outputs, outputs);
      }
    }
  }
}

inline void test_convolutions(
    Checks& checks, Random& random, const Kernels& kernels, int rounds) {
  for (int round = 0; round < rounds * 2; ++round) {
    const int64_t channels = random.one_of({5, 16, 80}), stride = random.whole(1, 2);
    const int64_t outputs = 64 * random.whole(1, 2), rows = random.whole(1, 40);
    const int64_t begin = random.whole(0, rows - 1), end = random.whole(begin + 1, rows);
    checks.begin("convolution of %lld channels, stride %lld, rows %lld to %lld",
                 static_cast<long long>(channels), static_cast<long long>(stride),
                 static_cast<long long>(begin), static_cast<long long>(end));
    const Weights weights(random, Form::kFloat32, outputs, 3 * channels);
    Buffer<float> input((rows * stride + 2 + stride * whisper::kSpareRows) * channels);
    for (int64_t i = 0; i < (rows * stride + 2) * channels; ++i) {
      input[i] = random.normal();
    }
    Buffer<float> added(rows * outputs), out(rows * outputs);
    out.fill(kUntouched);
    for (int64_t i = 0; i < added.size(); ++i) {
      added[i] = random.normal();
    }
    const bool adds = round % 2 == 1;
    const whisper::Convolution convolution{
        weights.linear(), input.data(), channels, stride, adds ? added.data() : nullptr, out.data()};
    kernels.convolve(convolution, begin, end);
    for (int64_t row = 0; row < rows; ++row) {
      const Numbers given = exact(input.data() + row * stride * channels, 3 * channels);
      for (int64_t column = 0; column < outputs; ++column) {
        const float found = out[row * outputs + column];
        if (row < begin || row >= end) {
          checks.equal(found, kUntouched, "outside of the rows", row, column);
          continue;
        }
        const Number value = gelu(product(given, weights, column));
        const Number more = {adds ? added[row * outputs + column] : 0., 0.};
        checks.near(found, sum(value, more), "convolution", row, column);
      }
    }
  }
}
