/* The team for the library of matrix products alone, which tests and benchmarks load: OpenMP's. */
#include "../whisper/team_c.h"

void whisper_run_on_team(int64_t chunks, void (*work)(const void *context, int64_t chunk),
                         const void *context) {
#pragma omp parallel for
  for (int64_t chunk = 0; chunk < chunks; chunk++) work(context, chunk);
}
