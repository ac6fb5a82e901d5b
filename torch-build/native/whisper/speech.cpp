#include "speech.h"

#include "capability.h"
#include "team.h"
#include "weights.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace whisper {

namespace {

constexpr int64_t kFrame = 512;
constexpr int64_t kContext = 64; // samples before a frame, and as many mirrored behind it
constexpr int64_t kWindow = 256;
constexpr int64_t kHop = 128;
constexpr int64_t kWindows = (kContext + kFrame + kContext - kWindow) / kHop + 1;
constexpr int64_t kBins = kWindow / 2 + 1;
constexpr int64_t kState = 128;
constexpr int64_t kChunk = 12; // frames that a thread takes at once

// What three taps of 129 channels are filled up to.
constexpr int64_t kFirstDepth = 388;

struct SpeechWeights {
  explicit SpeechWeights(at::TensorList tensors)
      : fourier(linear(tensors, 0, kWindow, 2 * kBins)),
        conv1(linear(tensors, 1, kFirstDepth, 128)),
        conv2(linear(tensors, 2, 3 * 128, 64)),
        conv3(linear(tensors, 3, 2 * 64, 64)),
        conv4(linear(tensors, 4, 64, kState)),
        input(linear(tensors, 5, kState, 4 * kState)),
        recurrence(linear(tensors, 6, kState, 4 * kState)) {
    TORCH_CHECK(
        tensors.size() == 23 && tensors[21].numel() == kState && tensors[22].numel() == 1,
        "expected the weights of the detector");
    last = tensors[21].const_data_ptr<float>();
    bias = *tensors[22].const_data_ptr<float>();
  }

  static Linear linear(at::TensorList tensors, size_t number, int64_t depth, int64_t outputs) {
    TORCH_CHECK(3 * number + 2 < tensors.size(), "expected the weights of the detector");
    const at::Tensor& packed = tensors[3 * number];
    const at::Tensor& bias = tensors[3 * number + 2];
    const int64_t padded = round_up(outputs, kPanelColumns);
    TORCH_CHECK(
        form_of(packed) == Form::kFloat32 && packed.is_contiguous() &&
            packed.numel() == padded * depth && bias.scalar_type() == at::kFloat &&
            bias.numel() == padded,
        "expected the weights of the detector");
    return {Form::kFloat32, packed.const_data_ptr(), nullptr, 0.f, bias.const_data_ptr<float>(),
            depth, padded};
  }

  Linear fourier, conv1, conv2, conv3, conv4, input, recurrence;
  const float* last;
  float bias;
};

void multiply(const Linear& linear, const float* rows, int64_t count, float* out) {
  const Activations input{const_cast<float*>(rows), nullptr, linear.depth};
  kernels().product(linear, input, count, 0, linear.panels(), out, linear.outputs, kStore);
}

void rectify(float* values, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    values[i] = std::max(values[i], 0.f);
  }
}

