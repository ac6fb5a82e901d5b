# SLEEF's functions for AVX2 and AVX-512, as objects. Its own recipe has more: other
# vector lengths, a dispatcher, tests. Only the targets that are named below are built.
set(SLEEF_BUILD_SHARED_LIBS OFF CACHE BOOL "" FORCE)
set(BUILD_SHARED_LIBS OFF)
foreach(part TESTS GNUABI_LIBS DFT QUAD SCALAR_LIB)
  set(SLEEF_BUILD_${part} OFF CACHE BOOL "" FORCE)
endforeach()
foreach(part SSL FFTW MPFR FLOAT128 LONG_DOUBLE)
  set(SLEEF_DISABLE_${part} ON CACHE BOOL "" FORCE)
endforeach()
set(SLEEF_ENABLE_TLFLOAT OFF CACHE BOOL "" FORCE)
set(SLEEF_ENABLE_TESTER4 OFF CACHE BOOL "" FORCE)
set(SLEEF_SHOW_CONFIG OFF CACHE BOOL "" FORCE)
add_subdirectory(${SLEEF} ${CMAKE_BINARY_DIR}/sleef EXCLUDE_FROM_ALL)

add_library(sleef_tables OBJECT ${SLEEF}/src/libm/rempitab.c)
target_include_directories(sleef_tables PRIVATE ${SLEEF}/src/common ${SLEEF}/src/arch)
set_property(GLOBAL APPEND PROPERTY parts sleefavx2 sleefavx512f sleef_tables)
