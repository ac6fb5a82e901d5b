/* What OpenBLAS's own build would find out about the build machine (its program getarch writes
   a file of this name) and what each kernel needs to know of the machine it is for.  We never ask
   the build machine: the wheel must be the same wherever it is built, and the kernels' target is
   a compile definition (HASWELL and so on), chosen again at run time in target.c. */
#ifndef OPENBLAS_CONFIG_H
#define OPENBLAS_CONFIG_H

#define OS_LINUX 1
#define ARCH_X86_64 1
#define __64BIT__ 1
#define C_GCC 1
#define BUILD_SINGLE 1
#define NEEDBUNDERSCORE 1
#define NO_AFFINITY 1
#define NO_SYSV_IPC 1
#define NO_WARMUP 1
#define GEMM_MULTITHREAD_THRESHOLD 4
#define L1_DATA_SIZE 32768
#define L1_DATA_LINESIZE 64
#define L2_LINESIZE 64

#define HAVE_SSE 1
#define HAVE_SSE2 1
#define HAVE_SSE3 1

/* One program holds the kernels of several targets, so each name carries its target's. */
#define OPENBLAS_JOIN(name, target) name##_##target
#define OPENBLAS_EXPAND(name, target) OPENBLAS_JOIN(name, target)
#define OPENBLAS_NAME(name) OPENBLAS_EXPAND(name, OPENBLAS_TARGET)
#define sgemm_nn OPENBLAS_NAME(sgemm_nn)
#define sgemm_nt OPENBLAS_NAME(sgemm_nt)
#define sgemm_tn OPENBLAS_NAME(sgemm_tn)
#define sgemm_tt OPENBLAS_NAME(sgemm_tt)
#define sgemm_kernel OPENBLAS_NAME(sgemm_kernel)
#define sgemm_beta OPENBLAS_NAME(sgemm_beta)
#define sgemm_incopy OPENBLAS_NAME(sgemm_incopy)
#define sgemm_itcopy OPENBLAS_NAME(sgemm_itcopy)
#define sgemm_oncopy OPENBLAS_NAME(sgemm_oncopy)
#define sgemm_otcopy OPENBLAS_NAME(sgemm_otcopy)
#define sgemv_n OPENBLAS_NAME(sgemv_n)
#define sgemm_p OPENBLAS_NAME(sgemm_p)
#define sgemm_r OPENBLAS_NAME(sgemm_r)

#endif
