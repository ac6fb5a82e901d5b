// Which instruction set the fused operators use.
#pragma once

#include "kernels.h"

#include <string>
#include <vector>

namespace whisper {

// The kernels in use: the best that this processor has, or those that ATEN_CPU_CAPABILITY holds the
// process to. PyTorch's own kernels know three of its names; edits.toml has it read the others as
// the highest of these that they include.
const Kernels& kernels();

// Names of what this processor has, the best last.
std::vector<std::string> capabilities();

// Raises an error where the processor lacks `name`.
void set_capability(const std::string& name);

} // namespace whisper
