// Attention in one kernel, for heads of 64 numbers: all that Whisper's models have.
//
// Upstream's memory-efficient kernel, without dropout, bias and the sums that gradients want. What
// it does not suit, single precision among it, goes through products and a softmax.
#include <ATen/core/Tensor.h>
#include <ATen/cuda/CUDAContext.h>
#include <ATen/native/transformers/cuda/mem_eff_attention/kernel_forward.h>
#include <ATen/ops/_scaled_dot_product_attention_math.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <torch/library.h>

#include <cmath>
#include <limits>

namespace {

constexpr int kHead = 64;

template <typename Number, typename Architecture>
using Kernel = PyTorchMemEffAttention::
    AttentionKernel<Number, Architecture, true, kHead, kHead, kHead, false, false>;

// The kernel of one architecture, empty where it is compiled for another: a processor runs that of
// the newest architecture that it knows.
template <typename Number, typename Architecture, int Next>
__global__ void __launch_bounds__(
    Kernel<Number, Architecture>::kNumThreads, Kernel<Number, Architecture>::kMinBlocksPerSm)
    attend(typename Kernel<Number, Architecture>::Params params) {
#ifdef __CUDA_ARCH__
  if constexpr (
      __CUDA_ARCH__ >= Architecture::kMinComputeCapability * 10 && __CUDA_ARCH__ < Next * 10) {
    if (params.advance_to_block()) {
      Kernel<Number, Architecture>::attention_kernel(params);
    }
  }
#endif
}

struct Attention {
  const at::Tensor &query, &key, &value; // (batch, heads, tokens, 64)
  at::Tensor out; // (batch, tokens, heads, 64)
  bool causal;
  float scale;
};

template <typename Number, typename Architecture, int Next>
void launch(const Attention& attention) {
  using Chosen = Kernel<Number, Architecture>;
  typename Chosen::Params p;
  const auto& [query, key, value, out, causal, scale] = attention;
  p.query_ptr = static_cast<const Number*>(query.const_data_ptr());
  p.key_ptr = static_cast<const Number*>(key.const_data_ptr());
  p.value_ptr = static_cast<const Number*>(value.const_data_ptr());
  p.output_ptr = static_cast<typename Chosen::output_t*>(out.mutable_data_ptr());
  p.scale = scale;
  p.head_dim = kHead;
  p.head_dim_value = kHead;
  p.num_queries = query.size(2);
  p.num_keys = key.size(2);
  p.num_heads = query.size(1);
  p.num_batches = query.size(0);
  p.custom_mask_type = causal ? Chosen::CausalFromTopLeft : Chosen::NoCustomMask;
  p.q_strideB = query.stride(0);
  p.k_strideB = key.stride(0);
  p.v_strideB = value.stride(0);
  p.q_strideH = query.stride(1);
  p.k_strideH = key.stride(1);
  p.v_strideH = value.stride(1);
  p.q_strideM = query.stride(2);
  p.k_strideM = key.stride(2);
  p.v_strideM = value.stride(2);
  p.o_strideM = out.stride(1);
  const auto kernel = attend<Number, Architecture, Next>;
  constexpr int kShared = sizeof(typename Chosen::SharedStorage);
  // More than this has to be asked for.
  if (kShared > 48 * 1024) {
    C10_CUDA_CHECK(
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, kShared));
  }
  kernel<<<p.getBlocksGrid(), p.getThreadsGrid(), kShared, at::cuda::getCurrentCUDAStream()>>>(p);
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

bool is_suitable(const at::Tensor& tensor, const at::Tensor& query) {
  // The kernel reads sixteen bytes at a time, and counts rows in 32 bits.
  constexpr int64_t kNumbers = 8;
  const auto address = reinterpret_cast<uintptr_t>(tensor.const_data_ptr());
  bool suits = tensor.dim() == 4 && tensor.scalar_type() == query.scalar_type() &&
      tensor.size(0) == query.size(0) && tensor.size(1) == query.size(1) &&
      tensor.size(3) == kHead && tensor.stride(3) == 1 && tensor.size(2) > 0 && address % 16 == 0;
  for (int axis = 0; suits && axis < 3; ++axis) {
    suits = tensor.stride(axis) % kNumbers == 0 && tensor.stride(axis) <= INT32_MAX;
  }
  return suits;
}

at::Tensor attend_on_gpu(
    const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
    const std::optional<at::Tensor>& mask, double dropout, bool causal,
    std::optional<double> scale, bool grouped) {
  const c10::cuda::CUDAGuard guard(query.device());
  const cudaDeviceProp* device = at::cuda::getCurrentDeviceProperties();
  const int capability = device->major * 10 + device->minor;
  const bool bfloat16 = query.scalar_type() == at::kBFloat16;
  const bool suits = !mask.has_value() && dropout == 0 && !grouped &&
      (query.scalar_type() == at::kHalf || (bfloat16 && capability >= 80)) && query.dim() == 4 &&
      query.numel() > 0 && is_suitable(query, query) && is_suitable(key, query) &&
      is_suitable(value, query) && key.size(2) == value.size(2);
  if (!suits) {
    auto masked = mask;
    if (causal) {
      TORCH_CHECK(!mask.has_value(), "attention takes a mask or is causal, not both");
      // Upstream's own mask is made by an operator that nothing else needs.
      masked = at::full(
                   {query.size(-2), key.size(-2)}, -std::numeric_limits<double>::infinity(),
                   query.options())
                   .triu_(1);
    }
    return std::get<0>(at::_scaled_dot_product_attention_math(
        query, key, value, masked, dropout, false, {}, scale, grouped));
  }
  const Attention attention{
      query, key, value,
      at::empty({query.size(0), query.size(2), query.size(1), kHead}, query.options()), causal,
      static_cast<float>(scale.value_or(1 / std::sqrt(static_cast<double>(kHead))))};
  using namespace cutlass;
  // Beyond the newest architecture there is none.
  constexpr int kNone = 1000;
  if (bfloat16) {
    launch<bfloat16_t, arch::Sm80, kNone>(attention);
  } else if (capability >= 80) {
    launch<half_t, arch::Sm80, kNone>(attention);
  } else if (capability >= 75) {
    launch<half_t, arch::Sm75, 80>(attention);
  } else {
    launch<half_t, arch::Sm70, 75>(attention);
  }
  return attention.out.transpose(1, 2);
}

TORCH_LIBRARY_IMPL(aten, CUDA, library) {
  // Upstream chooses among its kernels in a function for all devices.
  library.impl("scaled_dot_product_attention", TORCH_FN(attend_on_gpu));
}

} // namespace
