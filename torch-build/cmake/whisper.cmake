# The fused operators of Whisper, and their kernels: one object for each instruction set, which holds
# no instruction beyond what its name says.
set(whisper_default)
set(whisper_avx2 -mavx2 -mfma -mf16c)
set(whisper_avx_vnni ${whisper_avx2} -mavxvnni)
set(whisper_avx512 ${whisper_avx2} -mavx512f -mavx512bw -mavx512vl -mavx512dq)
set(whisper_avx512_vnni ${whisper_avx512} -mavx512vnni)
set(whisper_avx512_bf16 ${whisper_avx512_vnni} -mavx512bf16)
set(whisper_amx ${whisper_avx512_bf16} -mavx512vbmi -mamx-tile -mamx-bf16 -mamx-int8)

objects(whisper PRECOMPILED ${common} SOURCES ${WHISPER} OPTIONS -O2)
foreach(source IN LISTS WHISPER_KERNELS)
  get_filename_component(stem ${source} NAME_WE)
  string(REPLACE kernels_ "" capability ${stem})
  # The loops that are worth it are vectors and unrolled already; more would only be larger.
  objects(${stem}_whisper SOURCES ${source} OPTIONS -O2 -ffp-contract=fast -fno-unroll-loops
    -fno-vectorize -fno-slp-vectorize ${whisper_${capability}})
endforeach()
