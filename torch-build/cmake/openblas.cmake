# OpenBLAS's single precision kernels for three kinds of processor, behind one routine, sgemm_,
# which is all that our ATen calls (edits.toml): as object libraries openblas_* of the global
# property `parts`, as an archive `openblas`, and as `openblas_shared`, which tests and benchmarks
# load.
#
# OPENBLAS_SOURCE is the folder of the unpacked source.
#
# Not OpenBLAS's own build. That compiles many hundred objects a target and keeps them all alive in
# one table (triangular solvers, rank updates); compiles the loop around the kernels once, for the
# lowest target, and so feeds those for AVX-512 with blocks half as wide as they want; and asks the
# machine that it runs on what it is. The thirty-six routines here take ten seconds of one core.
#
# Why OpenBLAS and not oneDNN: see the end of this file.

enable_language(ASM) # the baseline's kernel

set(openblas_native ${CMAKE_CURRENT_LIST_DIR}/../native/openblas)
set(openblas_flags -O2 -w -fno-lto -ffunction-sections -fdata-sections
  -ffile-prefix-map=${OPENBLAS_SOURCE}=openblas
  -ffile-prefix-map=${openblas_native}=native
  -ffile-prefix-map=${CMAKE_CURRENT_BINARY_DIR}=build)

# openblas_routine(TARGET ROUTINE SOURCE [DEFINITION...]): one routine of OpenBLAS for one target.
function(openblas_routine target routine source)
  set(definitions)
  foreach(definition ${ARGN})
    string(APPEND definitions "#define ${definition}\n")
  endforeach()
  get_filename_component(extension ${source} LAST_EXT)
  set(wrapper ${CMAKE_CURRENT_BINARY_DIR}/openblas/${routine}_${target}${extension})
  configure_file(${openblas_native}/kernel.in ${wrapper} @ONLY NEWLINE_STYLE UNIX)
  target_sources(openblas_${target} PRIVATE ${wrapper})
endfunction()

# The file names are those of OpenBLAS's kernel/x86_64/KERNEL.<target>.
function(openblas_target target macro)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "FLAGS;KERNELS")
  add_library(openblas_${target} OBJECT
    ${openblas_native}/target.c ${openblas_native}/few_columns.c)
  target_compile_definitions(openblas_${target} PRIVATE ${macro} OPENBLAS_TARGET=${target})
  target_compile_options(openblas_${target} PRIVATE ${openblas_flags} ${arg_FLAGS})
  target_include_directories(openblas_${target} PRIVATE
    ${openblas_native} ${OPENBLAS_SOURCE} ${OPENBLAS_SOURCE}/kernel/x86_64
    ${OPENBLAS_SOURCE}/driver/level3)
  set_target_properties(openblas_${target} PROPERTIES POSITION_INDEPENDENT_CODE ON
    C_VISIBILITY_PRESET hidden C_STANDARD 11)
  while(arg_KERNELS)
    list(POP_FRONT arg_KERNELS routine source)
    openblas_routine(${target} ${routine} kernel/${source})
  endwhile()
  openblas_routine(${target} sgemm_nn driver/level3/gemm.c NN)
  openblas_routine(${target} sgemm_nt driver/level3/gemm.c NT)
  openblas_routine(${target} sgemm_tn driver/level3/gemm.c TN)
  openblas_routine(${target} sgemm_tt driver/level3/gemm.c TT)
endfunction()

# What is ours, once for all targets.
function(openblas_own name)
  target_sources(${name} PRIVATE ${openblas_native}/products.c ${openblas_native}/choose.c)
  target_compile_options(${name} PRIVATE ${openblas_flags} -fopenmp)
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON C_STANDARD 11)
endfunction()

# Every x86-64 processor since 2005.  Its kernels use SSE3, which numpy asks for as well.
openblas_target(baseline NEHALEM
  KERNELS
    sgemm_kernel x86_64/gemm_kernel_4x8_nehalem.S
    sgemm_beta   generic/gemm_beta.c
    sgemm_incopy generic/gemm_ncopy_4.c
    sgemm_itcopy generic/gemm_tcopy_4.c
    sgemm_oncopy generic/gemm_ncopy_8.c
    sgemm_otcopy generic/gemm_tcopy_8.c
    sgemv_n      x86_64/sgemv_n_4.c)

