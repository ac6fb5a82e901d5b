// The log-mel spectrogram of a recording: Whisper's 400 samples at every 160, 201 frequencies.
//
// Compiled once for each instruction set, as the other kernels are, and for the same reason without
// the standard library's templates. The lanes of a vector are as many frames, which all go the same
// way: a frame has the same value whichever lane it is in, and whatever comes before or behind it.
//
// The Fourier transform has one length and is written for it: 400 real values are 200 complex ones,
// in passes of 8, 5 and 5 between two buffers (Stockham's order, so nothing is permuted), and the
// step that takes the real spectrum out of the complex one yields powers at once. pocketfft, which
// plans for any length, takes twice as long for the transform alone as this for everything, and has
// 200 kB of templates, some of which the instruction sets would share.
#pragma once

#include <math.h>

#include "vector.h"

namespace {
namespace log_mel_kernel {

constexpr int kFrame = 400;
constexpr int kHop = 160;
constexpr int kPoints = kFrame / 2;
constexpr int kBins = kPoints + 1;

typedef float Quad __attribute__((ext_vector_type(4)));

struct Complex {
  F re, im;
};

INLINE Complex operator+(Complex a, Complex b) {
  return {a.re + b.re, a.im + b.im};
}

INLINE Complex operator-(Complex a, Complex b) {
  return {a.re - b.re, a.im - b.im};
}

INLINE Complex operator*(float factor, Complex a) {
  return {factor * a.re, factor * a.im};
}

// -i a
INLINE Complex turned(Complex a) {
  return {a.im, -a.re};
}

struct Root {
  float re, im;
};

INLINE Complex operator*(Root w, Complex a) {
  return {w.re * a.re - w.im * a.im, w.re * a.im + w.im * a.re};
}

constexpr double kTwoPi = 6.283185307179586476925;

struct Tables {
  // Hann's, periodic, by one half: the real spectrum is a sum of halves.
  alignas(64) float window[kFrame];
  Root roots[kFrame]; // e^(-2 pi i k / 400)

