#include "weights.h"

#include "capability.h"

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include <algorithm>

namespace whisper {

namespace {

class Reader {
 public:
  explicit Reader(at::TensorList tensors) : tensors_(tensors) {}

  const at::Tensor& next() {
    TORCH_CHECK(position_ < tensors_.size(), "the list of weights is too short");
    const at::Tensor& tensor = tensors_[position_++];
    TORCH_CHECK(
        tensor.is_contiguous() && tensor.device().is_cpu(), "weights must be contiguous and on CPU");
    return tensor;
  }

  const float* numbers(int64_t count) {
    const at::Tensor& tensor = next();
    TORCH_CHECK(
        tensor.scalar_type() == at::kFloat && tensor.numel() == count, "expected ", count,
        " numbers in float32, not ", tensor.numel());
    return tensor.const_data_ptr<float>();
  }

  LayerNorm norm(int64_t size) {
    const float* gain = numbers(size);
    return {gain, numbers(size)};
  }

  Linear linear(int64_t depth, int64_t outputs, bool with_bias = true) {
    const at::Tensor& packed = next();
    Linear linear{form_of(packed), packed.const_data_ptr(), nullptr, 0.f, nullptr, depth, 0};
    linear.outputs = packed.size(0) * kPanelColumns;
    TORCH_CHECK(
        packed.numel() == linear.outputs * depth &&
            (outputs == 0 || linear.outputs == round_up(outputs, kPanelColumns)),
        "packed weights have the wrong size");
    const at::Tensor& scales = next();
    if (linear.form == Form::kInt16 || linear.form == Form::kInt8) {
      TORCH_CHECK(
          scales.scalar_type() == at::kFloat && scales.numel() == 2 * linear.outputs,
          "packed integers need scales and norms");
      linear.scales = scales.const_data_ptr<float>();
      linear.norm = *std::max_element(
          linear.scales + linear.outputs, linear.scales + 2 * linear.outputs);
    }
    if (with_bias) {
      linear.bias = numbers(linear.outputs);
    }
    return linear;
  }

  Embedding embedding(int64_t state) {
    const at::Tensor& rows = next();
    TORCH_CHECK(
        rows.scalar_type() == at::kHalf && rows.dim() == 2 && rows.size(1) == state,
        "expected the tokens' embedding in float16");
    return {static_cast<const uint16_t*>(rows.const_data_ptr()), rows.size(0), state};
  }

  bool more() const {
    return position_ < tensors_.size();
  }

  size_t left() const {
    return tensors_.size() - position_;
  }

