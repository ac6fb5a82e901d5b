/* C = alpha * A^T B + beta * C where B has few columns: a linear layer on one token, or on one
   token of each of several beams.

   The time goes into reading A, the weights, so A is read once and in order.  OpenBLAS would copy
   it into panels first, which pays only when a panel is used many times: for five columns its
   sgemm takes three to five times as long as this. */
#include <string.h>

#include "few_columns.h"

#if defined(__AVX512F__)
#define WIDTH 16
#elif defined(__AVX__)
#define WIDTH 8
#else
#define WIDTH 4
#endif

/* Matrices begin anywhere, so the alignment is that of an element. */
typedef float vector __attribute__((vector_size(WIDTH * sizeof(float)), aligned(sizeof(float))));
typedef float quad __attribute__((vector_size(4 * sizeof(float)), aligned(sizeof(float))));

#define UNROLL _Pragma("clang loop unroll(full)")

static quad folded(vector sums) {
  quad parts[WIDTH / 4];
  memcpy(parts, &sums, sizeof parts);
  for (int i = 1; i < WIDTH / 4; i++) parts[0] += parts[i];
  return parts[0];
}

/* The sum of each of four vectors' elements. */
static quad sums_of_four(vector a, vector b, vector c, vector d) {
  const quad p = folded(a), q = folded(b), r = folded(c), s = folded(d);
  const quad pq =
      __builtin_shufflevector(p, q, 0, 4, 1, 5) + __builtin_shufflevector(p, q, 2, 6, 3, 7);
  const quad rs =
      __builtin_shufflevector(r, s, 0, 4, 1, 5) + __builtin_shufflevector(r, s, 2, 6, 3, 7);
  return __builtin_shufflevector(pq, rs, 0, 1, 4, 5) + __builtin_shufflevector(pq, rs, 2, 3, 6, 7);
}

/* A tile of C, whose size is a constant wherever this is called.  Its sums stay in registers:
   eight are needed to hide the latency of a multiplication, and twelve leave room, among AVX2's
   sixteen, for what is multiplied. */
static inline __attribute__((always_inline)) void tile(const struct product *product, long row,
                                                       long column, int rows, int columns) {
  const long k = product->k, lda = product->lda, ldb = product->ldb;
  const float *a = product->a + row * lda, *b = product->b + column * ldb;
  vector sums[12] = {0};
  long depth = 0;
  for (; depth + WIDTH <= k; depth += WIDTH) {
    UNROLL for (int i = 0; i < rows; i++) {
      const vector left = *(const vector *)(a + i * lda + depth);
      UNROLL for (int j = 0; j < columns; j++)
        sums[i * columns + j] += left * *(const vector *)(b + j * ldb + depth);
    }
  }
  /* The loop that is not unrolled must be the innermost one: around the others it makes clang keep
     the sums in memory, at half the speed. */
  UNROLL for (int i = 0; i < rows; i++) {
    UNROLL for (int j = 0; j < columns; j++)
      for (long rest = depth; rest < k; rest++)
        sums[i * columns + j][0] += a[i * lda + rest] * b[j * ldb + rest];
  }
  UNROLL for (int j = 0; j < columns; j++) {
    UNROLL for (int i = 0; i < rows; i += 4) {
      const vector *of_column = sums + i * columns + j;
      const quad result =
          product->alpha * sums_of_four(of_column[0], of_column[columns], of_column[2 * columns],
                                        of_column[3 * columns]);
      quad *c = (quad *)(product->c + row + i + (column + j) * product->ldc);
      /* By definition a factor of zero also removes what is not a number. */
      *c = product->beta == 0 ? result : result + product->beta * *c;
    }
  }
}

static void single_row(const struct product *product, long row) {
  for (long column = 0; column < product->n; column++) {
    const float *a = product->a + row * product->lda, *b = product->b + column * product->ldb;
    vector sums = {0};
    long depth = 0;
    for (; depth + WIDTH <= product->k; depth += WIDTH)
      sums += *(const vector *)(a + depth) * *(const vector *)(b + depth);
    for (; depth < product->k; depth++) sums[0] += a[depth] * b[depth];
    const quad four = folded(sums);
    const float result = product->alpha * (four[0] + four[2] + (four[1] + four[3]));
    float *c = product->c + row + column * product->ldc;
    *c = product->beta == 0 ? result : result + product->beta * *c;
  }
}

void openblas_few_columns(const struct product *product) {
  const long m = product->m, n = product->n;
  long row = 0;
  if (n == 1)
    for (; row + 8 <= m; row += 8) tile(product, row, 0, 8, 1);
  for (; row + 4 <= m; row += 4) {
    long column = 0;
    /* Groups of three, and of two where three would leave a single one. */
    for (; n - column == 3 || n - column > 4; column += 3) tile(product, row, column, 4, 3);
    for (; n - column >= 2; column += 2) tile(product, row, column, 4, 2);
    if (column < n) tile(product, row, column, 4, 1);
  }
  for (; row < m; row++) single_row(product, row);
}
