// The module torch._cuda: what torch/cuda/__init__.py asks beside what passes the dispatcher.
#include <ATen/Context.h>
#include <ATen/cuda/CUDAContext.h>
#include <ATen/cuda/CUDAGeneratorImpl.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#include <pybind11/pybind11.h>

namespace py = pybind11;

namespace {

// Python's error of the same meaning, without the place in the C++ code.
void translate(std::exception_ptr thrown) {
  try {
    std::rethrow_exception(std::move(thrown));
  } catch (const c10::OutOfMemoryError& error) {
    py::object type = py::module_::import("torch").attr("OutOfMemoryError");
    PyErr_SetString(type.ptr(), error.what_without_backtrace());
  } catch (const c10::Error& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what_without_backtrace());
  }
}

// Without a driver or a GPU this is 0 and no error; `why_unavailable` has the reason.
int device_count() {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess) {
    (void)cudaGetLastError();
    return 0;
  }
  return count;
}

// The runtime's name and text of what keeps it from a GPU, or None.
py::object why_unavailable() {
  int count = 0;
  const auto status = cudaGetDeviceCount(&count);
  if (status == cudaSuccess) {
    return py::none();
  }
  (void)cudaGetLastError();
  return py::make_tuple(
      static_cast<int>(status), cudaGetErrorName(status), cudaGetErrorString(status));
}

py::tuple versions() {
  int driver = 0;
  int runtime = 0;
  (void)cudaDriverGetVersion(&driver);
  (void)cudaRuntimeGetVersion(&runtime);
  (void)cudaGetLastError();
  return py::make_tuple(driver, runtime);
}

py::dict properties(int device) {
  cudaDeviceProp found{};
  C10_CUDA_CHECK(cudaGetDeviceProperties(&found, device));
  py::dict result;
  result["name"] = std::string(found.name);
  result["major"] = found.major;
  result["minor"] = found.minor;
  result["total_memory"] = found.totalGlobalMem;
  result["multi_processor_count"] = found.multiProcessorCount;
  return result;
}

py::tuple free_and_total_memory(int device) {
  const c10::cuda::CUDAGuard guard(static_cast<c10::DeviceIndex>(device));
  size_t free = 0;
  size_t total = 0;
  C10_CUDA_CHECK(cudaMemGetInfo(&free, &total));
  return py::make_tuple(free, total);
}

// Bytes in use by tensors, and the most there ever were.
py::tuple allocated(int device) {
  using c10::cuda::CUDACachingAllocator::getDeviceStats;
  const auto stats = getDeviceStats(static_cast<c10::DeviceIndex>(device));
  const auto& bytes = stats.allocated_bytes[0]; // of all pools together
  return py::make_tuple(bytes.current, bytes.peak);
}

void seed(int device, uint64_t number) {
  auto generator = at::cuda::detail::getDefaultCUDAGenerator(static_cast<at::DeviceIndex>(device));
  const std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_current_seed(number);
}

// This library and torch/_C each have the unwinder of libgcc, since no machine must have a certain
// one. What is thrown in one passes frames of the other, whose unwinder aborts the process unless
// it has thrown before: its table of registers is written by the first throw.
void introduce_unwinders() {
  try {
    throw std::exception();
  } catch (const std::exception&) {
  }
  try {
    TORCH_CHECK(false, "thrown by torch/_C");
  } catch (const c10::Error&) {
  }
}

} // namespace

PYBIND11_MODULE(_cuda, m) {
  introduce_unwinders();
  py::register_local_exception_translator(&translate);
  m.def("init", [] { at::globalContext().lazyInitDevice(c10::DeviceType::CUDA); });
  m.def("device_count", &device_count);
  m.def("why_unavailable", &why_unavailable);
  m.def("versions", &versions);
  m.def("properties", &properties);
  m.def("free_and_total_memory", &free_and_total_memory);
  m.def("allocated", &allocated);
  m.def("seed", &seed);
  m.def("current_device", [] { return static_cast<int>(c10::cuda::current_device()); });
  m.def("set_device", [](int device) {
    c10::cuda::set_device(static_cast<c10::DeviceIndex>(device));
  });
  m.def("synchronize", [](int device) {
    const py::gil_scoped_release release;
    const c10::cuda::CUDAGuard guard(static_cast<c10::DeviceIndex>(device));
    c10::cuda::device_synchronize();
  });
  m.def("empty_cache", [] { c10::cuda::CUDACachingAllocator::emptyCache(); });
  m.def("reset_peak", [](int device) {
    c10::cuda::CUDACachingAllocator::resetPeakStats(static_cast<c10::DeviceIndex>(device));
  });
}
