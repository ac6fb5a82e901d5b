/* Matrix products in single precision: what products.c asks of one target's kernels. */
#ifndef OPENBLAS_PRODUCTS_H
#define OPENBLAS_PRODUCTS_H

#include <stdbool.h>
#include <stddef.h>

/* C (m x n) = alpha * op(A) (m x k) * op(B) (k x n) + beta * C, all of them column by column. */
struct product {
  bool transpose_a, transpose_b;
  long m, n, k;
  float alpha, beta;
  const float *a, *b;
  float *c;
  long lda, ldb, ldc;
};

struct target {
  const char *name;
  /* Packs A and B into panels.  `workspace` begins at a page and holds workspace_size() bytes. */
  void (*multiply)(const struct product *product, void *workspace);
  size_t (*workspace_size)(const struct product *product);
  /* The same, reading A in place: A is transposed, B is not and has few columns. */
  void (*multiply_few_columns)(const struct product *product);
  /* y += alpha * A x, with A of m rows and n columns.  `buffer` holds m + n + 64 floats. */
  void (*add_product)(long m, long n, float alpha, const float *a, long lda, const float *x,
                      long incx, float *y, long incy, float *buffer);
};

extern const struct target openblas_baseline, openblas_haswell, openblas_skylakex;

/* The best target that this processor and its operating system can run, or a lower one that
   OPENBLAS_CORETYPE names. */
const struct target *openblas_target(void);

#endif
