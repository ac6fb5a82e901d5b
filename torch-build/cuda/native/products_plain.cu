// Products that need no tensor cores: a few rows, single precision, and what suits nothing else.
#include "products.h"

#include <ATen/AccumulateType.h>
#include <ATen/Dispatch.h>
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAException.h>
#include <cutlass/cutlass.h>
#include <cutlass/gemm/device/gemm_universal.h>

namespace whisper {
namespace {

constexpr int kWarp = 32;
constexpr int kWarps = 4; // in a block of multiply_rows
constexpr int kTile = 32; // rows and columns of a block of multiply_tiles

template <typename Number>
struct alignas(16) Chunk {
  Number numbers[16 / sizeof(Number)];
};

// A warp computes a column of the result for all rows: it reads a row of the transposed b once,
// which is what such a product costs, and the few rows of a from the cache.
template <typename Number, int Rows>
__global__ void multiply_rows(Product p) {
  constexpr int kNumbers = 16 / sizeof(Number);
  const int64_t column = static_cast<int64_t>(blockIdx.x) * kWarps + threadIdx.y;
  if (column >= p.columns) {
    return; // a whole warp does
  }
  const Number* a = static_cast<const Number*>(p.a) + blockIdx.y * p.a_batch;
  const Number* b =
      static_cast<const Number*>(p.b) + blockIdx.y * p.b_batch + column * p.b_stride;
  float sums[Rows] = {};
  for (int64_t k = threadIdx.x * kNumbers; k < p.depth; k += kWarp * kNumbers) {
    const auto right = *reinterpret_cast<const Chunk<Number>*>(b + k);
#pragma unroll
    for (int row = 0; row < Rows; ++row) {
      if (row < p.rows) {
        const auto left = *reinterpret_cast<const Chunk<Number>*>(a + row * p.a_stride + k);
#pragma unroll
        for (int i = 0; i < kNumbers; ++i) {
          sums[row] +=
              static_cast<float>(left.numbers[i]) * static_cast<float>(right.numbers[i]);
        }
      }
    }
  }
#pragma unroll
  for (int row = 0; row < Rows; ++row) {
#pragma unroll
    for (int distance = kWarp / 2; distance > 0; distance /= 2) {
      sums[row] += __shfl_xor_sync(0xffffffff, sums[row], distance);
    }
    if (threadIdx.x == 0 && row < p.rows) {
      float value = p.alpha * sums[row];
      if (p.beta != 0) {
        value += p.beta *
            static_cast<float>(static_cast<const Number*>(
                p.c)[blockIdx.y * p.c_batch + row * p.c_stride + column]);
      }
      static_cast<Number*>(p.d)[blockIdx.y * p.d_batch + row * p.d_stride + column] =
          static_cast<Number>(value);
    }
  }
}

// A block computes a tile; each thread a number of it. For any stride and alignment.
template <typename Number>
__global__ void multiply_tiles(Product p) {
  __shared__ float left[kTile][kTile], right[kTile][kTile + 1];
  const Number* a = static_cast<const Number*>(p.a) + blockIdx.z * p.a_batch;
  const Number* b = static_cast<const Number*>(p.b) + blockIdx.z * p.b_batch;
  const int x = threadIdx.x, y = threadIdx.y;
  const int64_t first_row = static_cast<int64_t>(blockIdx.y) * kTile;
  const int64_t first_column = static_cast<int64_t>(blockIdx.x) * kTile;
  const int64_t row = first_row + y, column = first_column + x;
  float sum = 0;
  for (int64_t k = 0; k < p.depth; k += kTile) {
    const bool inside = row < p.rows && k + x < p.depth;
    left[y][x] = inside ? static_cast<float>(a[row * p.a_stride + k + x]) : 0.f;
    // Neighbouring threads read neighbouring numbers in either layout.
    if (p.b_transposed) {
      const bool there = first_column + y < p.columns && k + x < p.depth;
      right[x][y] =
          there ? static_cast<float>(b[(first_column + y) * p.b_stride + k + x]) : 0.f;
    } else {
      const bool there = column < p.columns && k + y < p.depth;
      right[y][x] = there ? static_cast<float>(b[(k + y) * p.b_stride + column]) : 0.f;
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < kTile; ++i) {
      sum += left[y][i] * right[i][x];
    }
    __syncthreads();
  }
  if (row < p.rows && column < p.columns) {
    float value = p.alpha * sum;
    if (p.beta != 0) {
      value += p.beta *
          static_cast<float>(
              static_cast<const Number*>(p.c)[blockIdx.z * p.c_batch + row * p.c_stride + column]);
    }
    static_cast<Number*>(p.d)[blockIdx.z * p.d_batch + row * p.d_stride + column] =
        static_cast<Number>(value);
  }
}

template <typename Number>
void launch_rows(const Product& p, cudaStream_t stream) {
  const dim3 grid((p.columns + kWarps - 1) / kWarps, p.batches), block(kWarp, kWarps);
  if (p.rows == 1) {
    multiply_rows<Number, 1><<<grid, block, 0, stream>>>(p);
  } else if (p.rows <= 4) {
    multiply_rows<Number, 4><<<grid, block, 0, stream>>>(p);
  } else {
    multiply_rows<Number, 8><<<grid, block, 0, stream>>>(p);
  }
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

template <typename Number>
void launch_tiles(const Product& p, cudaStream_t stream) {
  const dim3 grid(
      (p.columns + kTile - 1) / kTile, (p.rows + kTile - 1) / kTile, p.batches);
  multiply_tiles<Number><<<grid, dim3(kTile, kTile), 0, stream>>>(p);
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

template <typename LayoutB>
void launch_single_precision(const Product& p, cudaStream_t stream) {
  using Row = cutlass::layout::RowMajor;
  using Gemm = cutlass::gemm::device::GemmUniversal<
      float, Row, float, LayoutB, float, Row, float, cutlass::arch::OpClassSimt,
      cutlass::arch::Sm70>;
  typename Gemm::Arguments arguments(
      p.batches > 1 ? cutlass::gemm::GemmUniversalMode::kBatched
                    : cutlass::gemm::GemmUniversalMode::kGemm,
      {static_cast<int>(p.rows), static_cast<int>(p.columns), static_cast<int>(p.depth)},
      static_cast<int>(p.batches), {p.alpha, p.beta}, p.a, p.b, p.beta == 0 ? p.d : p.c, p.d,
      p.a_batch, p.b_batch, p.beta == 0 ? p.d_batch : p.c_batch, p.d_batch, p.a_stride, p.b_stride,
      p.beta == 0 ? p.d_stride : p.c_stride, p.d_stride);
  Gemm gemm;
  auto status = gemm(arguments, nullptr, stream);
  if (status != cutlass::Status::kSuccess) {
    C10_CUDA_CHECK(cudaGetLastError());
    TORCH_CHECK(false, "CUTLASS cannot multiply: ", cutlass::cutlassGetStatusString(status));
  }
}

} // namespace

bool multiply_few_rows(const Product& p, cudaStream_t stream) {
  const int64_t numbers = 16 / static_cast<int64_t>(c10::elementSize(p.type));
  const auto addresses = reinterpret_cast<uintptr_t>(p.a) | reinterpret_cast<uintptr_t>(p.b);
  if (p.rows > 8 || !p.b_transposed || p.depth % numbers != 0 || addresses % 16 != 0 ||
      (p.a_stride | p.b_stride | p.a_batch | p.b_batch) % numbers != 0) {
    return false;
  }
  switch (p.type) {
    case c10::ScalarType::Half:
      launch_rows<c10::Half>(p, stream);
      return true;
    case c10::ScalarType::BFloat16:
      launch_rows<c10::BFloat16>(p, stream);
      return true;
    default:
      launch_rows<float>(p, stream);
      return true;
  }
}

bool multiply_single_precision(const Product& p, cudaStream_t stream) {
  if (p.type != c10::ScalarType::Float) {
    return false;
  }
  if (p.b_transposed) {
    launch_single_precision<cutlass::layout::ColumnMajor>(p, stream);
  } else {
    launch_single_precision<cutlass::layout::RowMajor>(p, stream);
  }
  return true;
}

void multiply_any(const Product& p, cudaStream_t stream) {
  switch (p.type) {
    case c10::ScalarType::Half:
      return launch_tiles<c10::Half>(p, stream);
    case c10::ScalarType::BFloat16:
      return launch_tiles<c10::BFloat16>(p, stream);
    default:
      return launch_tiles<float>(p, stream);
  }
}

void multiply(const Product& product) {
  if (product.rows == 0 || product.columns == 0 || product.batches == 0) {
    return;
  }
  const cudaDeviceProp* device = at::cuda::getCurrentDeviceProperties();
  const cudaStream_t stream = at::cuda::getCurrentCUDAStream();
  const int capability = device->major * 10 + device->minor;
  const int processors = device->multiProcessorCount;
  // A product without depth is a plain sum, which CUTLASS refuses.
  const bool done = product.depth > 0 &&
      (multiply_few_rows(product, stream) || multiply_single_precision(product, stream) ||
       (capability >= 80 ? multiply_sm80(product, processors, stream)
            : capability >= 75 ? multiply_sm75(product, processors, stream)
                               : multiply_sm70(product, processors, stream)));
  if (!done) {
    multiply_any(product, stream);
  }
}

} // namespace whisper