openblas_target(haswell HASWELL
  FLAGS -mavx2 -mfma
  KERNELS
    sgemm_kernel x86_64/sgemm_kernel_8x4_haswell_2.c
    sgemm_beta   x86_64/sgemm_beta_skylakex.c
    sgemm_incopy generic/gemm_ncopy_8.c
    sgemm_itcopy generic/gemm_tcopy_8.c
    sgemm_oncopy x86_64/sgemm_ncopy_4_skylakex.c
    sgemm_otcopy generic/gemm_tcopy_4.c
    sgemv_n      x86_64/sgemv_n_4.c)

openblas_target(skylakex SKYLAKEX
  FLAGS -mavx2 -mfma -mavx512f -mavx512dq -mavx512bw -mavx512vl
  KERNELS
    sgemm_kernel x86_64/sgemm_kernel_16x4_skylakex_3.c
    sgemm_beta   x86_64/sgemm_beta_skylakex.c
    sgemm_incopy generic/gemm_ncopy_16.c
    sgemm_itcopy x86_64/sgemm_tcopy_16_skylakex.c
    sgemm_oncopy x86_64/sgemm_ncopy_4_skylakex.c
    sgemm_otcopy generic/gemm_tcopy_4.c
    sgemv_n      x86_64/sgemv_n_4.c)

add_library(openblas_products OBJECT)
openblas_own(openblas_products)
set_target_properties(openblas_products PROPERTIES C_VISIBILITY_PRESET hidden)

set(openblas_kernels openblas_baseline openblas_haswell openblas_skylakex)
set_property(GLOBAL APPEND PROPERTY parts ${openblas_kernels} openblas_products)

set(openblas_objects)
foreach(library IN LISTS openblas_kernels)
  list(APPEND openblas_objects $<TARGET_OBJECTS:${library}>)
endforeach()
add_library(openblas STATIC EXCLUDE_FROM_ALL ${openblas_objects} $<TARGET_OBJECTS:openblas_products>)
add_library(openblas_shared SHARED EXCLUDE_FROM_ALL ${openblas_objects})
openblas_own(openblas_shared) # again, since its names are to be visible
target_sources(openblas_shared PRIVATE ${openblas_native}/team_of_openmp.c)
set_target_properties(openblas_shared PROPERTIES OUTPUT_NAME matrix_products
  C_VISIBILITY_PRESET default)
target_link_options(openblas_shared PRIVATE -fopenmp)

# What was measured (benchmarks/matrix_products.py; float32, GFLOP/s of one thread of a Zen 3, which
# has AVX2 and not AVX-512; the ratio is to MKL, of which stock PyTorch's linear layers are made).
#
#   rows x outputs x inputs              MKL   oneDNN 3.12, weights packed   this
#   1500 x 512 x 512, the encoder         88    86                            89   1.01
#   1500 x 512 x 2048                     87    75                            90   1.05
#   1 x 512 x 512, a decoder's step       20    11                            25   1.24
#   1 x 51865 x 512, its logits          6.9   8.7                           9.8   1.41
#   5 x 512 x 512, five beams             29    34                            71   2.47
#   5 x 51865 x 512                       13     -                            26   2.02
#   one block of attention's scores       85     -                            78   0.92
#
# With AVX-512 (a Zen 5, measured before this recipe was written) OpenBLAS's kernels reached oneDNN's
# speed, 208 and 208 GFLOP/s, twice MKL's. This is 140 KB and ten seconds of compiling; oneDNN cut
# down to products and convolutions is 411 files, some twenty minutes on two cores and megabytes.
# What would speak for oneDNN is bfloat16 and int8, which the operators do not ask for yet.
#
# OpenBLAS's small-matrix kernels (SMALL_MATRIX_OPT) exist for AVX-512 only and for matrices below
# 100 x 100 x 100; few_columns.c takes their place where Whisper needs them.
