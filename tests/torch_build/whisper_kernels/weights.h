// Weights of every form, packed by the description in packing.h and not by its code.
#pragma once

#include "checks.h"

using whisper::Form;
using whisper::Linear;

inline const char* form_name(Form form) {
  constexpr const char* kNames[] = {"float32", "float16", "bfloat16", "int16", "int8"};
  return kNames[static_cast<int>(form)];
}

// Consecutive depths that lie side by side in a panel.
inline int64_t group_of(Form form) {
  return form == Form::kInt8 ? 4 : form == Form::kBFloat16 || form == Form::kInt16 ? 2 : 1;
}

inline int64_t bytes_of(Form form) {
  return form == Form::kFloat32 ? 4 : form == Form::kInt8 ? 1 : 2;
}

inline bool is_integer(Form form) {
  return form == Form::kInt16 || form == Form::kInt8;
}

// Where the element of a column lies, in panels of 16 columns and `depth` rows.
inline int64_t in_panels(int64_t column, int64_t k, int64_t depth, int64_t group) {
  return column / 16 * depth * 16 + k / group * group * 16 + column % 16 * group + k % group;
}

inline uint32_t bits_of(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

inline float float_of(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// To the nearest, ties to even.
inline uint16_t to_bfloat16(float value) {
  const uint32_t bits = bits_of(value);
  const uint32_t rest = bits & 0xffff;
  const bool up = rest > 0x8000 || (rest == 0x8000 && (bits >> 16 & 1) != 0);
  return static_cast<uint16_t>((bits >> 16) + (up ? 1 : 0));
}

inline float from_bfloat16(uint16_t bits) {
  return float_of(static_cast<uint32_t>(bits) << 16);
}

inline double from_float16(uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const double size = exponent == 0 ? std::ldexp(fraction, -24)
                                    : std::ldexp(1024 + fraction, exponent - 25);
  return (bits & 0x8000) != 0 ? -size : size;
}

// An element as memory holds it, read back.
inline double read_element(Form form, const void* memory, int64_t index) {
  switch (form) {
    case Form::kFloat32:
      return static_cast<const float*>(memory)[index];
    case Form::kFloat16:
      return from_float16(static_cast<const uint16_t*>(memory)[index]);
    case Form::kBFloat16:
      return from_bfloat16(static_cast<const uint16_t*>(memory)[index]);
    case Form::kInt16:
      return static_cast<const int16_t*>(memory)[index];
    default:
      return static_cast<const int8_t*>(memory)[index];
  }
}

// Any finite float16, small ones and subnormal ones too.
inline uint16_t any_float16(Random& random) {
  const int64_t exponent = random.whole(0, 9) == 0 ? random.whole(0, 9) : random.whole(10, 15);
  return static_cast<uint16_t>(
      random.whole(0, 1) << 15 | exponent << 10 | random.whole(0, 1023));
}

inline void write_element(Form form, void* memory, int64_t index, float value) {
  switch (form) {
    case Form::kFloat32:
      static_cast<float*>(memory)[index] = value;
      break;
    case Form::kBFloat16:
      static_cast<uint16_t*>(memory)[index] = to_bfloat16(value);
      break;
    case Form::kInt16:
      static_cast<int16_t*>(memory)[index] = static_cast<int16_t>(value);
      break;
    case Form::kInt8:
      static_cast<int8_t*>(memory)[index] = static_cast<int8_t>(value);
      break;
    default: { // whole numbers below 2048, which float16 has
      const int magnitude = static_cast<int>(std::abs(value));
      int exponent = 0;
      while (magnitude >> (exponent + 1) != 0) {
        ++exponent;
      }
      const int bits = magnitude == 0
          ? 0
          : (exponent + 15) << 10 | ((magnitude << 10 >> exponent) & 1023);
      static_cast<uint16_t*>(memory)[index] = static_cast<uint16_t>(bits | (value < 0) << 15);
    }
  }
}

// What random weights are like.
enum class Style {
  kRandom,
  kWhole, // small whole numbers, scales of one and no bias: results are exact in every form
  kLargest, // the largest of their form, all of the same sign
  kZero,
};

class Weights {
 public:
  Weights(Random& random, Form form, int64_t outputs, int64_t depth, Style style = Style::kRandom)
      : memory_(outputs * depth * bytes_of(form)),
        scales_(is_integer(form) ? 2 * outputs : 0),
        bias_(outputs) {
    linear_ = {form, memory_.data(), nullptr, 0.f, bias_.data(), depth, outputs};
    for (int64_t column = 0; column < outputs; ++column) {
      for (int64_t k = 0; k < depth; ++k) {
        draw(random, in_panels(column, k, depth, group_of(form)), style);
      }
      bias_[column] = style == Style::kRandom ? random.normal() : 0.f;
    }
    if (is_integer(form)) {
      set_scales(random, style);
    }
  }

  const Linear& linear() const {
    return linear_;
  }
  // As stored: without the scale of its output.
  double element(int64_t output, int64_t k) const {
    return read_element(
        linear_.form, memory_.data(),
        in_panels(output, k, linear_.depth, group_of(linear_.form)));
  }
  double scale(int64_t output) const {
    return is_integer(linear_.form) ? scales_[output] : 1.0;
  }
  double bias(int64_t output) const {
    return linear_.bias == nullptr ? 0. : bias_[output];
  }
  void drop_bias() {
    linear_.bias = nullptr;
  }

 private:
  void draw(Random& random, int64_t index, Style style) {
    const Form form = linear_.form;
    const int64_t most = form == Form::kInt8 ? 127 : 4095;
    if (style == Style::kWhole) {
      return write_element(form, memory_.data(), index, random.whole(-7, 7));
    }
    if (style == Style::kZero || style == Style::kLargest) {
      const float value = form == Form::kInt8 ? 127.f : form == Form::kInt16 ? 32767.f : 1024.f;
      return write_element(form, memory_.data(), index, style == Style::kZero ? 0.f : value);
    }
    if (form == Form::kFloat16) {
      reinterpret_cast<uint16_t*>(memory_.data())[index] = any_float16(random);
      return;
    }
    const float value = is_integer(form) ? random.whole(-most, most) : random.normal() * 0.2f;
    write_element(form, memory_.data(), index, value);
  }

  void set_scales(Random& random, Style style) {
    const int64_t outputs = linear_.outputs;
    linear_.scales = scales_.data();
    for (int64_t column = 0; column < outputs; ++column) {
      double squares = 0;
      for (int64_t k = 0; k < linear_.depth; ++k) {
        squares += element(column, k) * element(column, k);
      }
      const float usual = (linear_.form == Form::kInt8 ? 3e-3f : 1e-4f) * random.whole(50, 150) / 100;
      scales_[column] = style == Style::kRandom ? usual : 1.f;
      scales_[outputs + column] = static_cast<float>(std::sqrt(squares));
      linear_.norm = std::max(linear_.norm, scales_[outputs + column]);
    }
  }

  Buffer<char> memory_;
  Buffer<float> scales_;
  Buffer<float> bias_;
  Linear linear_{};
};
