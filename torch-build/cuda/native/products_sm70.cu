// Tensor cores of compute capability 7.0, which know half precision only.
#include "products_tensor_cores.cuh"

bool whisper::multiply_sm70(const Product& product, int processors, cudaStream_t stream) {
  using Instruction = cutlass::gemm::GemmShape<8, 8, 4>;
  return product.type == c10::ScalarType::Half &&
      TensorCores<cutlass::half_t, cutlass::arch::Sm70, Instruction, 2>::multiply(
             product, processors, stream);
}
