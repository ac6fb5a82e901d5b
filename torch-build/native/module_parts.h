// The parts of torch._C that have a file each.
#pragma once

#include <torch/csrc/utils/pybind.h>

// PyTorchFileReader and PyTorchFileWriter.
void define_checkpoint_files(py::module_& m);

// _call_operator(name, overload, args, kwargs).
void define_operator_call(py::module_& m);
