// The table of an instruction set: kernels_<capability>.cpp defines CAPABILITY and includes this.
#pragma once

#include "convolution.h"
#include "cross.h"
#include "decoder_attention.h"
#include "encoder_rest.h"
#include "log_mel.h"
#include "memory_cell.h"

#include "../row_statistics.h"

#ifdef __AMX_BF16__
#include "amx.h"
#endif

#include <type_traits>

namespace {

#ifdef __AMX_BF16__
using BFloat16Tile = Tiles;
#else
using BFloat16Tile = Registers<BFloat16>;
#endif

// Calls use(Tile()) with what multiplies weights of a form by many rows.
template <typename Use>
INLINE void with_tile(Form form, const Use& use) {
  switch (form) {
    case Form::kBFloat16:
      BFloat16Tile::prepare();
      use(BFloat16Tile());
      return BFloat16Tile::release();
    case Form::kInt16:
      return use(Registers<Int16>());
    default:
      return use(Registers<Float>());
  }
}

void convolve(const whisper::Convolution& conv, int64_t begin, int64_t end) {
  if (conv.weights.form == Form::kFloat32) {
    return convolve_rows(conv, begin, end);
  }
  BFloat16Tile::prepare();
  convolve_taps<BFloat16Tile>(conv, begin, end);
  BFloat16Tile::release();
}

void encoder_attention_input(
    const EncoderLayer& layer, const EncoderState& state, int64_t begin, int64_t end) {
  with_tile(layer.qkv.form, [&](auto tile) {
    attention_input<decltype(tile)>(layer, state, begin, end);
  });
}

void encoder_attention(
    Form form, const EncoderState& state, int64_t head, int64_t begin, int64_t end) {
  with_tile(form, [&](auto tile) { attend<decltype(tile)>(state, head, begin, end); });
}

void encoder_layer_rest(
    const EncoderLayer& layer, const EncoderState& state, int64_t begin, int64_t end) {
  with_tile(layer.qkv.form, [&](auto tile) {
    layer_rest<decltype(tile)>(layer, state, begin, end);
  });
}

void cross_products(
    const Linear& linear, const float* features, float* out, int64_t begin, int64_t end) {
  with_tile(linear.form, [&](auto tile) {
    cross_rows<decltype(tile)>(linear, features, out, begin, end);
  });
}

void normalize(
    const LayerNorm& norm, const float* in, float* out, int64_t rows, int64_t size) {
  for (int64_t row = 0; row < rows; ++row) {
    normalize_row(norm, in + row * size, out + row * size, size);
  }
}

// Has no linkage, so that each set has an instance of its own.
struct ThisSet {};
constexpr whisper::RowKernels row_kernels_of_set = whisper::RowStatistics<ThisSet>::kernels();

} // namespace

#define WHISPER_NAME_2(capability) #capability
#define WHISPER_NAME(capability) WHISPER_NAME_2(capability)
#define WHISPER_TABLE_2(capability) capability##_kernels
#define WHISPER_TABLE(capability) WHISPER_TABLE_2(capability)

namespace whisper {

const Kernels WHISPER_TABLE(CAPABILITY) = {
    WHISPER_NAME(CAPABILITY),
    &row_kernels_of_set,
    std::is_same_v<StoredIntegers::Row, BytePlanes>,
    convolve,
    encoder_attention_input,
    encoder_attention,
    encoder_layer_rest,
    normalize,
    cross_products,
    pack_cross,
    activate,
    product,
    dot,
    self_attention,
    cross_attention,
    log_mel,
    remember,
};

} // namespace whisper
