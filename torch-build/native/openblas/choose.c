/* Which kernels this processor runs: our own look at its features.

   OpenBLAS 0.3.29 goes by vendor, family and model, and takes AMD's processors with AVX-512 that
   are newer than itself for a Haswell, which halves their speed.  __builtin_cpu_supports also
   asks whether the operating system saves the wide registers (XGETBV). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "products.h"

static bool runs_haswell(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool runs_skylakex(void) {
  return runs_haswell() && __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl");
}

const struct target *openblas_target(void) {
  static const struct target *chosen;
  /* Two threads may both choose; they choose the same. */
  const struct target *target = __atomic_load_n(&chosen, __ATOMIC_RELAXED);
  if (target) return target;

  __builtin_cpu_init();
  const struct {
    const struct target *target;
    bool runs;
  } targets[] = {
      {&openblas_skylakex, runs_skylakex()},
      {&openblas_haswell, runs_haswell()},
      {&openblas_baseline, true},
  };
  const char *wanted = getenv("OPENBLAS_CORETYPE");
  /* What holds PyTorch's own kernels down holds these down, too. */
  const char *most = getenv("ATEN_CPU_CAPABILITY");
  if (most && strcmp(most, "default") == 0) wanted = openblas_baseline.name;
  if (most && strncmp(most, "avx", 3) == 0 && strncmp(most, "avx512", 6) != 0 && !(wanted && *wanted)) {
    wanted = openblas_haswell.name;
  }
  for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
    if (!targets[i].runs) continue;
    if (!target) target = targets[i].target;
    if (wanted && strcasecmp(wanted, targets[i].target->name) == 0) target = targets[i].target;
  }
  __atomic_store_n(&chosen, target, __ATOMIC_RELAXED);
  return target;
}
