// Counting what was compared, memory with known bounds, and random numbers that are the same
// everywhere.
#pragma once

#include <kernels.h>

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

// What is computed in double, and by how much a kernel's float32 may be away from it.
struct Number {
  double value = 0;
  double error = 0;
};
using Numbers = std::vector<Number>;

class Checks {
 public:
  // A name for what follows, as printf.
  __attribute__((format(printf, 2, 3))) void begin(const char* format, ...) {
    char text[300];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    what_ = text;
    told_ = false;
  }

  void near(double found, const Number& expected, const char* part, int64_t row, int64_t column) {
    ++comparisons_;
    const double distance = found == expected.value ? 0 : std::abs(found - expected.value);
    // Not the other way round: NaN is never near.
    if (distance <= expected.error) {
      if (expected.error > 0) {
        worst_ = std::max(worst_, distance / expected.error);
      }
      return;
    }
    fail("%s (%lld, %lld): %.9g instead of %.9g, may be off by %.3g", part,
         static_cast<long long>(row), static_cast<long long>(column), found, expected.value,
         expected.error);
  }

  void equal(double found, double expected, const char* part, int64_t row, int64_t column) {
    near(found, {expected, 0}, part, row, column);
  }

  void that(bool truth, const char* part, int64_t row = 0, int64_t column = 0) {
    ++comparisons_;
    if (!truth) {
      fail("%s (%lld, %lld)", part, static_cast<long long>(row), static_cast<long long>(column));
    }
  }

  // Results that must be the same whatever the instruction set.
  void digest(const float* values, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      uint32_t bits;
      std::memcpy(&bits, values + i, sizeof bits);
      digest_ = (digest_ ^ bits) * 0x100000001b3u;
    }
  }

  int64_t failures() const {
    return failures_;
  }

  void report(const char* capability) const {
    std::printf(
        "%s: %lld comparisons, %lld failures, the largest error is %.2f of its bound, integers "
        "%016llx\n",
        capability, static_cast<long long>(comparisons_), static_cast<long long>(failures_),
        worst_, static_cast<unsigned long long>(digest_));
  }

 private:
  __attribute__((format(printf, 2, 3))) void fail(const char* format, ...) {
    ++failures_;
    // The first of each test says what is wrong; the others are the same again.
    if (told_) {
      return;
    }
    told_ = true;
    std::printf("FAILED %s: ", what_.c_str());
    va_list arguments;
    va_start(arguments, format);
    std::vprintf(format, arguments);
    va_end(arguments);
    std::printf("\n");
    std::fflush(stdout);
  }

  std::string what_;
  bool told_ = false;
  int64_t comparisons_ = 0;
  int64_t failures_ = 0;
  double worst_ = 0;
  uint64_t digest_ = 0xcbf29ce484222325u;
};

inline bool fills_memory = true;

// Memory of exactly this size, so that a sanitizer sees what lies before and behind; at the start
// full of what is no number, so that what is read unwritten shows.
template <typename T>
class Buffer {
 public:
  explicit Buffer(int64_t size) : size_(size) {
    const size_t bytes = size * sizeof(T);
    void* memory = nullptr;
    if (posix_memalign(&memory, 64, bytes == 0 ? 1 : bytes) != 0) {
      std::abort();
    }
    data_ = static_cast<T*>(memory);
    if (fills_memory) {
      std::memset(memory, 0xff, bytes);
    }
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  Buffer(Buffer&& other) noexcept
      : size_(other.size_), data_(std::exchange(other.data_, nullptr)) {}
  ~Buffer() {
    std::free(data_);
  }

  T* data() const {
    return data_;
  }
  int64_t size() const {
    return size_;
  }
  T& operator[](int64_t index) const {
    return data_[index];
  }
  void fill(T value) {
    for (int64_t i = 0; i < size_; ++i) {
      data_[i] = value;
    }
  }

 private:
  int64_t size_;
  T* data_;
};

// Integer arithmetic alone, so that every instruction set gets the same tests.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 2 + 1) {}

  uint32_t bits() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    const uint64_t mixed = (state_ ^ state_ >> 29) * 0xbf58476d1ce4e5b9u;
    return static_cast<uint32_t>(mixed >> 32);
  }
  // From `least` to `most`, both included.
  int64_t whole(int64_t least, int64_t most) {
    return least + static_cast<int64_t>(bits() % static_cast<uint64_t>(most - least + 1));
  }
  // Near a normal distribution, of variance one.
  float normal() {
    int64_t sum = 0;
    for (int i = 0; i < 4; ++i) {
      sum += whole(-32768, 32767);
    }
    return static_cast<float>(sum) * (1.7320508f / 65536.f);
  }
  template <typename T, size_t count>
  T one_of(const T (&choices)[count]) {
    return choices[whole(0, count - 1)];
  }

 private:
  uint64_t state_;
};

constexpr double kUnit = 1.0 / (1 << 24); // float32's rounding, relative
constexpr double kShort = 1.0 / (1 << 8); // bfloat16's
constexpr double kTiny = 1e-37; // below the normal numbers of float32, which may be flushed