// From samples, of which `samples` points to what is before the first frame, to what goes into the
// memory: gates (frames, 4 * kState).
void listen(const SpeechWeights& weights, const float* samples, int64_t frames, float* gates) {
  const int64_t wide = weights.fourier.outputs;
  std::vector<float> windows(frames * kWindows * kWindow);
  for (int64_t frame = 0; frame < frames; ++frame) {
    const float* from = samples + frame * kFrame;
    float padded[kContext + kFrame + kContext];
    std::copy_n(from, kContext + kFrame, padded);
    std::reverse_copy(
        from + kFrame - 1, from + kFrame + kContext - 1, padded + kContext + kFrame);
    for (int64_t window = 0; window < kWindows; ++window) {
      std::copy_n(
          padded + window * kHop, kWindow,
          windows.data() + (frame * kWindows + window) * kWindow);
    }
  }
  std::vector<float> spectrum(frames * kWindows * wide);
  multiply(weights.fourier, windows.data(), frames * kWindows, spectrum.data());
  // The three taps of each column, with zeros around a frame.
  std::vector<float> taps(frames * kWindows * kFirstDepth, 0.f);
  for (int64_t frame = 0; frame < frames; ++frame) {
    for (int64_t window = 0; window < kWindows; ++window) {
      const float* line = spectrum.data() + (frame * kWindows + window) * wide;
      float height[kBins];
      for (int64_t bin = 0; bin < kBins; ++bin) {
        height[bin] = std::sqrt(line[bin] * line[bin] + line[kBins + bin] * line[kBins + bin]);
      }
      for (int64_t tap = 0; tap < 3; ++tap) {
        const int64_t column = window + 1 - tap;
        if (0 <= column && column < kWindows) {
          std::copy_n(
              height, kBins,
              taps.data() + (frame * kWindows + column) * kFirstDepth + tap * kBins);
        }
      }
    }
  }
  // The first column of a frame is preceded by zeros: (frames, 1 + kWindows, 128).
  constexpr int64_t kChannels = 128;
  std::vector<float> first(frames * (kWindows + 1) * kChannels, 0.f);
  std::vector<float> columns(frames * kWindows * kChannels);
  multiply(weights.conv1, taps.data(), frames * kWindows, columns.data());
  rectify(columns.data(), columns.size());
  std::vector<float> halves(frames * 2 * 3 * kChannels);
  for (int64_t frame = 0; frame < frames; ++frame) {
    float* padded = first.data() + frame * (kWindows + 1) * kChannels;
    std::copy_n(
        columns.data() + frame * kWindows * kChannels, kWindows * kChannels, padded + kChannels);
    for (int64_t half = 0; half < 2; ++half) {
      std::copy_n(
          padded + 2 * half * kChannels, 3 * kChannels,
          halves.data() + (2 * frame + half) * 3 * kChannels);
    }
  }
  std::vector<float> second(frames * 2 * 64), third(frames * 64), fourth(frames * kState);
  multiply(weights.conv2, halves.data(), frames * 2, second.data());
  rectify(second.data(), second.size());
  multiply(weights.conv3, second.data(), frames, third.data());
  rectify(third.data(), third.size());
  multiply(weights.conv4, third.data(), frames, fourth.data());
  rectify(fourth.data(), fourth.size());
  multiply(weights.input, fourth.data(), frames, gates);
}

// A step of the memory; returns how probably somebody speaks.
float remember(const SpeechWeights& weights, const float* gates, float* output, float* content) {
  alignas(64) float sums[4 * kState];
  multiply(weights.recurrence, output, 1, sums);
  kernels().remember(gates, sums, kState, output, content);
  float heard = weights.bias;
  for (int64_t i = 0; i < kState; ++i) {
    heard += std::max(output[i], 0.f) * weights.last[i];
  }
  return 1.f / (1.f + std::exp(-heard));
}

} // namespace

at::Tensor detect_speech(
    at::TensorList tensors, const at::Tensor& samples, const at::Tensor& state) {
  const SpeechWeights weights(tensors);
  TORCH_CHECK(
      samples.scalar_type() == at::kFloat && samples.dim() == 1 && samples.is_contiguous() &&
          samples.size(0) >= kContext && (samples.size(0) - kContext) % kFrame == 0,
      "expected ", kContext, " samples and whole frames of ", kFrame);
  TORCH_CHECK(
      state.scalar_type() == at::kFloat && state.is_contiguous() && state.numel() == 2 * kState,
      "expected the memory's state");
  const int64_t frames = (samples.size(0) - kContext) / kFrame;
  const float* from = samples.const_data_ptr<float>();
  std::vector<float> gates(frames * 4 * kState);
  {
    TeamLease team;
    (*team).run((frames + kChunk - 1) / kChunk, [&](int64_t chunk) {
      const int64_t begin = chunk * kChunk, end = std::min(frames, begin + kChunk);
      listen(
          weights, from + begin * kFrame, end - begin, gates.data() + begin * 4 * kState);
    });
  }
  at::Tensor out = at::empty({frames}, at::kFloat);
  float* probabilities = out.data_ptr<float>();
  float* memory = state.data_ptr<float>();
  for (int64_t frame = 0; frame < frames; ++frame) {
    probabilities[frame] =
        remember(weights, gates.data() + frame * 4 * kState, memory, memory + kState);
  }
  return out;
}

} // namespace whisper
