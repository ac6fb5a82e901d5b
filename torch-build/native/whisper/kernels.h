// What is compiled once for each instruction set: the parts of the encoder, of a decoder step and of
// the log-mel spectrogram that one thread computes. Tensors are plain memory here, row by row.
#pragma once

#include <cstdint>

namespace whisper {

constexpr int64_t kHead = 64; // channels of an attention head, in every Whisper model
constexpr int64_t kPanelColumns = 16;
// Rows that a matrix must have in memory beyond its own, for the last tile: garbage is allowed.
constexpr int64_t kSpareRows = 32;

// Rows of a prompt from which on they are quicker by themselves: their keys are then packed.
constexpr int64_t kPromptRows = 16;

constexpr int64_t round_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// Elements from one row of a matrix to the next: rows of a power of two would fall upon the same
// lines of the cache.
constexpr int64_t row_stride(int64_t depth, int64_t element_size) {
  return depth + 64 / element_size;
}

// How weights, keys and values are stored: packing.h has the layouts.
enum class Form : int64_t { kFloat32, kFloat16, kBFloat16, kInt16, kInt8 };
constexpr int kForms = 5;

struct Linear {
  Form form;
  const void* packed;
  const float* scales; // of the outputs; integers only
  float norm; // the largest L2 norm of an output's integers
  const float* bias; // may be null
  int64_t depth;
  int64_t outputs; // rounded up to whole panels

  int64_t panels() const {
    return outputs / kPanelColumns;
  }
};

// The tokens' embedding, token by token, in float16.
struct Embedding {
  const uint16_t* rows; // (tokens, state); null where the weights that make logits are it
  int64_t tokens;
  int64_t state;

  const uint16_t* row(int64_t token) const {
    return rows + token * state;
  }
};

struct LayerNorm {
  const float* gain;
  const float* bias;
};

struct EncoderLayer {
  LayerNorm attention_norm;
  Linear qkv;
  Linear out;
  LayerNorm mlp_norm;
  Linear fc1;
  Linear fc2;
};

// One window on its way through the encoder.
struct EncoderState {
  int64_t positions; // up to 1500
  int64_t padded; // positions, rounded up to 32
  int64_t state;
  int64_t heads;
  float* x; // (positions, state): the residual stream
  void* queries; // (heads, positions + spare, 64)
  float* query_scales; // (heads, positions + spare)
  void* keys; // (heads, panels of padded columns, depth 64)
  float* key_scales; // (heads, padded)
  void* values; // (heads, panels of 64 columns, depth padded)
  float* value_scales; // (heads, padded)
  // What each position hears: (positions + spare, row_stride) in the type of the products, or in
  // float32 where that type is an integer.
  void* heard;
};

// A convolution over time of three taps, as a product: row t is the three rows of `input` from
// stride * t on. Of float32 they lie one behind the other, of bfloat16 they have a row_stride.
struct Convolution {
  Linear weights; // depth = 3 * channels; float32 or bfloat16
  const void* input; // (time + 2 + spare, channels), with a row of zeros before and behind
  int64_t channels;
  int64_t stride;
  const float* added; // (rows, outputs): what is added behind the GELU; may be null
  Form form; // of the output: float32, or bfloat16 with a row_stride
  void* output; // (rows, outputs)
};

// The keys and values that a window's decoder rows attend to, of one layer. In int8, the scales of
// the channels are folded into query and output.
struct CrossCache {
  Form form;
  void* keys; // (heads, panels of padded columns, depth 64)
  void* values; // (heads, panels of 64 columns, depth padded)
  float* key_scales; // (state,)
  float* value_scales; // (state,)
  int64_t positions;
  int64_t padded;
};

// A row of a decoder step: one token of one hypothesis.
struct DecoderRow {
  int64_t position;
  const int32_t* history; // which slot of the self cache holds each position up to this one
  int64_t slot; // where its own keys and values go
  const CrossCache* cross; // by layer
};

struct SelfCache {
  float* base; // (slots, context, 2, state) of one layer: keys, values
  int64_t context;
  int64_t state;

  float* at(int64_t slot, int64_t position) const {
    return base + (slot * context + position) * 2 * state;
  }
};

// What products of the decoder read: float32, or int16 with a scale for each row where the weights
// are integers. What the table calls byte planes are the same numbers in another order.
struct Activations {
  void* values; // (rows, depth)
  float* scales; // (rows,)
  int64_t depth;
};

struct RowKernels;

struct Kernels {
  const char* name;
  const RowKernels* rows; // of logits
  // Whether a row of int16 is its upper bytes and, behind them, its lower ones.
  bool byte_planes;

  void (*convolve)(const Convolution&, int64_t begin, int64_t end);
  // Rows `begin` to `end` up to queries, keys and values; what they hear with one head; and from
  // there to the layer's output.
  void (*encoder_attention_input)(
      const EncoderLayer&, const EncoderState&, int64_t begin, int64_t end);
  void (*encoder_attention)(
      Form form, const EncoderState&, int64_t head, int64_t begin, int64_t end);
  void (*encoder_layer_rest)(const EncoderLayer&, const EncoderState&, int64_t begin, int64_t end);
  void (*normalize)(const LayerNorm&, const float* in, float* out, int64_t rows, int64_t size);
  // Keys and values of a decoder layer for the rows of a window's features, as float32:
  // out (rows, 2 * state).
  void (*cross_products)(
      const Linear&, const float* features, float* out, int64_t begin, int64_t end);
  // One head of such rows into the cache.
  void (*pack_cross)(const CrossCache&, const float* rows, int64_t state, int64_t head);

  // Rows of float32, normalised first where `norm` is given, as activations for `form`.
  void (*activate)(
      Form form, float weight_norm, const LayerNorm* norm, const float* in, const Activations& out,
      int64_t begin, int64_t end);
  // out (rows, stride) = activations times panels first to last, with bias; `gelu`, or added to out.
  void (*product)(
      const Linear&, const Activations&, int64_t rows, int64_t first, int64_t last, float* out,
      int64_t stride, int mode);
  // The product of `size` weights in float16 and as many numbers.
  float (*dot)(const uint16_t* weights, const float* numbers, int64_t size);
  // One head of all rows: queries, keys and values, and what is heard in the rows' own past.
  void (*self_attention)(
      const Linear& qkv, const Activations&, const SelfCache&, const DecoderRow* rows,
      int64_t count, int64_t head, float* out);
  // What `count` rows of queries (count, state) that share a window hear in it with a head: out
  // (count, state). `scores`, where given, gets query times key: (count, positions).
  void (*cross_attention)(
      const CrossCache&, const float* queries, int64_t state, int64_t count, int64_t head,
      float* out, float* scores);

  void (*log_mel)(
      const float* samples, int64_t frames, const float* filters, int64_t mels, float* output);
  // A step of long short-term memory: gates (4, size) from the input and from the last output.
  void (*remember)(
      const float* from_input, const float* from_output, int64_t size, float* output,
      float* content);
};

// Modes of a product.
constexpr int kStore = 0;
constexpr int kGelu = 1;
constexpr int kAdd = 2;

// Memory of this thread, 64-byte aligned, valid until the thread asks again. Throws std::bad_alloc,
// which passes through the kernels and reaches Python as a MemoryError.
void* scratch(int64_t bytes);

extern const Kernels default_kernels;
extern const Kernels avx2_kernels;
extern const Kernels avx_vnni_kernels;
extern const Kernels avx512_kernels;
extern const Kernels avx512_vnni_kernels;
extern const Kernels avx512_bf16_kernels;
extern const Kernels amx_kernels;

} // namespace whisper
