// The module torch._C: upstream's types and argument parser, and no more functions than
// torch-build/python and the modules it copies from upstream look up.

#include <torch/csrc/python_headers.h>

#include <ATen/ATen.h>
#include <ATen/ExpandUtils.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/Device.h>
#include <torch/csrc/Dtype.h>
#include <torch/csrc/DynamicTypes.h>
#include <torch/csrc/Exceptions.h>
#include <torch/csrc/Generator.h>
#include <torch/csrc/Layout.h>
#include <torch/csrc/MemoryFormat.h>
#include <torch/csrc/QScheme.h>
#include <torch/csrc/Size.h>
#include <torch/csrc/Storage.h>
#include <torch/csrc/THP.h>
#include <torch/csrc/TypeInfo.h>
#include <torch/csrc/autograd/generated/python_return_types.h>
#include <torch/csrc/autograd/python_nn_functions.h>
#include <torch/csrc/autograd/python_torch_functions.h>
#include <torch/csrc/autograd/python_variable.h>
#include <torch/csrc/tensor/python_tensor.h>
#include <torch/csrc/utils/disable_torch_function.h>
#include <torch/csrc/utils/pybind.h>
#include <torch/csrc/utils/python_numbers.h>
#include <torch/csrc/utils/tensor_dtypes.h>
#include <torch/csrc/utils/tensor_layouts.h>
#include <torch/csrc/utils/tensor_memoryformats.h>
#include <torch/csrc/utils/tensor_qschemes.h>

#include "module_parts.h"

namespace {

// What Python has defined by now and C++ must know: the class of tensors, those of storages.
void finish_initialization(const py::object& /*shared memory manager*/) {
  torch::utils::initializeLayouts();
  torch::utils::initializeMemoryFormats();
  torch::utils::initializeQSchemes();
  torch::utils::initializeDtypes();
  torch::tensors::initialize_python_bindings();
  py::module_ torch = py::module_::import("torch");
  THPStorage_postInit(torch.ptr());
  py::object tensor = py::module_::import("torch._tensor").attr("Tensor");
  THPVariableClass = tensor.release().ptr();
}

void set_parameter_class(const py::object& type) {
  ParameterClass = Py_NewRef(type.ptr());
}

// `with torch.inference_mode():`, entered and left by Python.
class InferenceModeGuard {
 public:
  explicit InferenceModeGuard(bool enabled) : enabled_(enabled) {}
  void enter() { guard_.emplace(enabled_); }
  void exit(const py::object&, const py::object&, const py::object&) { guard_.reset(); }

