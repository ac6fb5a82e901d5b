#include "encoder.h"

#include "capability.h"
#include "team.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

namespace whisper {

namespace {

// Rows of one chunk. The weights are read once for each, so they are many; and few enough that
// every thread gets some, and that they stay in the second cache. Multiples of the rows of every
// tile.
constexpr int64_t kManyRows = 96;
constexpr int64_t kSomeRows = 64;
constexpr int64_t kTileRows = 32;
constexpr int kFewThreads = 4;
// Of bfloat16, the bytes of a row that stay are: input and hidden layer, and the sums.
constexpr int64_t kRowsInCache = 768 * 1024;

at::ScalarType element_type(Form form) {
  switch (form) {
    case Form::kInt16:
      return at::kShort;
    case Form::kBFloat16:
      return at::kBFloat16;
    default:
      return at::kFloat;
  }
}

int64_t block_of(const Team& team, int64_t rows, Form form, int64_t state) {
  if (form != Form::kBFloat16) {
    return team.threads() <= kFewThreads ? kManyRows : kSomeRows;
  }
  const int64_t most = std::max(kSomeRows, kRowsInCache / (6 * state));
  const int64_t turns = (rows + most * team.threads() - 1) / (most * team.threads());
  return round_up((rows + turns * team.threads() - 1) / (turns * team.threads()), kTileRows);
}

// Calls work(begin, end) for blocks of `rows` on the team.
template <typename Work>
void run_rows(Team& team, int64_t rows, int64_t block, const Work& work) {
  team.run((rows + block - 1) / block, [&](int64_t chunk) {
    work(chunk * block, std::min(rows, (chunk + 1) * block));
  });
}

// Time by channels, with a row of zeros before and behind, for the taps of a convolution.
at::Tensor by_time(const at::Tensor& mel) {
  const int64_t channels = mel.size(0), time = mel.size(1);
  at::Tensor rows = at::zeros({time + 2 + 2 * kSpareRows, channels}, at::kFloat);
  const float* from = mel.const_data_ptr<float>();
  float* to = rows.data_ptr<float>() + channels;
  for (int64_t t = 0; t < time; ++t) {
    for (int64_t channel = 0; channel < channels; ++channel) {
      to[t * channels + channel] = from[channel * time + t];
    }
  }
  return rows;
}

// Both convolutions and the positions: x (positions, state).
void embed(const EncoderWeights& weights, const at::Tensor& mel, float* x, Team& team) {
  const int64_t time = mel.size(1), state = weights.state;
  const Form form = weights.conv2.form;
  const int64_t stride = form == Form::kBFloat16 ? row_stride(state, sizeof(uint16_t)) : state;
  const at::Tensor input = by_time(mel);
  at::Tensor between = at::zeros({time + 2 + 2 * kSpareRows, stride}, element_type(form));
  char* first_row = static_cast<char*>(between.data_ptr()) + stride * between.element_size();
  const Convolution first{
      weights.conv1, input.const_data_ptr(), weights.mels, 1, nullptr, form, first_row};
  const int64_t block = block_of(team, time, Form::kFloat32, state);
  run_rows(team, time, block, [&](int64_t begin, int64_t end) {
    kernels().convolve(first, begin, end);
  });
  const Convolution second{
      weights.conv2, between.const_data_ptr(), state, 2, weights.positional, Form::kFloat32, x};
  run_rows(team, time / 2, block_of(team, time / 2, form, state), [&](int64_t begin, int64_t end) {
    kernels().convolve(second, begin, end);
  });
}

} // namespace

at::Tensor encode(at::TensorList tensors, const at::Tensor& mel, int64_t heads) {
  const EncoderWeights weights = read_encoder(tensors, heads);
  TORCH_CHECK(
      mel.scalar_type() == at::kFloat && mel.is_contiguous() && mel.dim() == 2 &&
          mel.size(0) == weights.mels,
      "expected a spectrogram of ", weights.mels, " bands");
  TORCH_CHECK(
      0 < mel.size(1) && mel.size(1) <= 2 * weights.positions && mel.size(1) % 2 == 0,
      "expected an even number of frames, up to ", 2 * weights.positions);
  TORCH_CHECK(!weights.layers.empty(), "the encoder has no layers");
  const int64_t positions = mel.size(1) / 2, state = weights.state;
  const int64_t padded = round_up(positions, 32);
  const Form form = weights.layers.front().qkv.form;
  const at::ScalarType type = element_type(form);
  at::Tensor x = at::empty({positions, state}, at::kFloat);
  at::Tensor queries = at::zeros({heads, positions + kSpareRows, kHead}, type);
  at::Tensor query_scales = at::zeros({heads, positions + kSpareRows}, at::kFloat);
  at::Tensor keys = at::zeros({heads, padded, kHead}, type);
  at::Tensor values = at::zeros({heads, padded, kHead}, type);
  at::Tensor scales = at::zeros({2, heads, padded}, at::kFloat);
  const at::ScalarType heard_type = form == Form::kInt16 ? at::kFloat : type;
  const int64_t heard_stride = row_stride(state, c10::elementSize(heard_type));
  at::Tensor heard = at::zeros({positions + kSpareRows, heard_stride}, heard_type);
  const EncoderState window{
      positions, padded, state, heads,
      x.data_ptr<float>(),
      queries.data_ptr(), query_scales.data_ptr<float>(),
      keys.data_ptr(), scales.data_ptr<float>(),
      values.data_ptr(), scales.data_ptr<float>() + heads * padded,
      heard.data_ptr()};

  TeamLease lease;
  Team& team = *lease;
  embed(weights, mel, window.x, team);
  const int64_t block = block_of(team, positions, form, state);
  const int64_t blocks = (positions + block - 1) / block;
  for (const EncoderLayer& layer : weights.layers) {
    run_rows(team, positions, block, [&](int64_t begin, int64_t end) {
      kernels().encoder_attention_input(layer, window, begin, end);
    });
    // Head by head, so that its keys and values stay in the second cache.
    team.run(heads * blocks, [&](int64_t chunk) {
      const int64_t begin = chunk % blocks * block;
      kernels().encoder_attention(
          form, window, chunk / blocks, begin, std::min(positions, begin + block));
    });
    run_rows(team, positions, block, [&](int64_t begin, int64_t end) {
      kernels().encoder_layer_rest(layer, window, begin, end);
    });
  }
  at::Tensor out = at::empty({positions, state}, at::kFloat);
  kernels().normalize(weights.norm, window.x, out.data_ptr<float>(), positions, state);
  return out;
}

} // namespace whisper
