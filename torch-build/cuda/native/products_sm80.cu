// Tensor cores of compute capability 8.0 and newer.
#include "products_tensor_cores.cuh"

bool whisper::multiply_sm80(const Product& product, int processors, cudaStream_t stream) {
  using Instruction = cutlass::gemm::GemmShape<16, 8, 16>;
  using Architecture = cutlass::arch::Sm80;
  if (product.type == c10::ScalarType::Half) {
    return TensorCores<cutlass::half_t, Architecture, Instruction, 4>::multiply(
        product, processors, stream);
  }
  return product.type == c10::ScalarType::BFloat16 &&
      TensorCores<cutlass::bfloat16_t, Architecture, Instruction, 4>::multiply(
             product, processors, stream);
}
