// References in double, with bounds on what float32, bfloat16 and integers may be away from them.
//
// How the bounds are found. A sum of n products in float32, in whatever order and with products
// rounded or not, is away from the exact one by at most (n + 1) u times the sum of the products'
// magnitudes, where u = 2^-24 (Higham, Accuracy and Stability, 3.5); the constants here are a few
// units larger, for what follows the sum. A number rounded to bfloat16 is off by at most 2^-8 of itself.
// A number made an integer with the scale s is off by 1/2 / s; sums of such are exact. Scales are
// bounded from below by the rule that kernels/rows.h gives. Errors of what goes into an operation
// are carried through it: by the weights' magnitudes through a product, by a derivative of at most
// 1.13 through GELU, as exp(e) - 1 through an exponential.
#pragma once

#include "weights.h"

using whisper::LayerNorm;

inline Numbers exact(const float* values, int64_t count) {
  Numbers numbers(count);
  for (int64_t i = 0; i < count; ++i) {
    numbers[i].value = values[i];
  }
  return numbers;
}

// The least scale with which a row may become integers, for weights of L2 norm `norm`.
inline double least_scale(const Numbers& row, double norm, double limit = 32767) {
  double largest = 1e-30, squares = 0;
  for (const Number& number : row) {
    const double size = std::abs(number.value) + number.error;
    largest = std::max(largest, size);
    squares += size * size;
  }
  // Where float32 has no sum of squares, the largest stands for all.
  const bool usable = 1e-30 < squares && squares < 1e38;
  const double length = usable ? std::sqrt(squares) : largest * std::sqrt(double(row.size()));
  const double room =
      (2147480000. / std::max(norm, 1.) - 0.5 * std::sqrt(double(row.size()))) * 0.999;
  return std::min({limit / largest, std::max(room, 1.) / length, 1e30}) * 0.9999;
}

// What rounding to the product's type adds to a row.
inline Numbers rounded(const Numbers& row, Form form, double norm, double limit = 32767) {
  Numbers result = row;
  const double half = is_integer(form) ? 0.5001 / least_scale(row, norm, limit) : 0.;
  for (Number& number : result) {
    if (form == Form::kBFloat16) {
      number.error += kShort * 1.001 * (std::abs(number.value) + number.error) + kTiny;
    } else if (is_integer(form)) {
      number.error += half + 4 * kUnit * (std::abs(number.value) + number.error);
    }
  }
  return result;
}

// A row, in the type of the product already, times one output.
inline Number product(const Numbers& row, const Weights& weights, int64_t output) {
  const int64_t depth = weights.linear().depth;
  double sum = 0, sizes = 0, carried = 0;
  for (int64_t k = 0; k < depth; ++k) {
    const double weight = weights.element(output, k);
    sum += weight * row[k].value;
    sizes += std::abs(weight) * (std::abs(row[k].value) + row[k].error);
    carried += std::abs(weight) * row[k].error;
  }
  const double scale = weights.scale(output), bias = weights.bias(output);
  const double value = sum * scale + bias;
  // Integers are exact, but the sums of 512 each are added up in float32.
  const double parts = depth > 512 ? 2. * std::ceil(depth / 512.) : 0.;
  const double steps = is_integer(weights.linear().form) ? parts : depth + 2.;
  const double last = std::abs(sum * scale) + carried * scale + std::abs(bias);
  return {value, carried * scale + steps * kUnit * sizes * scale + 6 * kUnit * last + kTiny};
}

// A row of float32 times all outputs, as the encoder does it.
inline Numbers linear(const Numbers& row, const Weights& weights) {
  const Linear& layer = weights.linear();
  const Numbers input = rounded(row, layer.form, layer.norm);
  Numbers result(layer.outputs);
  for (int64_t output = 0; output < layer.outputs; ++output) {
    result[output] = product(input, weights, output);
  }
  return result;
}

// Abramowitz and Stegun's formula 7.1.26 gives the distribution function to 0.8e-7; the polynomial's
// terms, up to 4.5 in all, are rounded on the way.
inline Number gelu(const Number& x) {
  const double value = 0.5 * x.value * std::erfc(-x.value * std::sqrt(0.5));
  const double size = std::abs(x.value) + x.error;
  return {value, 1.13 * x.error + 1e-6 * size + kTiny};
}

