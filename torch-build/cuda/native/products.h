// Matrix products on a GPU without cuBLAS: what attention, layers and convolutions call.
#pragma once

#include <c10/core/ScalarType.h>
#include <cuda_runtime_api.h>

#include <cstdint>

namespace whisper {

// d = alpha * a * b + beta * c, a batch of them. All matrices are stored by rows; `b` is stored
// transposed where `b_transposed`, as the weights of a layer are. A stride is the distance between
// rows in elements. `c` may have a stride of 0: a bias, the same for every row.
struct Product {
  c10::ScalarType type;
  int64_t rows; // of a and d
  int64_t columns; // of b and d
  int64_t depth; // columns of a, rows of b
  int64_t batches = 1;
  bool b_transposed = false;
  const void* a;
  const void* b;
  const void* c = nullptr; // read where beta is not 0
  void* d;
  int64_t a_stride, b_stride, c_stride = 0, d_stride;
  // Between the matrices of a batch.
  int64_t a_batch = 0, b_batch = 0, c_batch = 0, d_batch = 0;
  float alpha = 1;
  float beta = 0;
};

// Launches it on the current device's current stream.
void multiply(const Product& product);

// The kernels behind it. Each returns false where the product does not suit it: the alignment of
// its rows, its shape, its type.
bool multiply_few_rows(const Product& product, cudaStream_t stream);
bool multiply_single_precision(const Product& product, cudaStream_t stream);
bool multiply_sm70(const Product& product, int processors, cudaStream_t stream);
bool multiply_sm75(const Product& product, int processors, cudaStream_t stream);
bool multiply_sm80(const Product& product, int processors, cudaStream_t stream);
void multiply_any(const Product& product, cudaStream_t stream);

} // namespace whisper
