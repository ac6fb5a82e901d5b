// What the files of native/cpu include, parsed once for each CPU capability.
#pragma once

#include "precompiled.h"

#include <ATen/cpu/vec/functional.h>
#include <ATen/cpu/vec/vec.h>
#include <ATen/native/cpu/Loops.h>
