#define CAPABILITY avx512_bf16
#include "table.h"
