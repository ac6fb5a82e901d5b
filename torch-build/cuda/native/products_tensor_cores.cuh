// CUTLASS's products on tensor cores, in the tiles and layouts that Whisper's shapes need.
#pragma once

#include "products.h"

#include <c10/cuda/CUDAException.h>
#include <cutlass/cutlass.h>
#include <cutlass/gemm/device/gemm_universal.h>

namespace whisper {

// Sixteen bytes, the widest load, are eight numbers of half precision.
constexpr int kWidest = 8;

template <typename Number, typename Architecture, typename Instruction, int Stages>
struct TensorCores {
  template <typename LayoutB, typename Tile, typename Warp, int Store>
  using Kernel = cutlass::gemm::device::GemmUniversal<
      Number, cutlass::layout::RowMajor, Number, LayoutB, Number, cutlass::layout::RowMajor, float,
      cutlass::arch::OpClassTensorOp, Architecture, Tile, Warp, Instruction,
      cutlass::epilogue::thread::LinearCombination<Number, Store, float, float>,
      cutlass::gemm::threadblock::GemmIdentityThreadblockSwizzle<>, Stages, kWidest, kWidest>;

  template <typename Gemm>
  static void launch(const Product& p, cudaStream_t stream) {
    typename Gemm::Arguments arguments(
        p.batches > 1 ? cutlass::gemm::GemmUniversalMode::kBatched
                      : cutlass::gemm::GemmUniversalMode::kGemm,
        {static_cast<int>(p.rows), static_cast<int>(p.columns), static_cast<int>(p.depth)},
        static_cast<int>(p.batches), {p.alpha, p.beta}, p.a, p.b, p.beta == 0 ? p.d : p.c, p.d,
        p.a_batch, p.b_batch, p.beta == 0 ? p.d_batch : p.c_batch, p.d_batch, p.a_stride,
        p.b_stride, p.beta == 0 ? p.d_stride : p.c_stride, p.d_stride);
    Gemm gemm;
    auto status = gemm(arguments, nullptr, stream);
    if (status != cutlass::Status::kSuccess) {
      // What the driver said of the launch, if it is that, is the better message.
      C10_CUDA_CHECK(cudaGetLastError());
      TORCH_CHECK(false, "CUTLASS cannot multiply: ", cutlass::cutlassGetStatusString(status));
    }
  }

  template <typename LayoutB>
  static void choose(const Product& p, int processors, cudaStream_t stream) {
    using cutlass::gemm::GemmShape;
    using Large = GemmShape<128, 128, 32>;
    using LargeWarp = GemmShape<64, 64, 32>;
    using Small = GemmShape<64, 64, 32>;
    using SmallWarp = GemmShape<32, 32, 32>;
    const bool wide = (p.d_stride | p.d_batch | p.columns) % kWidest == 0 &&
        (p.beta == 0 || (p.c_stride | p.c_batch) % kWidest == 0);
    const int64_t tiles =
        (p.rows + 127) / 128 * ((p.columns + 127) / 128) * p.batches;
    if (!wide) {
      launch<Kernel<LayoutB, Small, SmallWarp, 1>>(p, stream);
    } else if (tiles < processors) {
      // Large tiles would leave multiprocessors idle.
      launch<Kernel<LayoutB, Small, SmallWarp, kWidest>>(p, stream);
    } else {
      launch<Kernel<LayoutB, Large, LargeWarp, kWidest>>(p, stream);
    }
  }

  static bool multiply(const Product& p, int processors, cudaStream_t stream) {
    const auto addresses = reinterpret_cast<uintptr_t>(p.a) | reinterpret_cast<uintptr_t>(p.b) |
        reinterpret_cast<uintptr_t>(p.d) | reinterpret_cast<uintptr_t>(p.c);
    const int64_t inner = p.b_transposed ? p.depth : p.columns;
    if (addresses % 16 != 0 || p.depth % kWidest != 0 || inner % kWidest != 0 ||
        (p.a_stride | p.b_stride | p.a_batch | p.b_batch) % kWidest != 0) {
      return false;
    }
    if (p.b_transposed) {
      choose<cutlass::layout::ColumnMajor>(p, processors, stream);
    } else {
      choose<cutlass::layout::RowMajor>(p, processors, stream);
    }
    return true;
  }
};

} // namespace whisper
