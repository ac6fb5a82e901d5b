// The lists of tensors that the operators take, as what the kernels read.
//
// A linear layer is three tensors: packed weights, scales and L2 norms of the integers (empty where
// there are none), and bias. Their forms say in which precision is computed.
#pragma once

#include "kernels.h"

#include <ATen/core/Tensor.h>

#include <vector>

namespace whisper {

struct EncoderWeights {
  Linear conv1, conv2;
  const float* positional; // (positions, state)
  std::vector<EncoderLayer> layers;
  LayerNorm norm;
  int64_t positions;
  int64_t state;
  int64_t mels;
};

struct DecoderLayer {
  LayerNorm self_norm;
  Linear qkv, out;
  LayerNorm cross_norm;
  Linear query, key_value, cross_out;
  LayerNorm mlp_norm;
  Linear fc1, fc2;
};

struct DecoderWeights {
  Linear logits; // its outputs are whole panels: more than there are tokens
  const float* positional; // (context, state)
  std::vector<DecoderLayer> layers;
  LayerNorm norm;
  int64_t context;
  int64_t state;
};

// Both raise an error where a list is not what it should be. The tensors must outlive the result.
EncoderWeights read_encoder(at::TensorList tensors, int64_t heads);
DecoderWeights read_decoder(at::TensorList tensors, int64_t heads);

// One token's row of the weights that make logits of the decoder's output, as float32.
void read_embedding(const Linear& logits, int64_t token, float* out);

Form form_of(const at::Tensor& packed);

} // namespace whisper
