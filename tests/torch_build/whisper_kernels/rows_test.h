// Logits' statistics, layer norm and the log-mel spectrogram.
#pragma once

#include "bounds.h"

#include <row_statistics.h>

#include <limits>

using whisper::Kernels;

constexpr float kNothing = -std::numeric_limits<float>::infinity();
constexpr double kPi = 3.14159265358979323846;

// One more exponential of the row: to one unit, as row_statistics.h says, and what rounding the
// argument moves it by. Below exp(-87) it may be zero.
inline Number exponential(float value, float maximum, float factor) {
  const double x = value == kNothing ? -1e9 : (double(value) - maximum) * factor;
  const double power = std::exp(x);
  return {power, power * (3 * kUnit + 2 * kUnit * std::min(std::abs(x), 200.)) + 2e-38};
}

inline std::vector<float> draw_logits(Random& random, int64_t count, int kind) {
  std::vector<float> row(count);
  for (float& value : row) {
    switch (kind) {
      case 0:
        value = random.normal() * 5;
        break;
      case 1:
        value = random.whole(0, 3) == 0 ? random.normal() : kNothing;
        break;
      case 2:
        value = kNothing;
        break;
      case 3:
        value = random.normal() * 1e30f;
        break;
      case 4:
        value = 0.f;
        break;
      default:
        value = random.normal() * 1e-30f;
    }
  }
  if (kind == 1) {
    row[random.whole(0, count - 1)] = 3.f;
  }
  return row;
}

inline void test_logits(Checks& checks, Random& random, const Kernels& kernels, int rounds) {
  for (int round = 0; round < rounds * 12; ++round) {
    const int64_t count = round % 24 == 23 ? 5186 : random.whole(1, round % 2 == 0 ? 40 : 700);
    const int kind = round % 6;
    checks.begin("logits, %lld of kind %d", static_cast<long long>(count), kind);
    const std::vector<float> drawn = draw_logits(random, count, kind);
    Buffer<float> row(count), results(count);
    std::copy(drawn.begin(), drawn.end(), row.data());
    const float maximum = *std::max_element(drawn.begin(), drawn.end());
    const whisper::BlockStatistics found = kernels.rows->statistics(row.data(), count);
    checks.equal(found.maximum, maximum, "maximum", 0, 0);
    if (maximum == kNothing) {
      checks.equal(found.sum, 0, "sum of nothing", 0, 0);
      continue;
    }
    for (const float factor : {1.f, 1 / 0.2f, 1 / 0.9f}) {
      Number total;
      kernels.rows->exponentials(row.data(), count, maximum, factor, results.data());
      for (int64_t i = 0; i < count; ++i) {
        const Number one = exponential(row[i], maximum, factor);
        checks.near(results[i], one, "exponential", 0, i);
        // At most sixteen are summed up in float32.
        total.value += one.value;
        total.error += one.error + 17 * kUnit * one.value;
      }
      const double sum = kernels.rows->sum_exponentials(row.data(), count, maximum, factor);
      checks.near(sum, total, "sum of exponentials", 0, 0);
      if (factor == 1.f) {
        checks.equal(found.sum, sum, "statistics' sum", 0, 0);
      }
    }
    checks.equal(kernels.rows->largest(row.data(), count), maximum, "largest", 0, 0);
    for (const float threshold : {maximum, row[random.whole(0, count - 1)], -1e30f, kNothing}) {
      int64_t first = 0;
      while (first < count && !(row[first] > threshold)) {
        ++first;
      }
      const int64_t place = kernels.rows->first_above(row.data(), count, threshold);
      checks.equal(place, first, "first above", 0, 0);
    }
  }
}

// A row of activations. Kinds: usual, zero, all the same, tiny, one large among small, far from zero.
inline void draw_row(Random& random, float* row, int64_t size, int kind) {
  const float same = random.normal();
  for (int64_t i = 0; i < size; ++i) {
    const float value = random.normal();
    const float kinds[] = {value, 0.f, same, value * 1e-12f, value * 1e-3f, 1000.f + value};
    row[i] = kinds[kind];
  }
  if (kind == 4) {
    row[random.whole(0, size - 1)] = 50.f;
  }
}
constexpr int kRowKinds = 6;

class Norm {
 public:
  Norm(Random& random, int64_t size) : gain_(size), bias_(size) {
    for (int64_t i = 0; i < size; ++i) {
      gain_[i] = 1 + random.normal() * 0.3f;
      bias_[i] = random.normal() * 0.3f;
    }
  }
  LayerNorm norm() const {
    return {gain_.data(), bias_.data()};
  }

 private:
  Buffer<float> gain_, bias_;
};

inline void test_norm(Checks& checks, Random& random, const Kernels& kernels, int rounds) {
  for (int round = 0; round < rounds * 3; ++round) {
    const int64_t size = 64 * random.whole(1, 4), rows = random.whole(1, 7);
    checks.begin("layer norm of %lld", static_cast<long long>(size));
    const Norm norm(random, size);
    Buffer<float> in(rows * size), out(rows * size);
    for (int64_t row = 0; row < rows; ++row) {
      draw_row(random, in.data() + row * size, size, row % kRowKinds);
    }
    kernels.normalize(norm.norm(), in.data(), out.data(), rows, size);
    for (int64_t row = 0; row < rows; ++row) {
      const Numbers expected = normalize(exact(in.data() + row * size, size), norm.norm());
      for (int64_t i = 0; i < size; ++i) {
        checks.near(out[row * size + i], expected[i], "normal", row, i);
      }
    }
  }
}