inline Number sum(const Number& a, const Number& b) {
  const double value = a.value + b.value, error = a.error + b.error;
  return {value, error + 2 * kUnit * (std::abs(value) + error) + kTiny};
}

inline Numbers normalize(const Numbers& row, const LayerNorm& norm) {
  constexpr double kEpsilon = 1e-5;
  const int64_t size = row.size();
  const double steps = (size + 4) * kUnit;
  double mean = 0, mean_error = 0, mean_size = 0;
  for (const Number& x : row) {
    mean += x.value / size;
    mean_error += x.error / size;
    mean_size += (std::abs(x.value) + x.error) / size;
  }
  mean_error += steps * mean_size;
  double variance = 0, variance_error = 0;
  Numbers result(size);
  for (int64_t i = 0; i < size; ++i) {
    const double d = row[i].value - mean;
    const double error = row[i].error + mean_error + kUnit * std::abs(d);
    result[i] = {d, error};
    variance += d * d / size;
    variance_error += (2 * std::abs(d) * error + error * error) / size;
  }
  variance_error += steps * (variance + variance_error);
  const double factor = 1 / std::sqrt(variance + kEpsilon);
  const double most = 1 / std::sqrt(std::max(variance - variance_error, 0.) + kEpsilon);
  const double least = 1 / std::sqrt(variance + variance_error + kEpsilon);
  const double factor_error = std::max(most - factor, factor - least) + 4 * kUnit * most;
  for (int64_t i = 0; i < size; ++i) {
    const auto [d, error] = result[i];
    const double gain = std::abs(norm.gain[i]), bias = norm.bias[i];
    const double value = d * factor * norm.gain[i] + bias;
    const double carried = gain * (error * factor + (std::abs(d) + error) * factor_error);
    const double sizes = gain * (std::abs(d) + error) * most + std::abs(bias);
    result[i] = {value, carried + 5 * kUnit * sizes + kTiny};
  }
  return result;
}

// How the weights of an attention meet the values.
struct Meeting {
  Form form = Form::kFloat32; // of the weights in the product
  double norm = 0; // of a column of integer values
  std::vector<double> scales; // of the values' integers, by position; empty: one each
};

// Scores of a row as weights, not divided by their sum yet.
struct Hearing {
  Meeting meeting;
  Numbers weights; // as they meet the values' integers
  double total = 0;
  double relative = 0; // error of `total`
};

inline Hearing weigh(const Numbers& scores, const Meeting& meeting) {
  const int64_t count = scores.size();
  double top = scores[0].value;
  for (const Number& score : scores) {
    top = std::max(top, score.value);
  }
  Numbers weights(count);
  double total = 0, total_error = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double below = scores[i].value - top, weight = std::exp(below);
    // 5e-7 is the exponential's own error. Below exp(-87) it is zero.
    const double moved = scores[i].error + 2 * kUnit * std::abs(below);
    const double error = weight * (std::expm1(moved) + 5e-7) + 2e-38;
    total += weight;
    total_error += error + (count + 8) * kUnit * weight;
    const double scale = meeting.scales.empty() ? 1. : meeting.scales[i];
    weights[i] = {weight * scale, (error + kUnit * weight) * scale};
  }
  return {meeting, rounded(weights, meeting.form, meeting.norm), total, total_error / total};
}

// What is heard in one channel, of which `values` are the values by position.
inline Number hear(const Hearing& hearing, const Numbers& values) {
  const int64_t count = values.size();
  const std::vector<double>& scales = hearing.meeting.scales;
  double sum = 0, sizes = 0, carried = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double scale = scales.empty() ? 1. : scales[i];
    const Number& weight = hearing.weights[i];
    const double value = values[i].value / scale, error = values[i].error / scale;
    sum += weight.value * value;
    carried += weight.error * (std::abs(value) + error) + weight.value * error;
    sizes += (weight.value + weight.error) * (std::abs(value) + error);
  }
  const double heard = sum / hearing.total;
  const double of_sum = (carried + (count + 8) * kUnit * sizes) / hearing.total;
  const double of_total = std::abs(heard) * (hearing.relative + 6 * kUnit);
  return {heard, (of_sum + of_total) * (1 + 2 * hearing.relative) + kTiny};
}
