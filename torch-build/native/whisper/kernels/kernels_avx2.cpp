#define CAPABILITY avx2
#include "table.h"
