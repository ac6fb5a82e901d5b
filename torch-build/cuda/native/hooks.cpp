// What ATen's core asks of CUDA through an interface, once the add-on is loaded.
#include <ATen/cuda/CUDAContext.h>
#include <ATen/cuda/CUDAGeneratorImpl.h>
#include <ATen/cuda/CachingHostAllocator.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#include <cuda.h>

#include <cstdlib>

namespace c10::cuda::_internal {
void setHasPrimaryContext(bool (*function)(DeviceIndex));
}

namespace at::cuda::detail {
bool init_p2p_access_cache(int64_t devices);
}

namespace {

// Whether something has been done on the device. A context that is not there takes no memory of
// it, and must not come to be by the question.
bool has_primary_context(c10::DeviceIndex device) {
  static const auto ask = [] {
    void* found = nullptr;
    cudaDriverEntryPointQueryResult result{};
    const auto status = cudaGetDriverEntryPoint(
        "cuDevicePrimaryCtxGetState", &found, cudaEnableDefault, &result);
    if (status != cudaSuccess) {
      (void)cudaGetLastError(); // the question has an answer: no
    }
    return reinterpret_cast<decltype(&cuDevicePrimaryCtxGetState)>(found);
  }();
  unsigned int flags = 0;
  int active = 0;
  return ask && ask(device, &flags, &active) == CUDA_SUCCESS && active == 1;
}

class Hooks : public at::CUDAHooksInterface {
 public:
  explicit Hooks(at::CUDAHooksArgs /*unused*/) {}

  void init() const override {
    // A kernel is sent to the GPU when it is first launched, unless the user says otherwise.
    setenv("CUDA_MODULE_LOADING", "LAZY", 0);
    const auto devices = c10::cuda::device_count_ensure_non_zero();
    c10::cuda::CUDACachingAllocator::init(devices);
    at::cuda::detail::init_p2p_access_cache(devices);
  }
  const at::Generator& getDefaultGenerator(at::DeviceIndex device) const override {
    return at::cuda::detail::getDefaultCUDAGenerator(device);
  }
  at::Generator getNewGenerator(at::DeviceIndex device) const override {
    return at::make_generator<at::CUDAGeneratorImpl>(device);
  }
  at::Device getDeviceFromPtr(void* data) const override {
    cudaPointerAttributes attributes{};
    C10_CUDA_CHECK(cudaPointerGetAttributes(&attributes, data));
    TORCH_CHECK(attributes.type != cudaMemoryTypeUnregistered, "this memory is none of a GPU's");
    return {c10::DeviceType::CUDA, static_cast<at::DeviceIndex>(attributes.device)};
  }
  bool isPinnedPtr(const void* /*data*/) const override {
    return false; // see below
  }
  bool hasCUDA() const override {
    return c10::cuda::device_count() > 0;
  }
  bool hasCUDART() const override {
    return true;
  }
  long versionCUDART() const override {
    return CUDART_VERSION;
  }
  std::string showConfig() const override {
    return "  - CUDA Runtime " + std::to_string(CUDART_VERSION / 1000) + "." +
        std::to_string(CUDART_VERSION / 10 % 100) + "\n";
  }
  bool hasPrimaryContext(at::DeviceIndex device) const override {
    return has_primary_context(device);
  }
  at::DeviceIndex deviceCount() const override {
    return c10::cuda::device_count();
  }
  int getNumGPUs() const override {
    return c10::cuda::device_count();
  }
  at::DeviceIndex current_device() const override {
    c10::DeviceIndex device = -1;
    return c10::cuda::GetDevice(&device) == cudaSuccess ? device : -1;
  }
  void setCurrentDevice(at::DeviceIndex device) const override {
    c10::cuda::set_device(device);
  }
  at::DeviceIndex getCurrentDevice() const override {
    return c10::cuda::current_device();
  }
  at::DeviceIndex exchangeDevice(at::DeviceIndex device) const override {
    return c10::cuda::ExchangeDevice(device);
  }
  at::DeviceIndex maybeExchangeDevice(at::DeviceIndex device) const override {
    return c10::cuda::MaybeExchangeDevice(device);
  }
  at::Allocator* getPinnedMemoryAllocator() const override {
    // Kernels that return one number ask for four bytes of it. A pool of pinned memory is a thread
    // and a pool of events, to save a copy of these.
    return c10::GetAllocator(c10::DeviceType::CPU);
  }
  at::Allocator* getCUDADeviceAllocator() const override {
    return c10::cuda::CUDACachingAllocator::get();
  }
  void deviceSynchronize(at::DeviceIndex device) const override {
    c10::cuda::CUDAGuard guard(device);
    c10::cuda::device_synchronize();
  }
};

struct Registered {
  Registered() {
    c10::cuda::_internal::setHasPrimaryContext(has_primary_context);
  }
} registered;

} // namespace

namespace at::cuda {

// A copy that does not wait asks whether the processor's memory is pinned, to keep it until then.
// None is in this build, and CUDA lets such a copy wait.
bool CachingHostAllocator_recordEvent(
    void* /*pointer*/, void* /*context*/, CUDAStream /*stream*/) {
  return false;
}

} // namespace at::cuda

namespace at {
C10_REGISTER_CLASS(CUDAHooksRegistry, CUDAHooks, Hooks);
} // namespace at
