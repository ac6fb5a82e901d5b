#define CAPABILITY avx_vnni
#include "table.h"
