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
  for (int round = 0; round < rounds * 4; ++round) {
    const Form form = round % 4 < 2 ? Form::kFloat32 : Form::kBFloat16;
    const Form out_form = random.whole(0, 1) == 0 ? Form::kFloat32 : Form::kBFloat16;
    const int64_t channels =
        form == Form::kFloat32 ? random.one_of({5, 16, 80}) : random.one_of({64, 128});
    const int64_t stride = random.whole(1, 2), outputs = 64 * random.whole(1, 2);
    const int64_t rows = random.whole(1, 40);
    const int64_t begin = random.whole(0, rows - 1), end = random.whole(begin + 1, rows);
    checks.begin("%s convolution of %lld channels to %s, stride %lld, rows %lld to %lld",
                 form_name(form), static_cast<long long>(channels), form_name(out_form),
                 static_cast<long long>(stride), static_cast<long long>(begin),
                 static_cast<long long>(end));
    const auto in_row = form == Form::kFloat32 ? channels : whisper::row_stride(channels, 2);
    const auto out_row = out_form == Form::kFloat32 ? outputs : whisper::row_stride(outputs, 2);
    const Weights weights(random, form, outputs, 3 * channels);
    Buffer<char> input((rows * stride + 2 + stride * whisper::kSpareRows) * in_row * bytes_of(form));
    input.fill(0);
    std::vector<float> given((rows * stride + 2) * channels);
    for (int64_t i = 0; i < static_cast<int64_t>(given.size()); ++i) {
      const int64_t index = i / channels * in_row + i % channels;
      write_element(form, input.data(), index, random.normal());
      given[i] = read_element(form, input.data(), index);
    }
    Buffer<float> added(rows * outputs);
    for (int64_t i = 0; i < added.size(); ++i) {
      added[i] = random.normal();
    }
    Buffer<char> out(rows * out_row * bytes_of(out_form));
    for (int64_t i = 0; i < rows * out_row; ++i) {
      write_element(out_form, out.data(), i, 3.f);
    }
    const bool adds = round % 2 == 1;
    const whisper::Convolution convolution{
        weights.linear(), input.data(), channels, stride, adds ? added.data() : nullptr, out_form,
        out.data()};
    kernels.convolve(convolution, begin, end);
    for (int64_t row = 0; row < rows; ++row) {
      const Numbers taps = exact(given.data() + row * stride * channels, 3 * channels);
      for (int64_t column = 0; column < outputs; ++column) {
        const double found = read_element(out_form, out.data(), row * out_row + column);
        if (row < begin || row >= end) {
          checks.equal(found, 3., "outside of the rows", row, column);
          continue;
        }
        Number value = gelu(product(taps, weights, column));
        value.error += form == Form::kBFloat16 ? 9e-5 : 0.;
        const Number more = {adds ? added[row * outputs + column] : 0., 0.};
        const Number expected = rounded({sum(value, more)}, out_form, 0)[0];
        checks.near(found, expected, "convolution", row, column);
      }
    }
  }
}
