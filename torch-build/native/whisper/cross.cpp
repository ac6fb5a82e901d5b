#include "cross.h"

#include "capability.h"
#include "team.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

namespace whisper {

namespace {

constexpr int64_t kRowsAtOnce = 96; // a multiple of the rows of every tile

at::ScalarType cross_type(Form form) {
  switch (form) {
    case Form::kInt8:
      return at::kChar;
    case Form::kBFloat16:
      return at::kBFloat16;
    default:
      return at::kFloat;
  }
}

} // namespace

std::vector<at::Tensor> make_cross(
    at::TensorList tensors, const at::Tensor& features, int64_t heads) {
  const DecoderWeights weights = read_decoder(tensors, heads);
  const int64_t state = weights.state;
  TORCH_CHECK(
      features.scalar_type() == at::kFloat && features.is_contiguous() && features.dim() == 2 &&
          features.size(1) == state,
      "expected the encoder's output, ", state, " channels");
  const int64_t positions = features.size(0);
  const int64_t padded = round_up(positions, 32);
  const int64_t layers = weights.layers.size();
  TORCH_CHECK(layers > 0, "the decoder has no layers");
  const at::ScalarType type = cross_type(weights.layers.front().query.form);
  at::Tensor keys = at::empty({layers, heads, padded, kHead}, type);
  at::Tensor values = at::empty({layers, heads, padded, kHead}, type);
  at::Tensor scales = at::zeros({2, layers, state}, at::kFloat);
  const std::vector<at::Tensor> made{keys, values, scales};
  std::vector<CrossCache> caches = read_cross(made, heads);
  at::Tensor products = at::empty({positions, 2 * state}, at::kFloat);
  const float* from = features.const_data_ptr<float>();
  float* to = products.data_ptr<float>();

  TeamLease lease;
  Team& team = *lease;
  for (int64_t layer = 0; layer < layers; ++layer) {
    caches[layer].positions = positions;
    const Linear& linear = weights.layers[layer].key_value;
    team.run((positions + kRowsAtOnce - 1) / kRowsAtOnce, [&](int64_t chunk) {
      const int64_t begin = chunk * kRowsAtOnce;
      kernels().cross_products(
          linear, from, to, begin, std::min(positions, begin + kRowsAtOnce));
    });
    team.run(heads, [&](int64_t head) { kernels().pack_cross(caches[layer], to, state, head); });
  }
  return {keys, values, scales, at::empty({positions, 0}, at::kFloat)};
}

std::vector<CrossCache> read_cross(at::TensorList cross, int64_t heads) {
  TORCH_CHECK(cross.size() >= 3, "expected what `cross` returned");
  const at::Tensor& keys = cross[0];
  const at::Tensor& values = cross[1];
  const at::Tensor& scales = cross[2];
  TORCH_CHECK(
      keys.dim() == 4 && keys.size(1) == heads && keys.size(3) == kHead &&
          values.sizes() == keys.sizes() && scales.numel() == 2 * keys.size(0) * heads * kHead,
      "expected what `cross` returned");
  const int64_t layers = keys.size(0), padded = keys.size(2);
  const int64_t positions = cross.size() > 3 ? cross[3].size(0) : padded;
  const int64_t bytes = heads * padded * kHead * keys.element_size();
  const int64_t state = heads * kHead;
  std::vector<CrossCache> caches;
  for (int64_t layer = 0; layer < layers; ++layer) {
    float* of_keys = scales.data_ptr<float>() + layer * state;
    caches.push_back(CrossCache{
        form_of(keys),
        static_cast<char*>(keys.data_ptr()) + layer * bytes,
        static_cast<char*>(values.data_ptr()) + layer * bytes,
        of_keys, of_keys + layers * state, positions, padded});
  }
  return caches;
}

} // namespace whisper
