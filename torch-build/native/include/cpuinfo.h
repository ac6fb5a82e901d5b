// What ATen asks of the cpuinfo library: a few features of the processor, which the compiler's
// runtime knows too. It also asks the operating system whether it saves the wide registers.
#pragma once

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

static inline bool cpuinfo_initialize(void) {
  __builtin_cpu_init();
  return true;
}

static inline bool cpuinfo_has_x86_avx2(void) { return __builtin_cpu_supports("avx2"); }
static inline bool cpuinfo_has_x86_fma3(void) { return __builtin_cpu_supports("fma"); }
static inline bool cpuinfo_has_x86_f16c(void) { return __builtin_cpu_supports("f16c"); }
static inline bool cpuinfo_has_x86_avx512f(void) { return __builtin_cpu_supports("avx512f"); }
static inline bool cpuinfo_has_x86_avx512vl(void) { return __builtin_cpu_supports("avx512vl"); }
static inline bool cpuinfo_has_x86_avx512bw(void) { return __builtin_cpu_supports("avx512bw"); }
static inline bool cpuinfo_has_x86_avx512dq(void) { return __builtin_cpu_supports("avx512dq"); }
static inline bool cpuinfo_has_x86_avx512vnni(void) { return __builtin_cpu_supports("avx512vnni"); }
static inline bool cpuinfo_has_x86_avx512bf16(void) { return __builtin_cpu_supports("avx512bf16"); }
static inline bool cpuinfo_has_x86_amx_int8(void) { return false; }
static inline bool cpuinfo_has_x86_amx_fp16(void) { return false; }
static inline bool cpuinfo_has_x86_sse3(void) { return __builtin_cpu_supports("sse3"); }
static inline bool cpuinfo_has_x86_daz(void) { return true; }

#ifdef __cplusplus
}
#endif
