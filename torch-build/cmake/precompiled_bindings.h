// What the Python bindings include, parsed once.
#pragma once

#include <torch/csrc/python_headers.h>

#include "precompiled.h"

#include <torch/csrc/Exceptions.h>
#include <torch/csrc/autograd/python_variable.h>
#include <torch/csrc/utils/pybind.h>
#include <torch/csrc/utils/python_arg_parser.h>
