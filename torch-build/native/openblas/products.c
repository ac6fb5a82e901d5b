/* The matrix product that ATen calls in single precision, sgemm of the BLAS, and how its work is
   shared among the threads of the fused operators' team.

   OpenBLAS's own level above the kernels is not used.  Its threads wait for each other's packed
   panels in spinning loops, which waste a busy machine's time; its buffers are 128 MiB of address
   space a thread behind one lock.  Here each thread computes a part of C alone.  It packs some panels that its neighbours pack
   too, which costs a few percent of a product that is worth sharing. */
#include <omp.h>
#include <pthread.h>
#include <stdlib.h>

#include "../whisper/team_c.h"
#include "products.h"

enum {
  page = 4096,
  /* Multiplications that pay for a share of its own: the threads of the team are awake while one
     product follows the other, and who sleeps has no share. */
  worth_a_share = 1 << 17,
  /* Up to so many columns, reading A in place is faster than packing it.  Measured on Zen 3 with
     AVX2 for 512 x n x 512 (GFLOP/s in place and packed): n = 5 68 and 12, n = 16 82 and 35,
     n = 64 85 and 67, n = 256 85 and 87. */
  few_columns = 64,
  /* The same where A is not transposed and read once for each column. */
  single_columns = 2,
};

/* ---- Working memory of a thread: kept, since a decoder's step makes a hundred products. ---- */

struct workspace {
  size_t size;
  void *memory;
};

static pthread_key_t workspace_key;
static pthread_once_t workspace_once = PTHREAD_ONCE_INIT;

static void free_workspace(void *pointer) {
  struct workspace *workspace = pointer;
  free(workspace->memory);
  free(workspace);
}

static void make_workspace_key(void) {
  if (pthread_key_create(&workspace_key, free_workspace)) abort();
}

static void *workspace_of_thread(size_t size) {
  pthread_once(&workspace_once, make_workspace_key);
  struct workspace *workspace = pthread_getspecific(workspace_key);
  if (!workspace) {
    workspace = calloc(1, sizeof *workspace);
    if (!workspace || pthread_setspecific(workspace_key, workspace)) abort();
  }
  if (workspace->size < size) {
    free(workspace->memory);
    size = (size + page - 1) / page * page;
    workspace->memory = aligned_alloc(page, size);
    /* The interface has no way to report it, and ATen's own allocations end likewise. */
    if (!workspace->memory) abort();
    workspace->size = size;
  }
  return workspace->memory;
}

/* ---- A product on one thread ---- */

static void multiply_columns(const struct target *target, const struct product *product) {
  float *buffer = workspace_of_thread((size_t)(product->m + product->k + 64) * sizeof(float));
  for (long column = 0; column < product->n; column++) {
    float *result = product->c + column * product->ldc;
    const float beta = product->beta;
    for (long row = 0; beta != 1 && row < product->m; row++)
      result[row] = beta == 0 ? 0 : beta * result[row];
    target->add_product(product->m, product->k, product->alpha, product->a, product->lda,
                        product->b + column * (product->transpose_b ? 1 : product->ldb),
                        product->transpose_b ? product->ldb : 1, result, 1, buffer);
  }
}

/* The way depends on the width of the whole product, so that sums do not change with the number
   of threads. */
static void multiply_alone(const struct product *product, long whole_width) {
  const struct target *target = openblas_target();
  if (product->m <= 0 || product->n <= 0) return;
  if (product->transpose_a && !product->transpose_b && whole_width <= few_columns)
    target->multiply_few_columns(product);
  else if (!product->transpose_a && whole_width <= single_columns)
    multiply_columns(target, product);
  else
    target->multiply(product, workspace_of_thread(target->workspace_size(product)));
}

/* ---- Shares of the work ---- */

static int shares_for(const struct product *product) {
  const double work = (double)product->m * product->n * product->k;
  if (work < 2.0 * worth_a_share || omp_in_parallel()) return 1;
  const int available = omp_get_max_threads();
  return work / worth_a_share < available ? (int)(work / worth_a_share) : available;
}

/* How many of `threads` stand along the rows of C: the division that packs the least. */
static int threads_along_rows(const struct product *product, int threads) {
  if (product->n <= few_columns) return threads;
  int best = 1;
  double least = 0;
  for (int rows = 1; rows <= threads; rows++) {
    if (threads % rows) continue;
    const double packed = (double)product->m / rows + (double)product->n * rows / threads;
    if (rows == 1 || packed < least) {
      least = packed;
      best = rows;
    }
  }
  return best;
}

/* Where the share of thread `index` of `count` begins, in whole tiles. */
static long begin_of_share(long length, long tile, int index, int count) {
  const long begin = (length + tile - 1) / tile * index / count * tile;
  return begin < length ? begin : length;
}

static struct product share(const struct product *whole, int index, int threads) {
  /* Sixteen rows fill a line of the cache: no two threads write to the same one.  They are also a
     multiple of every kernel's tile, as eight columns are. */
  const long tile_rows = 16, tile_columns = 8;
  const int along_rows = threads_along_rows(whole, threads);
  const int along_columns = threads / along_rows;
  const int i = index % along_rows, j = index / along_rows;
  const long row = begin_of_share(whole->m, tile_rows, i, along_rows);
  const long column = begin_of_share(whole->n, tile_columns, j, along_columns);
  struct product part = *whole;
  part.m = begin_of_share(whole->m, tile_rows, i + 1, along_rows) - row;
  part.n = begin_of_share(whole->n, tile_columns, j + 1, along_columns) - column;
  part.a += whole->transpose_a ? row * whole->lda : row;
  part.b += whole->transpose_b ? column : column * whole->ldb;
  part.c += row + column * whole->ldc;
  return part;
}

struct shared {
  const struct product *whole;
  int shares;
};

static void multiply_share(const void *context, int64_t index) {
  const struct shared *shared = context;
  const struct product part = share(shared->whole, (int)index, shared->shares);
  multiply_alone(&part, shared->whole->n);
}

static bool is_transposed(char letter) { return letter != 'n' && letter != 'N'; }

void sgemm_(const char *transpose_a, const char *transpose_b, const int *m, const int *n,
            const int *k, const float *alpha, const float *a, const int *lda, const float *b,
            const int *ldb, const float *beta, float *c, const int *ldc) {
  const struct product product = {
      .transpose_a = is_transposed(*transpose_a),
      .transpose_b = is_transposed(*transpose_b),
      .m = *m,
      .n = *n,
      .k = *k,
      .alpha = *alpha,
      .beta = *beta,
      .a = a,
      .b = b,
      .c = c,
      .lda = *lda,
      .ldb = *ldb,
      .ldc = *ldc,
  };
  const struct shared shared = {&product, shares_for(&product)};
  if (shared.shares <= 1)
    multiply_alone(&product, product.n);
  else
    whisper_run_on_team(shared.shares, multiply_share, &shared);
}
