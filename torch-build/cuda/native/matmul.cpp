// ATen's matrix operators on a GPU, and the one routine of cuBLAS that its convolution calls.

#include "products.h"

#include <ATen/core/Tensor.h>
#include <ATen/cuda/CUDABlas.h>
#include <ATen/native/Resize.h>
#include <ATen/ops/addmm_native.h>
#include <ATen/ops/bmm_native.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mm_native.h>

namespace whisper {
namespace {

struct Operand {
  at::Tensor tensor;
  bool transposed;
  int64_t stride;
};

bool lies_in_rows(const at::Tensor& matrix) {
  return matrix.stride(-1) == 1 && matrix.stride(-2) >= std::max<int64_t>(1, matrix.size(-1));
}

Operand in_rows(const at::Tensor& matrix) {
  const at::Tensor fit = lies_in_rows(matrix) ? matrix : matrix.contiguous();
  return {fit, false, fit.stride(-2)};
}

Operand in_rows_or_columns(const at::Tensor& matrix) {
  const at::Tensor transposed = matrix.transpose(-2, -1);
  if (!lies_in_rows(matrix) && lies_in_rows(transposed)) {
    return {transposed, true, transposed.stride(-2)};
  }
  return in_rows(matrix);
}

// out = alpha * left * right + beta * addend, of matrices or of batches of them.
void multiply_tensors(
    const at::Tensor& left, const at::Tensor& right, const at::Tensor& addend, float alpha,
    float beta, const at::Tensor& out) {
  if (out.numel() == 0) {
    return;
  }
  const bool batched = out.dim() == 3;
  const Operand a = in_rows(left), b = in_rows_or_columns(right);
  // A result that is written by columns, or a view, gets its numbers from a copy.
  const at::Tensor result = lies_in_rows(out) ? out : at::empty_like(out, at::MemoryFormat::Contiguous);
  Product product{};
  product.type = out.scalar_type();
  // Upstream's shape functions leave this to the kernel.
  TORCH_CHECK(
      left.scalar_type() == product.type && right.scalar_type() == product.type,
      "expected m1 and m2 to have the same dtype, but got: ", left.dtype(),
      " != ", right.dtype());
  TORCH_CHECK(
      product.type == at::kHalf || product.type == at::kBFloat16 || product.type == at::kFloat,
      "matrix products on a GPU are not in this build for '", product.type, "'");
  product.rows = out.size(-2);
  product.columns = out.size(-1);
  product.depth = left.size(-1);
  product.b_transposed = b.transposed;
  product.a = a.tensor.const_data_ptr();
  product.b = b.tensor.const_data_ptr();
  product.d = result.mutable_data_ptr();
  product.a_stride = a.stride;
  product.b_stride = b.stride;
  product.d_stride = result.stride(-2);
  product.alpha = alpha;
  product.beta = beta;
  at::Tensor fit;
  if (beta != 0) {
    fit = addend.stride(-1) == 1 ? addend : addend.contiguous();
    product.c = fit.const_data_ptr();
    product.c_stride = fit.stride(-2);
  }
  if (batched) {
    product.batches = out.size(0);
    product.a_batch = a.tensor.stride(0);
    product.b_batch = b.tensor.stride(0);
    product.d_batch = result.stride(0);
  }
  multiply(product);
  if (!result.is_same(out)) {
    out.copy_(result);
  }
}

template <typename Number>
void multiply_columns(
    char transa, char transb, int64_t m, int64_t n, int64_t k, float alpha, const Number* a,
    int64_t lda, const Number* b, int64_t ldb, float beta, Number* c, int64_t ldc) {
  TORCH_CHECK(
      (transa == 'n' || transa == 't') && transb == 'n', "this product is not in this build");
  // A matrix by columns is its transpose by rows, so the factors change places.
  Product product{};
  product.type = c10::CppTypeToScalarType<Number>::value;
  product.rows = n;
  product.columns = m;
  product.depth = k;
  product.b_transposed = transa == 't';
  product.a = b;
  product.b = a;
  product.c = c;
  product.d = c;
  product.a_stride = ldb;
  product.b_stride = lda;
  product.c_stride = ldc;
  product.d_stride = ldc;
  product.alpha = alpha;
  product.beta = beta;
  multiply(product);
}

} // namespace
} // namespace whisper

namespace at::native {

TORCH_IMPL_FUNC(mm_out_cuda)(const Tensor& self, const Tensor& mat2, const Tensor& result) {
  whisper::multiply_tensors(self, mat2, {}, 1, 0, result);
}

TORCH_IMPL_FUNC(bmm_out_cuda)(const Tensor& self, const Tensor& mat2, const Tensor& result) {
  whisper::multiply_tensors(self, mat2, {}, 1, 0, result);
}

TORCH_IMPL_FUNC(addmm_out_cuda)
(const Tensor& self, const Tensor& mat1, const Tensor& mat2, const Scalar& beta,
 const Scalar& alpha, const Tensor& result) {
  whisper::multiply_tensors(
      mat1, mat2, self.expand(result.sizes()), alpha.to<float>(), beta.to<float>(), result);
}

} // namespace at::native

namespace at::cuda::blas {

template <>
void gemm<float>(CUDABLAS_GEMM_ARGTYPES(float)) {
  whisper::multiply_columns<float>(
      transa, transb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

template <>
void gemm<at::Half>(CUDABLAS_GEMM_ARGTYPES(at::Half)) {
  whisper::multiply_columns<at::Half>(
      transa, transb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

template <>
void gemm<at::BFloat16>(CUDABLAS_GEMM_ARGTYPES(at::BFloat16)) {
  whisper::multiply_columns<at::BFloat16>(
      transa, transb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

} // namespace at::cuda::blas
