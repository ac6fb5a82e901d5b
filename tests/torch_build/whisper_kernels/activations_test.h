// Rows on their way into a product: as they are, or as integers whose sums stay in int32.
#pragma once

#include "products_test.h"

inline void test_activate(Checks& checks, Random& random, const Kernels& kernels, int rounds) {
  for (int round = 0; round < rounds * 10; ++round) {
    const Form form = kProductForms[round % 5];
    const bool integers = is_integer(form), normal = round % 10 >= 5;
    const int64_t depth = 64 * random.whole(1, 4), rows = random.whole(1, 2 * kRowKinds);
    const int64_t begin = random.whole(0, rows - 1), end = random.whole(begin + 1, rows);
    const float norm = integers ? 127.f * std::sqrt(float(depth)) * random.whole(0, 10) / 10 : 0.f;
    checks.begin("%s activations of %lld, norm %d", form_name(form), static_cast<long long>(depth),
                 normal);
    const Norm layer(random, depth);
    Buffer<float> in(rows * depth), floats(integers ? 0 : rows * depth), scales(rows);
    Buffer<int16_t> whole(integers ? rows * depth : 0);
    for (int64_t row = 0; row < rows; ++row) {
      draw_row(random, in.data() + row * depth, depth, row % kRowKinds);
      // Sums of squares leave float32.
      if (row >= kRowKinds && !normal) {
        for (int64_t k = 0; k < depth; ++k) {
          in[row * depth + k] = (row % 2 == 0 ? 1e22f : 3e-24f) * (row % 3 == 0 ? 1 : random.normal());
        }
      }
    }
    const Activations out = {
        integers ? static_cast<void*>(whole.data()) : floats.data(), scales.data(), depth};
    const LayerNorm used = layer.norm();
    kernels.activate(form, norm, normal ? &used : nullptr, in.data(), out, begin, end);
    for (int64_t row = begin; row < end; ++row) {
      const Numbers given = exact(in.data() + row * depth, depth);
      const Numbers expected = normal ? normalize(given, used) : given;
      if (!integers) {
        for (int64_t k = 0; k < depth; ++k) {
          checks.near(floats[row * depth + k], expected[k], "activation", row, k);
        }
        continue;
      }
      const double scale = scales[row];
      double squares = 0;
      for (int64_t k = 0; k < depth; ++k) {
        const double found = read_integer(whole.data() + row * depth, depth, k, kernels);
        squares += found * found;
        const auto [value, error] = expected[k];
        const Number bound = {value, error + 0.5001 * scale + 4 * kUnit * std::abs(value)};
        checks.near(found * scale, bound, "activation", row, k);
      }
      checks.that(1 / scale >= least_scale(expected, norm), "the scale wastes bits", row);
      checks.that(std::sqrt(squares) * norm < 2147483647., "the sum may leave int32", row);
    }
  }
}
