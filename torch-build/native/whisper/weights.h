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
  Embedding embedding{}; // beside weights in int8
  const float* positional; // (context, state)
  std::vector<DecoderLayer> layers;
  LayerNorm norm;
  int64_t context;
  int64_t state;

  // How many there may be at most.
  int64_t tokens() const {
    return embedding.rows != nullptr ? embedding.tokens : logits.outputs;
  }
};

// Both raise an error where a list is not what it should be. The tensors must outlive the result.
EncoderWeights read_encoder(at::TensorList tensors, int64_t heads);
DecoderWeights read_decoder(at::TensorList tensors, int64_t heads);

// One token's embedding as float32.
void read_embedding(const DecoderWeights& weights, int64_t token, float* out);

Form form_of(const at::Tensor& packed);

} // namespace whisper
