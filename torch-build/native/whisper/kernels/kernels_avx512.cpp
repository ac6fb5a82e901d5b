#define CAPABILITY avx512
#include "table.h"
