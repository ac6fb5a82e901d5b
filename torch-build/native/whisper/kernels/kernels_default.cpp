#define CAPABILITY default
#include "table.h"
