// Upstream's bindings ask whether a call is being traced, and whether a gradient is that of a Python
// autograd function. Neither is built: here are the answers.

#include <how_to_add.h>
#include <torch/csrc/autograd/python_function.h>
#include <torch/csrc/Stream.h>
#include <torch/csrc/jit/frontend/tracer.h>

// The classes of Python autograd functions and of a device's streams: there are none.
PyObject* THPFunctionClass = nullptr;
PyTypeObject* THPStreamClass = nullptr;

namespace torch::autograd {

// The first virtual function: where it is, the compiler puts the type's description.
variable_list PyNode::apply(variable_list&& /*inputs*/) {
  TORCH_CHECK_NOT_IMPLEMENTED(false, "a Python autograd function", HOW_TO_ADD);
}

} // namespace torch::autograd

namespace torch::jit::tracer {

const std::shared_ptr<TracingState>& getTracingState() {
  static const std::shared_ptr<TracingState> none;
  return none;
}

const char* WARN_PYTHON_DATAFLOW = "";
const char* WARN_CONSTRUCTOR = "";

} // namespace torch::jit::tracer