// The power of one frame at each of 201 frequencies. The transform's 20 additions and products in a
// row each lose u of the vector's length, which is `length` times the root of 400.
inline Numbers powers(const float* samples) {
  static const std::vector<double> cosines = [] {
    std::vector<double> table(400);
    for (int k = 0; k < 400; ++k) {
      table[k] = std::cos(2 * kPi * k / 400);
    }
    return table;
  }();
  std::vector<double> weighed(400);
  double squares = 0;
  for (int i = 0; i < 400; ++i) {
    weighed[i] = samples[i] * (0.5 - 0.5 * cosines[i]);
    squares += weighed[i] * weighed[i];
  }
  const double off = 30 * kUnit * 20 * std::sqrt(squares);
  Numbers result(201);
  for (int k = 0; k < 201; ++k) {
    double re = 0, im = 0;
    for (int i = 0; i < 400; ++i) {
      re += weighed[i] * cosines[k * i % 400];
      im += weighed[i] * cosines[(k * i + 100) % 400];
    }
    const double power = re * re + im * im;
    result[k] = {power, 2 * std::sqrt(power) * off + off * off + 4 * kUnit * power + kTiny};
  }
  return result;
}

// Triangles, and one filter of nothing.
inline Buffer<float> draw_filters(Random& random, int64_t mels) {
  Buffer<float> filters(mels * 201);
  filters.fill(0.f);
  for (int64_t mel = 1; mel < mels; ++mel) {
    const int64_t begin = random.whole(0, 200), width = random.whole(1, 20);
    for (int64_t bin = begin; bin < std::min<int64_t>(begin + width, 201); ++bin) {
      filters[mel * 201 + bin] = random.whole(0, 9) / 300.f;
    }
  }
  return filters;
}

inline void test_log_mel(Checks& checks, Random& random, const Kernels& kernels, int rounds) {
  constexpr double kLogError = 1e-6; // of log10, whose results are below 20
  for (int round = 0; round < rounds; ++round) {
    const int64_t counts[] = {1, 2, 3, 5, 8, 13, 17, 40};
    const int64_t frames = rounds == 1 ? 17 : random.one_of(counts);
    const int64_t mels = random.one_of({1, 7, 80, 128});
    const float loudness = round % 5 == 0 ? 0.3f : random.one_of({0.f, 1e-6f, 0.3f, 1000.f});
    checks.begin("log-mel of %lld frames, %lld bands, loudness %g", static_cast<long long>(frames),
                 static_cast<long long>(mels), loudness);
    Buffer<float> samples((frames - 1) * 160 + 400), out(frames * mels);
    for (int64_t i = 0; i < samples.size(); ++i) {
      samples[i] = loudness * (random.normal() * 0.1f + std::sin(i * 0.3f) * (i % 800 < 400));
    }
    const Buffer<float> filters = draw_filters(random, mels);
    kernels.log_mel(samples.data(), frames, filters.data(), mels, out.data());
    for (int64_t frame = 0; frame < frames; ++frame) {
      const Numbers spectrum = powers(samples.data() + frame * 160);
      for (int64_t mel = 0; mel < mels; ++mel) {
        Number sum;
        for (int bin = 0; bin < 201; ++bin) {
          const double filter = filters[mel * 201 + bin];
          sum.value += filter * spectrum[bin].value;
          sum.error += filter * (spectrum[bin].error + 24 * kUnit * spectrum[bin].value);
        }
        const double least = std::log10(std::max(sum.value - sum.error, 1e-10));
        const double most = std::log10(std::max(sum.value + sum.error, 1e-10));
        const Number level = {(least + most) / 2, (most - least) / 2 + kLogError};
        checks.near(out[frame * mels + mel], level, "level", frame, mel);
      }
    }
    // A frame is the same whatever comes before it.
    const int64_t skipped = random.whole(0, frames - 1);
    Buffer<float> again((frames - skipped) * mels);
    kernels.log_mel(
        samples.data() + skipped * 160, frames - skipped, filters.data(), mels, again.data());
    for (int64_t i = 0; i < again.size(); ++i) {
      checks.equal(again[i], out[skipped * mels + i], "the same frame elsewhere", i / mels, i % mels);
    }
  }
}

// The functions' own errors are below 5e-7; what is far outside of them must not be infinite.
inline void test_memory_cell(
    Checks& checks, Random& random, const Kernels& kernels, int rounds) {
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  for (int round = 0; round < rounds; ++round) {
    const int64_t size = 16 * random.whole(1, 8);
    const float width = random.one_of({1.f, 8.f, 1000.f});
    checks.begin("memory cell of %lld numbers up to %g", static_cast<long long>(size), width);
    Buffer<float> input(4 * size), last(4 * size), output(size), content(size);
    for (int64_t i = 0; i < 4 * size; ++i) {
      input[i] = random.normal() * width;
      last[i] = random.normal() * width;
    }
    for (int64_t i = 0; i < size; ++i) {
      content[i] = random.normal();
    }
    const std::vector<float> before(content.data(), content.data() + size);
    kernels.remember(input.data(), last.data(), size, output.data(), content.data());
    for (int64_t i = 0; i < size; ++i) {
      const auto gate = [&](int64_t part) {
        return double(input[part * size + i] + last[part * size + i]);
      };
      const double now =
          sigmoid(gate(1)) * before[i] + sigmoid(gate(0)) * std::tanh(gate(2));
      checks.near(content[i], {now, 3e-6 * (1 + std::abs(before[i]))}, "content", 0, i);
      checks.near(
          output[i], {sigmoid(gate(3)) * std::tanh(now), 3e-6 * (2 + std::abs(before[i]))}, "output",
          0, i);
    }
  }
}
