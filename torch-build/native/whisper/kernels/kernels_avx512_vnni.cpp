#define CAPABILITY avx512_vnni
#include "table.h"