 private:
  bool enabled_;
  std::optional<c10::InferenceMode> guard_;
};

// The errors of functions that pybind11 calls, as those of upstream's own bindings: the type that
// belongs to it, and no place in the C++ code.
void translate_error(std::exception_ptr error) {
  try {
    std::rethrow_exception(std::move(error));
  }
  CATCH_TH_ERRORS(return )
}

void define_functions(py::module_& m) {
  py::register_local_exception_translator(&translate_error);
  m.def("_initExtension", &finish_initialization);
  m.def("_set_parameter_class", &set_parameter_class);
  m.def("_set_grad_enabled", [](bool enabled) { c10::GradMode::set_enabled(enabled); },
      py::arg("enabled"));
  m.def("is_grad_enabled", [] { return c10::GradMode::is_enabled(); });
  m.def("is_inference_mode_enabled", [] { return c10::InferenceMode::is_enabled(); });
  py::class_<InferenceModeGuard>(m, "_InferenceMode")
      .def(py::init<bool>())
      .def("__enter__", &InferenceModeGuard::enter)
      .def("__exit__", &InferenceModeGuard::exit);
  m.def("get_num_threads", [] { return at::get_num_threads(); });
  m.def("set_num_threads", [](int64_t count) {
    TORCH_CHECK(count > 0, "set_num_threads expects a positive integer");
    at::set_num_threads(static_cast<int>(count));
  });
  m.def("get_num_interop_threads", [] { return at::get_num_interop_threads(); });
  m.def("set_num_interop_threads", [](int64_t count) {
    at::set_num_interop_threads(static_cast<int>(count));
  });
  m.def("_set_default_dtype",
      [](const py::object& dtype) { torch::tensors::py_set_default_dtype(dtype.ptr()); });
  m.def("get_default_dtype", [] {
    auto* dtype = torch::getTHPDtype(torch::tensors::get_default_scalar_type());
    return py::reinterpret_borrow<py::object>(reinterpret_cast<PyObject*>(dtype));
  });
  m.def("_infer_size", [](const std::vector<int64_t>& one, const std::vector<int64_t>& other) {
    auto sizes = at::infer_size(one, other);
    PyObject* size = THPSize_NewFromSizes(static_cast<int64_t>(sizes.size()), sizes.data());
    return py::reinterpret_steal<py::object>(size);
  });
  m.def("_has_storage", [](const at::Tensor& tensor) { return tensor.has_storage(); });
}

PyMethodDef torch_function_methods[] = {
    {"_is_torch_function_enabled", THPModule_isEnabledTorchFunction, METH_NOARGS, nullptr},
    {"_disabled_torch_function_impl", THPModule_disable_torch_function, METH_VARARGS, nullptr},
    {"_disabled_torch_dispatch_impl", THPModule_disable_torch_dispatch, METH_VARARGS, nullptr},
    {"_has_torch_function", THPModule_has_torch_function, METH_O, nullptr},
    {"_has_torch_function_unary", THPModule_has_torch_function_unary, METH_O, nullptr},
    {"_has_torch_function_variadic",
     reinterpret_cast<PyCFunction>(
         reinterpret_cast<void (*)()>(THPModule_has_torch_function_variadic)),
     METH_FASTCALL, nullptr},
    {nullptr, nullptr, 0, nullptr}};

PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "torch._C", nullptr, -1, torch_function_methods,
    nullptr, nullptr, nullptr, nullptr};

void require(bool succeeded) {
  if (!succeeded) {
    throw py::error_already_set();
  }
}

// The order is upstream's: a type must be there before what makes objects of it.
PyObject* initialize() {
  at::internal::lazy_init_num_threads();
  PyObject* module = PyModule_Create(&definition);
  require(module != nullptr);
  require(THPGenerator_init(module));
  require(THPException_init(module));
  THPSize_init(module);
  THPDtype_init(module);
  THPDTypeInfo_init(module);
  THPLayout_init(module);
  THPMemoryFormat_init(module);
  THPQScheme_init(module);
  THPDevice_init(module);
  require(THPVariable_initModule(module));
  torch::autograd::initReturnTypes(module);
  torch::autograd::initNNFunctions(module);
  require(THPStorage_init(module));

  py::module_ m = py::reinterpret_borrow<py::module_>(module);
  define_functions(m);
  define_checkpoint_files(m);
  define_operator_call(m);
  PyObject* generator = THPGenerator_initDefaultGenerator(at::detail::getDefaultCPUGenerator());
  m.attr("default_generator") = py::reinterpret_borrow<py::object>(generator);
  m.attr("DisableTorchFunctionSubclass") = py::reinterpret_borrow<py::object>(
      reinterpret_cast<PyObject*>(THPModule_DisableTorchFunctionSubclassType()));
  torch::set_disabled_torch_function_impl(
      py::object(m.attr("_disabled_torch_function_impl")).release().ptr());
  torch::set_disabled_torch_dispatch_impl(
      py::object(m.attr("_disabled_torch_dispatch_impl")).release().ptr());
  return module;
}

} // namespace

extern "C" __attribute__((visibility("default"))) PyObject* PyInit__C() {
  HANDLE_TH_ERRORS
  return initialize();
  END_HANDLE_TH_ERRORS
}
