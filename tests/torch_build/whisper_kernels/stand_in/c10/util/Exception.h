// In the place of PyTorch's, for the parts of the operators that need nothing else of it.
#pragma once

#include <stdexcept>

#define TORCH_CHECK(truth, ...)          \
  if (!(truth)) {                        \
    throw std::runtime_error(#truth);    \
  }
