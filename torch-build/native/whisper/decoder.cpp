#include "decoder.h"

#include "capability.h"
#include "refinement.h"

#include <ATen/ops/empty.h>

#include <algorithm>

namespace whisper {

namespace {

// Chunks for each thread: a thread that comes late loses little.
constexpr int64_t kChunksPerThread = 4;
// Rows that one thread prepares by itself: a job for the team takes longer.
constexpr int64_t kRowsAlone = 8;
constexpr int64_t kRowsAtOnce = 4;

} // namespace

Decoder::Decoder(
    const DecoderWeights& weights, int64_t heads, int64_t slots, int64_t most_rows)
    : weights_(weights), heads_(heads), slots_(slots) {
  const int64_t state = weights.state;
  const int64_t layers = weights.layers.size();
  int64_t widest = state;
  for (const DecoderLayer& layer : weights.layers) {
    widest = std::max(widest, layer.fc1.outputs);
  }
  cache_ = at::empty({layers, slots, weights.context, 2, state}, at::kFloat);
  x_ = at::empty({most_rows, state}, at::kFloat);
  heard_ = at::empty({most_rows, state}, at::kFloat);
  hidden_ = at::empty({most_rows, widest}, at::kFloat);
  activations_ = at::empty({most_rows, widest}, at::kFloat);
  scales_ = at::empty({most_rows}, at::kFloat);
}

void Decoder::activate(
    Team& team, const Linear& next, const LayerNorm* norm, const float* in, int64_t rows) {
  input_ = {activations_.data_ptr(), scales_.data_ptr<float>(), next.depth};
  const auto some = [&](int64_t begin, int64_t end) {
    kernels().activate(next.form, next.norm, norm, in, input_, begin, end);
  };
  if (rows <= kRowsAlone) {
    return some(0, rows);
  }
  team.run((rows + kRowsAtOnce - 1) / kRowsAtOnce, [&](int64_t chunk) {
    some(chunk * kRowsAtOnce, std::min(rows, (chunk + 1) * kRowsAtOnce));
  });
}

void Decoder::multiply(
    Team& team, const Linear& linear, int64_t rows, float* out, int64_t stride, int mode) {
  const int64_t panels = linear.panels();
  const int64_t chunks = std::min(panels, kChunksPerThread * team.threads());
  team.run(chunks, [&](int64_t chunk) {
    kernels().product(
        linear, input_, rows, chunk * panels / chunks, (chunk + 1) * panels / chunks, out, stride,
        mode);
  });
}

void Decoder::cross_attention(
    Team& team, int64_t layer, const std::vector<DecoderRow>& rows, const Alignment* alignment) {
  // Rows of the same window, as first row and count.
  std::vector<std::pair<int64_t, int64_t>> windows;
  for (size_t row = 0; row < rows.size(); ++row) {
    if (row == 0 || rows[row].cross != rows[row - 1].cross) {
      windows.emplace_back(row, 0);
    }
    ++windows.back().second;
  }
  const int64_t state = weights_.state;
  const float* queries = hidden_.data_ptr<float>();
  float* heard = heard_.data_ptr<float>();
  team.run(windows.size() * heads_, [&](int64_t chunk) {
    const auto [first, count] = windows[chunk / heads_];
    const int64_t head = chunk % heads_;
    float* scores = nullptr;
    if (alignment != nullptr) {
      const auto& pairs = alignment->heads;
      const auto found = std::find(pairs.begin(), pairs.end(), std::make_pair(layer, head));
      if (found != pairs.end()) {
        const int64_t size = rows.size() * rows[0].cross[layer].positions;
        scores = alignment->scores + (found - pairs.begin()) * size;
      }
    }
    kernels().cross_attention(
        rows[first].cross[layer], queries + first * state, state, count, head,
        heard + first * state, scores);
  });
}

void Decoder::step(
    Team& team, const std::vector<DecoderRow>& rows, const std::vector<int64_t>& tokens,
    const Alignment* alignment) {
  const int64_t count = rows.size(), state = weights_.state;
  TORCH_INTERNAL_ASSERT(count <= x_.size(0) && tokens.size() == rows.size());
  float* x = x_.data_ptr<float>();
  float* heard = heard_.data_ptr<float>();
  float* hidden = hidden_.data_ptr<float>();
  for (int64_t row = 0; row < count; ++row) {
    float* at = x + row * state;
    read_embedding(weights_, tokens[row], at);
    const float* position = weights_.positional + rows[row].position * state;
    for (int64_t i = 0; i < state; ++i) {
      at[i] += position[i];
    }
  }
  for (size_t number = 0; number < weights_.layers.size(); ++number) {
    const DecoderLayer& layer = weights_.layers[number];
    const SelfCache cache{
        cache_.data_ptr<float>() + number * slots_ * weights_.context * 2 * state,
        weights_.context, state};
    activate(team, layer.qkv, &layer.self_norm, x, count);
    team.run(heads_, [&](int64_t head) {
      kernels().self_attention(layer.qkv, input_, cache, rows.data(), count, head, heard);
    });
    activate(team, layer.out, nullptr, heard, count);
    multiply(team, layer.out, count, x, state, kAdd);
    activate(team, layer.query, &layer.cross_norm, x, count);
    multiply(team, layer.query, count, hidden, state, kStore);
    cross_attention(team, number, rows, alignment);
    activate(team, layer.cross_out, nullptr, heard, count);
    multiply(team, layer.cross_out, count, x, state, kAdd);
    activate(team, layer.fc1, &layer.mlp_norm, x, count);
    multiply(team, layer.fc1, count, hidden, layer.fc1.outputs, kGelu);
    activate(team, layer.fc2, nullptr, hidden, count);
    multiply(team, layer.fc2, count, x, state, kAdd);
  }
}

void Decoder::logits(Team& team, const std::vector<int64_t>& rows, float* out) {
  const int64_t state = weights_.state, count = rows.size();
  float* wanted = heard_.data_ptr<float>();
  const float* x = x_.data_ptr<float>();
  TORCH_CHECK(count <= heard_.size(0), "more logits than rows");
  for (int64_t row = 0; row < count; ++row) {
    std::copy_n(x + rows[row] * state, state, wanted + row * state);
  }
  activate(team, weights_.logits, &weights_.norm, wanted, count);
  multiply(team, weights_.logits, count, out, stride(), kStore);
  if (weights_.embedding.rows != nullptr) {
    kernels().normalize(weights_.norm, wanted, wanted, count, state);
    refine_logits(team, weights_.embedding, wanted, count, out, stride());
  }
}

} // namespace whisper
