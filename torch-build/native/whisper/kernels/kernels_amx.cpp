#define CAPABILITY amx
#include "table.h"
