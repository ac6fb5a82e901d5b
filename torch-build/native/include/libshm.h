// Included by upstream's storages for what storage_sharing.cpp leaves out.
#pragma once

#include <ATen/MapAllocator.h>
