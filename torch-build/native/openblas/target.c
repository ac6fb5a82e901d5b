/* One target's kernels behind the interface of products.h.  Compiled once for each target, with
   OpenBLAS's headers, whose block sizes are constants of the target. */
#include "common.h"
#include "few_columns.h"
#include "products.h"

#define NAME_OF_(target) #target
#define NAME_OF(target) NAME_OF_(target)

/* Block sizes that OpenBLAS keeps in variables.  It sets r, the width of a panel of B, from the
   size of its one large buffer; ours is as large as the product needs, and 2048 columns of 448
   floats are 3.5 MiB, within a third-level cache.  p is asked for by the baseline only (the value
   is that of OpenBLAS's setparam-ref.c). */
BLASLONG sgemm_p = 504, sgemm_r = 2048;

static size_t bytes_of_a(void) {
  const size_t bytes = (size_t)GEMM_P * GEMM_Q * sizeof(float) + GEMM_ALIGN;
  return (bytes & ~(size_t)GEMM_ALIGN) + GEMM_OFFSET_B;
}

static size_t workspace_size(const struct product *product) {
  const size_t depth = product->k < GEMM_Q ? product->k + GEMM_UNROLL_M : GEMM_Q;
  const size_t width = product->n < GEMM_R ? product->n + GEMM_UNROLL_N : GEMM_R;
  /* The kernels load whole vectors past the end of a panel. */
  const size_t overrun = 4096;
  return GEMM_OFFSET_A + bytes_of_a() + depth * width * sizeof(float) + overrun;
}

static void multiply(const struct product *product, void *workspace) {
  float alpha = product->alpha, beta = product->beta;
  blas_arg_t arguments = {
      .a = (void *)product->a,
      .b = (void *)product->b,
      .c = product->c,
      .alpha = &alpha,
      .beta = &beta,
      .m = product->m,
      .n = product->n,
      .k = product->k,
      .lda = product->lda,
      .ldb = product->ldb,
      .ldc = product->ldc,
  };
  float *panel_a = (float *)((char *)workspace + GEMM_OFFSET_A);
  float *panel_b = (float *)((char *)panel_a + bytes_of_a());
  if (product->transpose_a) {
    if (product->transpose_b)
      GEMM_TT(&arguments, NULL, NULL, panel_a, panel_b, 0);
    else
      GEMM_TN(&arguments, NULL, NULL, panel_a, panel_b, 0);
  } else {
    if (product->transpose_b)
      GEMM_NT(&arguments, NULL, NULL, panel_a, panel_b, 0);
    else
      GEMM_NN(&arguments, NULL, NULL, panel_a, panel_b, 0);
  }
}

static void add_product(long m, long n, float alpha, const float *a, long lda, const float *x,
                        long incx, float *y, long incy, float *buffer) {
  GEMV_N(m, n, 0, alpha, (float *)a, lda, (float *)x, incx, y, incy, buffer);
}

const struct target OPENBLAS_NAME(openblas) = {
    .name = NAME_OF(OPENBLAS_TARGET),
    .multiply = multiply,
    .workspace_size = workspace_size,
    .multiply_few_columns = openblas_few_columns,
    .add_product = add_product,
};
