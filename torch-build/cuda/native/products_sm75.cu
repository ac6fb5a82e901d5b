// Tensor cores of compute capability 7.5, which know half precision only.
#include "products_tensor_cores.cuh"

bool whisper::multiply_sm75(const Product& product, int processors, cudaStream_t stream) {
  using Instruction = cutlass::gemm::GemmShape<16, 8, 8>;
  return product.type == c10::ScalarType::Half &&
      TensorCores<cutlass::half_t, cutlass::arch::Sm75, Instruction, 2>::multiply(
             product, processors, stream);
}
