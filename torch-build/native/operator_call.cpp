// _call_operator: any operator of the build by name, with or without a Python function of its own.
// The tests compare each with upstream's through it.

#include "module_parts.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>
#include <how_to_add.h>
#include <torch/csrc/Device.h>
#include <torch/csrc/Dtype.h>
#include <torch/csrc/DynamicTypes.h>
#include <torch/csrc/Generator.h>
#include <torch/csrc/Layout.h>
#include <torch/csrc/MemoryFormat.h>
#include <torch/csrc/autograd/python_variable.h>

namespace {

using c10::IValue;
using c10::TypeKind;

IValue to_value(py::handle object, const c10::Type& type);

template <typename Element>
IValue to_list(py::handle object) {
  // One number stands for a list of one, as in upstream's parser.
  if (!py::isinstance<py::sequence>(object)) {
    return IValue(c10::List<Element>({object.cast<Element>()}));
  }
  c10::List<Element> list;
  for (py::handle item : object) {
    list.push_back(item.cast<Element>());
  }
  return IValue(std::move(list));
}

IValue to_number(py::handle object) {
  if (THPVariable_Check(object.ptr())) {
    return IValue(object.cast<at::Tensor>().item());
  }
  if (py::isinstance<py::bool_>(object)) {
    return IValue(object.cast<bool>());
  }
  return py::isinstance<py::int_>(object) ? IValue(object.cast<int64_t>())
                                          : IValue(object.cast<double>());
}

IValue to_list_of(py::handle object, const c10::TypePtr& element) {
  switch (element->kind()) {
    case TypeKind::IntType:
    case TypeKind::SymIntType:
      return to_list<int64_t>(object);
    case TypeKind::FloatType:
      return to_list<double>(object);
    case TypeKind::BoolType:
      return to_list<bool>(object);
    case TypeKind::TensorType:
      return to_list<at::Tensor>(object);
    default: {
      c10::impl::GenericList list(element);
      for (py::handle item : object) {
        list.push_back(to_value(item, *element));
      }
      return IValue(std::move(list));
    }
  }
}

IValue to_integer(py::handle object) {
  PyObject* pointer = object.ptr();
  if (THPDtype_Check(pointer)) {
    return IValue(reinterpret_cast<THPDtype*>(pointer)->scalar_type);
  }
  if (THPLayout_Check(pointer)) {
    return IValue(reinterpret_cast<THPLayout*>(pointer)->layout);
  }
  if (THPMemoryFormat_Check(pointer)) {
    return IValue(reinterpret_cast<THPMemoryFormat*>(pointer)->memory_format);
  }
  return IValue(object.cast<int64_t>());
}

IValue to_value(py::handle object, const c10::Type& type) {
  switch (type.kind()) {
    case TypeKind::OptionalType:
      return object.is_none() ? IValue() : to_value(object, *type.containedType(0));
    case TypeKind::TensorType:
      return object.is_none() ? IValue(at::Tensor()) : IValue(object.cast<at::Tensor>());
    case TypeKind::BoolType:
      return IValue(object.cast<bool>());
    case TypeKind::FloatType:
      return IValue(object.cast<double>());
    case TypeKind::NumberType:
      return to_number(object);
    case TypeKind::StringType:
      return IValue(object.cast<std::string>());
    case TypeKind::DeviceObjType:
      return THPDevice_Check(object.ptr())
          ? IValue(reinterpret_cast<THPDevice*>(object.ptr())->device)
          : IValue(c10::Device(object.cast<std::string>()));
    case TypeKind::GeneratorType:
      TORCH_CHECK_TYPE(THPGenerator_Check(object.ptr()), "expected a torch.Generator");
      return IValue(reinterpret_cast<THPGenerator*>(object.ptr())->cdata);
    case TypeKind::ListType:
      return to_list_of(object, type.containedType(0));
    case TypeKind::IntType:
    case TypeKind::SymIntType:
    case TypeKind::ScalarTypeType:
    case TypeKind::LayoutType:
    case TypeKind::MemoryFormatType:
      return to_integer(object);
    default:
      TORCH_CHECK_TYPE(false, "an argument of type ", type.str(), " cannot be given from Python");
  }
}

py::object to_python(const IValue& value) {
  if (value.isNone()) {
    return py::none();
  }
  if (value.isTensor()) {
    return py::cast(value.toTensor());
  }
  if (value.isBool()) {
    return py::bool_(value.toBool());
  }
  if (value.isInt()) {
    return py::int_(value.toInt());
  }
  if (value.isDouble()) {
    return py::float_(value.toDouble());
  }
  if (value.isString()) {
    return py::str(value.toStringRef());
  }
  if (value.isComplexDouble()) {
    return py::cast(std::complex<double>(value.toComplexDouble()));
  }
  TORCH_CHECK_TYPE(value.isList(), "a result of type ", value.tagKind(), " cannot be given to Python");
  py::list list;
  for (const IValue& item : value.toListRef()) {
    list.append(to_python(item));
  }
  return list;
}

py::object call_operator(
    const std::string& name, const std::string& overload, const py::args& arguments,
    const py::kwargs& keywords) {
  auto handle = c10::Dispatcher::singleton().findOp({name, overload});
  TORCH_CHECK_NOT_IMPLEMENTED(
      handle.has_value(), name, overload.empty() ? "" : ".", overload, HOW_TO_ADD);
  const auto& schema = handle->schema();
  torch::jit::Stack stack;
  size_t used = 0;
  for (size_t position = 0; position < schema.arguments().size(); ++position) {
    const auto& argument = schema.arguments()[position];
    if (position < arguments.size()) {
      TORCH_CHECK_TYPE(!argument.kwarg_only(), name, " takes fewer positional arguments");
      stack.push_back(to_value(arguments[position], *argument.real_type()));
    } else if (keywords.contains(argument.name().c_str())) {
      stack.push_back(to_value(keywords[argument.name().c_str()], *argument.real_type()));
      ++used;
    } else {
      TORCH_CHECK_TYPE(
          argument.default_value().has_value(), name, " is missing the argument ", argument.name());
      stack.push_back(*argument.default_value());
    }
  }
  TORCH_CHECK_TYPE(
      arguments.size() <= schema.arguments().size() && used == keywords.size(), name,
      " takes other arguments: ", schema);
  {
    py::gil_scoped_release release;
    handle->callBoxed(stack);
  }
  if (stack.empty()) {
    return py::none();
  }
  if (stack.size() == 1) {
    return to_python(stack.front());
  }
  py::tuple results(stack.size());
  for (size_t position = 0; position < stack.size(); ++position) {
    results[position] = to_python(stack[position]);
  }
  return std::move(results);
}

} // namespace

void define_operator_call(py::module_& m) {
  m.def("_call_operator",
      [](const std::string& name, const std::string& overload, const py::args& arguments,
         const py::kwargs& keywords) { return call_operator(name, overload, arguments, keywords); });
}