 private:
  at::TensorList tensors_;
  size_t position_ = 0;
};

void check_state(int64_t state, int64_t heads) {
  TORCH_CHECK(state == heads * kHead, "a head has ", kHead, " channels");
}

void check_many_rows(const Linear& linear) {
  TORCH_CHECK(
      linear.form != Form::kInt8 && linear.form != Form::kFloat16,
      "the encoder's weights are float32, bfloat16 or int16");
}

void check_few_rows(const Linear& linear) {
  TORCH_CHECK(
      linear.form != Form::kInt16, "of the decoder's weights only an MLP's second can be int16");
}

} // namespace

Form form_of(const at::Tensor& packed) {
  switch (packed.scalar_type()) {
    case at::kFloat:
      return Form::kFloat32;
    case at::kHalf:
      return Form::kFloat16;
    case at::kBFloat16:
      return Form::kBFloat16;
    case at::kShort:
      return Form::kInt16;
    case at::kChar:
      return Form::kInt8;
    default:
      TORCH_CHECK(false, "no form of packed weights has the type ", packed.scalar_type());
  }
}

EncoderWeights read_encoder(at::TensorList tensors, int64_t heads) {
  constexpr size_t kLayerTensors = 16, kLastTensors = 2;
  TORCH_CHECK(tensors.size() > 7, "the list of weights is too short");
  Reader reader(tensors);
  const at::Tensor& positional = tensors[6];
  TORCH_CHECK(positional.dim() == 2, "expected the encoder's positions");
  EncoderWeights weights;
  weights.positions = positional.size(0);
  weights.state = positional.size(1);
  const int64_t state = weights.state;
  check_state(state, heads);
  TORCH_CHECK(tensors[0].dim() == 3 && tensors[0].size(1) % 3 == 0, "expected a convolution");
  weights.mels = tensors[0].size(1) / 3;
  weights.conv1 = reader.linear(3 * weights.mels, state);
  weights.conv2 = reader.linear(3 * state, state);
  TORCH_CHECK(
      weights.conv1.form == Form::kFloat32 &&
          (weights.conv2.form == Form::kFloat32 || weights.conv2.form == Form::kBFloat16),
      "a convolution is float32, the second may be bfloat16");
  weights.positional = reader.numbers(weights.positions * state);
  while (reader.left() >= kLayerTensors + kLastTensors) {
    EncoderLayer layer;
    layer.attention_norm = reader.norm(state);
    layer.qkv = reader.linear(state, 3 * state);
    layer.out = reader.linear(state, state);
    layer.mlp_norm = reader.norm(state);
    layer.fc1 = reader.linear(state, 0);
    layer.fc2 = reader.linear(layer.fc1.outputs, state);
    for (const Linear* linear : {&layer.qkv, &layer.out, &layer.fc1, &layer.fc2}) {
      check_many_rows(*linear);
      TORCH_CHECK(linear->form == layer.qkv.form, "a layer has one form");
    }
    weights.layers.push_back(layer);
  }
  weights.norm = reader.norm(state);
  TORCH_CHECK(!reader.more(), "the list of weights is too long");
  return weights;
}

DecoderWeights read_decoder(at::TensorList tensors, int64_t heads) {
  constexpr size_t kLayerTensors = 27, kLastTensors = 2;
  TORCH_CHECK(tensors.size() > 4, "the list of weights is too short");
  Reader reader(tensors);
  const bool embedded = form_of(tensors[0]) == Form::kInt8;
  const at::Tensor& positional = tensors[embedded ? 3 : 2];
  TORCH_CHECK(positional.dim() == 2, "expected the decoder's positions");
  DecoderWeights weights;
  weights.context = positional.size(0);
  weights.state = positional.size(1);
  const int64_t state = weights.state;
  check_state(state, heads);
  weights.logits = reader.linear(state, 0, /*with_bias=*/false);
  check_few_rows(weights.logits);
  if (embedded) {
    weights.embedding = reader.embedding(state);
    TORCH_CHECK(
        round_up(weights.embedding.tokens, kPanelColumns) == weights.logits.outputs,
        "the embedding and the logits are of different tokens");
  }
  weights.positional = reader.numbers(weights.context * state);
  while (reader.left() >= kLayerTensors + kLastTensors) {
    DecoderLayer layer;
    layer.self_norm = reader.norm(state);
    layer.qkv = reader.linear(state, 3 * state);
    layer.out = reader.linear(state, state);
    layer.cross_norm = reader.norm(state);
    layer.query = reader.linear(state, state);
    layer.key_value = reader.linear(state, 2 * state);
    layer.cross_out = reader.linear(state, state);
    layer.mlp_norm = reader.norm(state);
    layer.fc1 = reader.linear(state, 0);
    layer.fc2 = reader.linear(layer.fc1.outputs, state);
    check_many_rows(layer.key_value);
    for (const Linear* linear :
         {&layer.qkv, &layer.out, &layer.query, &layer.cross_out, &layer.fc1}) {
      check_few_rows(*linear);
    }
    TORCH_CHECK(
        layer.fc2.form != Form::kInt16 || kernels().byte_planes,
        "these kernels have no products of int16 with few rows");
    weights.layers.push_back(layer);
  }
  weights.norm = reader.norm(state);
  TORCH_CHECK(!reader.more(), "the list of weights is too long");
  return weights;
}

void read_embedding(const DecoderWeights& weights, int64_t token, float* out) {
  const Linear& logits = weights.logits;
  const int64_t depth = logits.depth;
  if (weights.embedding.rows != nullptr) {
    const void* row = weights.embedding.row(token);
    std::copy_n(static_cast<const c10::Half*>(row), depth, out);
    return;
  }
  const int64_t column = token % kPanelColumns;
  const int64_t panel = token / kPanelColumns * depth * kPanelColumns;
  // Where depth k of the column lies, with `group` depths one behind the other.
  const auto at = [&](int64_t k, int64_t group) {
    return panel + k / group * group * kPanelColumns + column * group + k % group;
  };
  for (int64_t k = 0; k < depth; ++k) {
    switch (logits.form) {
      case Form::kFloat32:
        out[k] = static_cast<const float*>(logits.packed)[at(k, 1)];
        break;
      case Form::kFloat16:
        out[k] = static_cast<const c10::Half*>(logits.packed)[at(k, 1)];
        break;
      default:
        out[k] = static_cast<const c10::BFloat16*>(logits.packed)[at(k, 2)];
    }
  }
}

} // namespace whisper