  Tables() {
    for (int k = 0; k < kFrame; k++) {
      const double angle = kTwoPi * k / kFrame;
      // Rounded as a float first: torch.hann_window's values.
      window[k] = 0.5f * static_cast<float>(0.5 - 0.5 * ::cos(angle));
      roots[k] = {static_cast<float>(::cos(angle)), static_cast<float>(-::sin(angle))};
    }
  }
};

inline const Tables& tables() {
  static const Tables computed;
  return computed;
}

// The Fourier transforms of 4, 5 and 8 values, in place.

INLINE void transform(Complex (&x)[4]) {
  const Complex a = x[0] + x[2], b = x[0] - x[2], c = x[1] + x[3], d = turned(x[1] - x[3]);
  x[0] = a + c;
  x[1] = b + d;
  x[2] = a - c;
  x[3] = b - d;
}

INLINE void transform(Complex (&x)[5]) {
  constexpr float cos1 = 0.309016994374947424102f, cos2 = -0.809016994374947424102f;
  constexpr float sin1 = 0.951056516295153572116f, sin2 = 0.587785252292473129169f;
  const Complex a = x[1] + x[4], b = x[2] + x[3], c = x[1] - x[4], d = x[2] - x[3];
  const Complex even1 = x[0] + cos1 * a + cos2 * b, even2 = x[0] + cos2 * a + cos1 * b;
  const Complex odd1 = turned(sin1 * c + sin2 * d), odd2 = turned(sin2 * c - sin1 * d);
  x[0] = x[0] + a + b;
  x[1] = even1 + odd1;
  x[2] = even2 + odd2;
  x[3] = even2 - odd2;
  x[4] = even1 - odd1;
}

INLINE void transform(Complex (&x)[8]) {
  constexpr float half_root = 0.707106781186547524401f;
  Complex even[4] = {x[0], x[2], x[4], x[6]}, odd[4] = {x[1], x[3], x[5], x[7]};
  transform(even);
  transform(odd);
  odd[1] = half_root * (odd[1] + turned(odd[1]));
  odd[2] = turned(odd[2]);
  odd[3] = half_root * (turned(odd[3]) - odd[3]);
  for (int k = 0; k < 4; k++) {
    x[k] = even[k] + odd[k];
    x[k + 4] = even[k] - odd[k];
  }
}

// One of Stockham's passes: transforms of `radix` values, where `length` are left to transform and
// `stride` is the product of the radices so far.
template <int length, int radix, int stride>
inline void pass(const Complex* from, Complex* to, const Root* roots) {
  constexpr int parts = length / radix, step = kFrame / length;
  for (int p = 0; p < parts; p++) {
    for (int q = 0; q < stride; q++) {
      Complex x[radix];
      for (int j = 0; j < radix; j++) {
        x[j] = from[q + stride * (p + parts * j)];
      }
      transform(x);
      Complex* place = to + q + stride * radix * p;
      place[0] = x[0];
      for (int k = 1; k < radix; k++) {
        place[stride * k] = parts == 1 ? x[k] : roots[step * p * k] * x[k];
      }
    }
  }
}

INLINE void transpose(Quad (&x)[4]) {
  const Quad a = __builtin_shufflevector(x[0], x[1], 0, 4, 1, 5);
  const Quad b = __builtin_shufflevector(x[0], x[1], 2, 6, 3, 7);
  const Quad c = __builtin_shufflevector(x[2], x[3], 0, 4, 1, 5);
  const Quad d = __builtin_shufflevector(x[2], x[3], 2, 6, 3, 7);
  x[0] = __builtin_shufflevector(a, c, 0, 1, 4, 5);
  x[1] = __builtin_shufflevector(a, c, 2, 3, 6, 7);
  x[2] = __builtin_shufflevector(b, d, 0, 1, 4, 5);
  x[3] = __builtin_shufflevector(b, d, 2, 3, 6, 7);
}

// Weights the samples of some frames by the window; `into` has a vector for each sample of a frame.
inline void load_frames(const float* samples, int frames, const float* window, F* into) {
  float* lanes = reinterpret_cast<float*>(into);
  for (int first = 0; first < kLanes; first += 4) {
    for (int sample = 0; sample < kFrame; sample += 4) {
      Quad x[4];
      for (int i = 0; i < 4; i++) {
        const bool exists = first + i < frames;
        x[i] = exists ? load<Quad>(samples + (first + i) * kHop + sample) : Quad(0.f);
        x[i] *= load<Quad>(window + sample);
      }
      transpose(x);
      for (int i = 0; i < 4; i++) {
        store(lanes + (sample + i) * kLanes + first, x[i]);
      }
    }
  }
}

INLINE F power(Complex x) {
  return x.re * x.re + x.im * x.im;
}

// The squared amplitudes of the real spectrum, from the transform of half the values, where even
// samples were the real parts and odd ones the imaginary.
inline void powers(const Complex* z, const Root* roots, F* into) {
  const F sum = z[0].re + z[0].im, difference = z[0].re - z[0].im;
  // Of these no two halves are added up.
  into[0] = 4 * (sum * sum);
  into[kPoints] = 4 * (difference * difference);
  into[kPoints / 2] = 4 * power(z[kPoints / 2]);
  for (int k = 1; k < kPoints / 2; k++) {
    const Complex a = z[k], b = {z[kPoints - k].re, -z[kPoints - k].im};
    const Complex even = a + b, odd = roots[k] * turned(a - b);
    into[k] = power(even + odd);
    into[kPoints - k] = power(even - odd);
  }
}

// To 1e-7 and the rounding of the result, for normal numbers above zero.
INLINE F log10(F x) {
  // The power of two is taken off so that 0.7 < x < 1.42, where the series below ends soon.
  constexpr int32_t root_of_half = 0x3f3504f3;
  const I bits = as<I>(x);
  const I exponent = (bits - root_of_half) >> 23;
  const F mantissa = as<F>(bits - (exponent << 23));
  // ln x = 2 artanh((x - 1) / (x + 1))
  const F s = (mantissa - 1) / (mantissa + 1), t = s * s;
  const F series = 1 + t * (1.0f / 3 + t * (1.0f / 5 + t * (1.0f / 7 + t * (1.0f / 9))));
  // log10(2) in two parts, of which an exponent times the first is exact.
  constexpr float high = 0x1.344p-2f, low = 0x1.3509f8p-18f, two_by_ln10 = 0.868588963806503655303f;
  const F count = to_float(exponent);
  return count * high + (count * low + two_by_ln10 * (s * series));
}

// A mel filter is a triangle over a few neighbouring bins.
struct Run {
  int begin, end;
};

INLINE Run run_of(const float* filter) {
  Run run = {0, kBins};
  while (run.begin < run.end && filter[run.begin] == 0) {
    run.begin++;
  }
  while (run.begin < run.end && filter[run.end - 1] == 0) {
    run.end--;
  }
  return run;
}

} // namespace log_mel_kernel

// log10(max(filters |F(window * frame)|^2, 1e-10)) of each frame.
//
// samples: (frames - 1) * 160 + 400 of them, where there is any frame. filters: mels x 201.
// output: frames x mels.
void log_mel(
    const float* samples, int64_t frames, const float* filters, int64_t mels, float* output) {
  using namespace log_mel_kernel;
  const Tables& constants = tables();
  Run* const runs = new Run[mels];
  for (int64_t mel = 0; mel < mels; mel++) {
    runs[mel] = run_of(filters + mel * kBins);
  }
  // 26 kB each with 16 lanes.
  Complex first[kPoints], second[kPoints];
  for (int64_t frame = 0; frame < frames; frame += kLanes) {
    const int count = static_cast<int>(frames - frame < kLanes ? frames - frame : kLanes);
    load_frames(samples + frame * kHop, count, constants.window, reinterpret_cast<F*>(first));
    pass<200, 8, 1>(first, second, constants.roots);
    pass<25, 5, 8>(second, first, constants.roots);
    pass<5, 5, 40>(first, second, constants.roots);
    F* const spectrum = reinterpret_cast<F*>(first);
    powers(second, constants.roots, spectrum);
    for (int64_t mel = 0; mel < mels; mel++) {
      const float* filter = filters + mel * kBins;
      const Run run = runs[mel];
      F sum = 0.f;
      for (int bin = run.begin; bin < run.end; bin++) {
        sum += filter[bin] * spectrum[bin];
      }
      const F value = log10(maximum(sum, 1e-10f));
      for (int i = 0; i < count; i++) {
        output[(frame + i) * mels + mel] = value[i];
      }
    }
  }
  delete[] runs;
}

} // namespace
